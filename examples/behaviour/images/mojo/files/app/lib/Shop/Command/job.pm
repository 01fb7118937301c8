package Shop::Command::job;
use Mojo::Base 'Mojolicious::Command', -signatures;
use Mojo::Util qw(getopt);
has description => 'Run a job';
sub run ($self, @args) {
  getopt \@args, 'n|name=s' => \my $name;
  my $class = 'Shop::Job::' . ucfirst($name // 'clean');
  eval "require $class; 1" or die $@;
  print $class->new->work($self->app), "\n";
}
1;
