container
wait_port 18350
ask() { client kdig @127.0.0.1 -p 18350 +noall +answer +comments +norecurse "$@" | sed -e 's/id: [0-9]*//' -e '/^;; Received/d' -e '/^;; Time/d' -e 's/[ \t][0-9]*[ \t]IN/ IN/' -e '/^;; From/d' -e '/^;; TLS/d' -e '/^;; HTTP/d'; }
ask www.plain.test A
ask none.plain.test A
ask -x 192.0.2.1
ask x.ads.test A
ask a.python.test A +recurse
ask www.zone.test A +recurse
ask zone.test MX
ask text.zone.test TXT +recurse
ask blocked.test A +recurse
client kdig @127.0.0.1 -p 18853 +tls-ca=/app/tls/ca.crt +tls-hostname=localhost +short www.plain.test
client kdig @127.0.0.1 -p 18443 +https +tls-ca=/app/tls/ca.crt +tls-hostname=localhost +short www.plain.test
run unbound-control -c /etc/unbound/unbound.conf status | grep -e threads -e modules
run unbound-control -c /etc/unbound/unbound.conf local_data new.plain.test 60 IN A 192.0.2.7
ask new.plain.test
run unbound-control -c /etc/unbound/unbound.conf reload
sleep 1
ask a.python.test A +recurse
grep -o 'pythonmod: .*' "$log" | head -n 1
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
