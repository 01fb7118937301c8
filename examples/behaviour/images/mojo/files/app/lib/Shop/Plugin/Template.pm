package Shop::Plugin::Template;
use Mojo::Base 'Mojolicious::Plugin', -signatures;
use Template;
sub register ($self, $app, $conf) {
  my $tt = Template->new(INCLUDE_PATH => $app->home->child('tt')->to_string, ENCODING => 'utf8');
  $app->renderer->add_handler(tt => sub ($renderer, $c, $output, $options) {
    $tt->process($renderer->template_name({ %$options, format => 'html' }), { %{ $c->stash }, c => $c }, \my $text) or die $tt->error;
    $$output = $text;
  });
}
1;
