#!/usr/bin/perl
use strict; use warnings; use CGI; use Encode; use Time::Local; use List::Util qw(sum);
my $q = CGI->new; print $q->header(-type => "text/plain", -charset => "utf-8"), "perl ", scalar $q->param("x"), " ", sum(1, 2), " ", encode("UTF-8", uc decode("UTF-8", "ä")), "\n";
