package Shop::Job::Clean;
use strict;
use warnings;
use Archive::Tar;
use IO::Compress::Bzip2;
use File::Find;
use Storable qw(dclone);
use threads;
sub new { bless {}, shift }
sub work {
  my ($self, $app) = @_;
  my $tar = Archive::Tar->new;
  $tar->add_data('a', 'x' x 100);
  $tar->write('/tmp/a.tar.bz2', Archive::Tar::COMPRESS_BZIP);
  find(sub { $self->{count}++ if /\.pm$/ }, $app->home->child('lib')->to_string);
  return join ' ', scalar(Archive::Tar->new('/tmp/a.tar.bz2')->list_files), $self->{count}, dclone([1])->[0], threads->create(sub { 42 })->join, `printf 'b\na\n' | sort | tr '\n' ','`;
}
1;
