use strict;
use warnings;
use JSON;
use Digest::SHA qw(sha256_hex);
our (%RAD_REQUEST, %RAD_REPLY, %RAD_CHECK);
use constant { RLM_MODULE_REJECT => 0, RLM_MODULE_OK => 2 };
sub authenticate {
  return RLM_MODULE_REJECT unless $RAD_REQUEST{'User-Password'} eq 'camel';
  $RAD_REPLY{'Reply-Message'} = encode_json({ perl => substr(sha256_hex($RAD_REQUEST{'User-Name'}), 0, 8) });
  return RLM_MODULE_OK;
}
sub authorize { return RLM_MODULE_OK }
