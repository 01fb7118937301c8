local cjson = require 'cjson'
local words = require 'words'

core.register_service('answer', 'http', function(applet)
  local body = cjson.encode({ path = applet.path })
  applet:set_status(200)
  applet:add_header('content-type', 'application/json')
  applet:start_response()
  applet:send(body .. ' ' .. words.reverse(applet.method) .. ' ' .. (applet.headers['x-mark'] and applet.headers['x-mark'][0] or 'unmarked') .. '\n')
end)

core.register_action('mark', { 'http-req' }, function(txn)
  txn.http:req_set_header('x-mark', txn.sf:method())
end)

core.register_init(function()
  local file = assert(io.open('/srv/words.txt'))
  words.text = file:read('a')
  file:close()
end)
