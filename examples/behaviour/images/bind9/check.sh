container
wait_port 18110
wait_port 18111
ask() { client dig -p 18110 @127.0.0.1 +time=3 +tries=1 "$@"; }
for turn in $(seq 50); do [ -n "$(ask +short +dnssec signed.test DNSKEY)" ] && [ -n "$(ask +short +dnssec host1.signed.test A | grep ' ')" ] && break; sleep 0.2; done
for question in 'host2.signed.test A' 'signed.test MX' 'text.signed.test TXT' 'www.signed.test A' 'x.wild.signed.test A' '_sip._tcp.signed.test SRV' 'svc.signed.test HTTPS' \
  'mail.signed.test AAAA' 'none.signed.test A' '1.1.168.192.in-addr.arpa PTR' 'version.bind CH TXT' 'walled.example A' 'bad.example A' 'example.net A'; do
  printf '%s: ' "$question"
  ask +noall +answer +comments $question | awk '/status:/ { gsub(",", ""); print $6 } /^[^;]/ && NF { $2 = ""; print }'
done
ask +tls -p 18111 +short host1.signed.test A
ask +https -p 18112 +short host3.signed.test A
# The zone's own key as trust anchor.
ask +short signed.test DNSKEY | awk '$1 == 257 { print "trust-anchors { \"signed.test\" static-key", $1, $2, $3, "\"" $4 $5 $6 $7 "\"; };" }' > "$client_root/tmp/anchor"
for name in host1 none text; do client delv -p 18110 @127.0.0.1 -a /tmp/anchor +root=signed.test "$name.signed.test" $([ $name = text ] && echo TXT || echo A) 2>&1 | grep -v -e RRSIG -e NSEC | awk '{ if ($0 !~ /^;/) $2 = ""; print }'; done
cp "$container_root/etc/bind/update.key" "$client_root/tmp/update.key"
printf 'server 127.0.0.1 18110\nzone plain.test\nupdate add b.plain.test 60 A 10.1.0.2\nsend\n' | client nsupdate -k /tmp/update.key
printf 'server 127.0.0.1 18110\nzone signed.test\nupdate add b.signed.test 60 A 10.1.0.2\nsend\n' | client nsupdate -k /tmp/update.key 2>&1 || echo "refused $?"
ask +short b.plain.test A
ask plain.test AXFR +noall +answer | sort -u | awk '{ $2 = ""; print }' | sed 's/20250101../SERIAL/'
curl --silent --show-error http://127.0.0.1:18113/json/v1/status | jq -r '.version | length > 0'
curl --silent --show-error http://127.0.0.1:18113/xml/v3/server | grep -c '<statistics '
curl --silent --show-error http://127.0.0.1:18113/bind9.xsl | wc -c
# Who gives orders has the key.
cp "$container_root/etc/bind/rndc.key" "$client_root/etc/bind/rndc.key"
client rndc status | grep -e '^server is' -e '^number of zones'
client rndc freeze plain.test
client rndc thaw plain.test
client rndc sync -clean plain.test
client rndc dnssec -status signed.test | grep -e '^dnssec-policy' -e ZSK -e KSK -e CSK | sed 's/[0-9]\{3,5\}/N/'
client rndc stats; grep -c 'queries resulted' "$container_root/var/cache/bind/named.stats"
client rndc addzone added.test '{ type primary; file "/var/lib/bind/plain.test.zone"; };' 2>&1 || echo "refused $?"
client rndc reload 2>&1
sleep 1
ask +short a.plain.test A
client rndc managed-keys status | grep -c 'keyid' || true
client rndc stop
wait "$container_pid" && echo ended
