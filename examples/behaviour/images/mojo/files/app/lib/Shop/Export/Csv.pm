package Shop::Export::Csv;
use Moo;
use Types::Standard qw(Str);
use Text::CSV_XS;
has separator => (is => 'ro', isa => Str, default => ';');
sub export {
  my ($self, $rows) = @_;
  my $csv = Text::CSV_XS->new({ binary => 1, sep_char => $self->separator });
  join "\n", map { $csv->combine(@$_{qw(name price)}); $csv->string } @$rows;
}
1;
