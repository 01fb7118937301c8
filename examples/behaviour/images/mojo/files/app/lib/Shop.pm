package Shop;
use Mojo::Base 'Mojolicious', -signatures;
use DBI;
use Log::Log4perl;
use Module::Pluggable search_path => ['Shop::Export'], require => 1, sub_name => 'exporters';

has db => sub { DBI->connect($ENV{DSN}, '', '', { RaiseError => 1, sqlite_unicode => 1 }) };

sub startup ($self) {
  my $config = $self->plugin('NotYAMLConfig' => { file => $self->home->child('shop.yml') });
  $self->secrets($config->{secrets});
  Log::Log4perl->init($self->home->child('log4perl.conf')->to_string);
  push @{ $self->commands->namespaces }, 'Shop::Command';
  $self->plugin('DefaultHelpers');
  $self->plugin('Shop::Plugin::Template');
  $self->db->do('create table if not exists goods (name text, price real)');
  $self->db->do('delete from goods');
  $self->db->do('insert into goods values (?, ?)', undef, @$_) for (["K\x{e4}se", 3.5], ['Brot', 2]);
  $self->hook(after_dispatch => sub ($c) { Log::Log4perl->get_logger('web')->info($c->req->url->path) });
  my $r = $self->routes;
  $r->get('/health')->to(cb => sub ($c) { $c->render(text => 'fine') });
  $r->get('/goods' => [format => ['json', 'html']])->to('goods#index', format => 'html');
  $r->get('/page')->to('goods#page');
  $r->get('/export/:kind')->to('goods#export');
  $r->get('/picture')->to('tools#picture');
  $r->get('/time')->to('tools#time');
  $r->get('/token')->to('tools#token');
  $r->get('/mail')->to('tools#mail');
  $r->get('/fetch')->to('tools#fetch');
  $r->get('/unicode')->to('tools#unicode');
  $r->websocket('/echo')->to(cb => sub ($c) { $c->on(message => sub ($c, $m) { $c->send("echo $m")->finish }) });
}
1;
