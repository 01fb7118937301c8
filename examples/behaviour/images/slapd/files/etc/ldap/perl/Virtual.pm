package Virtual;
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use POSIX;

sub new { return bless {}, shift }
sub init { return 0 }
sub search {
  my ($self, $base, $scope, $deref, $size, $time, $filter) = @_;
  my ($uid) = $filter =~ /uid=(\w+)/ or return (0);
  return (0, "dn: uid=$uid,ou=virtual,dc=perl\nobjectClass: account\nuid: $uid\ndescription: " . sha1_hex($uid) . "\n");
}
1;
