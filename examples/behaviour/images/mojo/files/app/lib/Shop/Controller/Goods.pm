package Shop::Controller::Goods;
use Mojo::Base 'Mojolicious::Controller', -signatures;
sub rows ($self) { $self->app->db->selectall_arrayref('select * from goods order by name', { Slice => {} }) }
sub index ($self) { $self->respond_to(json => { json => $self->rows }, html => sub { $self->render(rows => $self->rows) }) }
sub page ($self) { $self->render(rows => $self->rows, template => 'goods/page', handler => 'tt') }
sub export ($self) {
  my ($class) = grep { lc($_) =~ /::\Q$self->{stash}{kind}\E$/ } $self->app->exporters;
  return $self->reply->not_found unless $class;
  $self->render(text => $class->new->export($self->rows));
}
1;
