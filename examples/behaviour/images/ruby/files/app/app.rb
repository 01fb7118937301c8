require 'sinatra/base'
require 'json'

class App < Sinatra::Base
  set :host_authorization, { permitted_hosts: [] }
  get('/') { erb :index, locals: { name: params['name'] || 'nobody' } }
  get '/data' do
    require 'sqlite3'
    db = SQLite3::Database.new(':memory:')
    db.execute('create table t (word text)')
    %w[b ä a].each { |word| db.execute('insert into t values (?)', [word]) }
    content_type :json
    JSON.generate(db.execute('select word from t order by word').flatten)
  end
  get '/time' do
    require 'tzinfo'
    require 'time'
    TZInfo::Timezone.get('Asia/Tokyo').to_local(Time.at(1_750_500_000).utc).iso8601
  end
  get '/tools' do
    require 'openssl'
    require 'digest'
    require 'yaml'
    require 'zlib'
    require 'csv'
    require 'erb'
    require 'set'
    [OpenSSL::Digest::SHA256.hexdigest('slim'), Digest::MD5.hexdigest('slim'), { 'a' => [1, nil] }.to_yaml, Zlib.crc32('slim'),
     CSV.parse_line('a,"b,c"').inspect, ERB::Util.h('<ü>'), 'grüße'.encode('ISO-8859-1').bytesize, "\x93\x8c".dup.force_encoding('Shift_JIS').encode('UTF-8'),
     `echo from a shell`].join("\n")
  end
end
