package Hello;
use strict;
use warnings;
use nginx;
use POSIX qw(strftime);
use MIME::Base64;
sub greeting { return encode_base64($_[0]->uri, '') }
sub handler {
  my $r = shift;
  $r->send_http_header('text/plain');
  return OK if $r->header_only;
  $r->print(strftime('%Y', gmtime 0), ' ', join(',', map { ucfirst } sort qw(b a)), "\n");
  require Digest::MD5;
  $r->print(Digest::MD5::md5_hex('a'), "\n");
  return OK;
}
1;
