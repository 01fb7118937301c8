#!/usr/bin/perl
use strict;
use warnings;
use utf8;
use DBI;
use Encode qw(encode decode);
use JSON;
use POSIX qw(strftime floor);
use Time::Local qw(timegm);

binmode STDOUT, ':encoding(UTF-8)';
my $db = DBI->connect('dbi:SQLite:dbname=/tmp/report.db', '', '', { RaiseError => 1, sqlite_unicode => 1 });
$db->do('create table places (name text, people integer)');
$db->do('insert into places values (?, ?)', undef, @$_) for (['Köln', 1_086_000], ['Østerbro', 78_000], ['東京', 13_960_000]);
my $rows = $db->selectall_arrayref('select name, people from places order by people', { Slice => {} });
print JSON->new->canonical->encode($rows), "\n";
print lc($_->{name}), ' ', length($_->{name}), ' ', ($_->{name} =~ /^\p{Han}+$/ ? 'han' : 'other'), "\n" for @$rows;
print strftime('%Y-%m-%d', gmtime timegm(0, 0, 0, 1, 1, 2024)), ' ', floor(2.7), "\n";
print length(encode('iso-8859-1', 'Köln')), ' ', decode('shiftjis', "\x93\x8c\x8b\x9e"), "\n";
require Digest::SHA;
print Digest::SHA::sha256_hex('slim'), "\n";
print join(' ', sort map { $_ % 7 } 1 .. 9), "\n";
