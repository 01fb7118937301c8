package Shop::Export::Xml;
use Moo;
use XML::LibXML;
sub export {
  my ($self, $rows) = @_;
  my $doc = XML::LibXML::Document->new('1.0', 'UTF-8');
  $doc->setDocumentElement(my $root = $doc->createElement('goods'));
  $root->appendTextChild(name => $_->{name}) for @$rows;
  return $doc->findnodes('//name')->size . $doc->toString;
}
1;
