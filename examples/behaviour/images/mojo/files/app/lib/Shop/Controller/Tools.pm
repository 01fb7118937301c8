package Shop::Controller::Tools;
use Mojo::Base 'Mojolicious::Controller', -signatures;
use DateTime;
use DateTime::Format::Strptime;
use JSON::XS ();
use Digest::SHA qw(sha256_hex);

sub picture ($self) {
  require GD;
  my $image = GD::Image->new(60, 20);
  $image->colorAllocate(255, 255, 255);
  my @box = $image->stringFT($image->colorAllocate(0, 0, 0), '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', 12, 0, 2, 15, 'slim');
  $self->render(text => join ' ', sha256_hex(join ',', @box), length $image->png > 100 ? 'png' : '', length $image->jpeg > 100 ? 'jpeg' : '');
}
sub time ($self) {
  my $day = DateTime::Format::Strptime->new(pattern => '%d %b %Y %H:%M', locale => 'en', time_zone => 'Europe/Vienna')->parse_datetime('21 Jun 2025 12:00');
  $day->set_locale('de-AT');
  $self->render(text => join ' | ', $day->strftime('%A, %d. %B %Y %z'), $day->set_time_zone('Asia/Tokyo')->iso8601, $day->format_cldr($day->locale->date_format_full));
}
sub token ($self) {
  require Crypt::JWT if 0;
  require Crypt::PK::Ed25519;
  require Crypt::AuthEnc::GCM;
  my $key = Crypt::PK::Ed25519->new->generate_key;
  $self->signed_cookie(x => 'y');
  $self->render(json => [$key->verify_message($key->sign_message('x'), 'x'), JSON::XS->new->canonical->encode({ a => [1, undef] })]);
}
sub mail ($self) {
  require Email::MIME;
  require Email::Sender::Simple;
  require Email::Sender::Transport::SMTP;
  my $mail = Email::MIME->create(header_str => [From => 'a@shop.test', To => 'b@shop.test', Subject => "Gr\x{fc}\x{df}e"], attributes => { charset => 'UTF-8', encoding => 'quoted-printable' }, body_str => "\x{e4}\n");
  Email::Sender::Simple->send($mail, { transport => Email::Sender::Transport::SMTP->new({ host => '127.0.0.1', port => 18382 }) });
  $self->render(text => 'sent ' . (split /\n/, $mail->as_string)[0]);
}
sub fetch ($self) {
  $self->render_later;
  $self->ua->ca('/app/tls/ca.crt')->get_p('https://localhost:18381/goods.json')->then(sub ($tx) {
    $self->render(text => join ' ', ref(Mojo::IOLoop->singleton->reactor), $tx->res->code, $tx->res->json('/0/name'));
  })->catch(sub ($error) { $self->render(text => $error, status => 500) });
}
sub unicode ($self) {
  require Unicode::Collate::Locale;
  require Unicode::Normalize;
  require Encode;
  require charnames;
  require Text::Markdown;
  my $c = Unicode::Collate::Locale->new(locale => 'sv');
  $self->render(text => join ' ', $c->sort("\x{e4}", 'z', 'a'), length Unicode::Normalize::NFD("\x{e4}"), length Encode::encode('shiftjis', "\x{6771}"), charnames::viacode(0xe4), "\x{4e2d}" =~ /\p{Script=Han}/ ? 'han' : '', lc "\x{130}", Text::Markdown::markdown('*a*'));
}
1;
