container
wait_port 18370
wait_port 18372
wait_port 18371
ask() { local port=$1; shift; client kdig @127.0.0.1 -p $port +noall +answer +comments "$@" | sed -e 's/id: [0-9]*//' -e '/^;; Received/d' -e '/^;; Time/d' -e 's/[ \t][0-9]*[ \t]IN/ IN/' -e '/^;; From/d' -e 's/RRSIG.*/RRSIG/' -e 's/DNSKEY.*/DNSKEY/'; }
ask 18370 www.plain.test A +dnssec | sort  # a server gives records in any order
ask 18370 plain.test DNSKEY
ask 18370 lua.plain.test A
ask 18370 time.pipe.test TXT
ask 18370 host2.file.test A
ask 18372 www.plain.test A
ask 18372 ads.test A
ask 18372 blocked.test A
api() { curl --silent --max-time 10 --header 'X-API-Key: key' --write-out ' %{http_code}\n' "$@"; }
api http://127.0.0.1:18371/api/v1/servers/localhost/zones | jq -c 'if type == "array" then map(.name) else . end' 2>/dev/null || true
api --request PATCH --data '{"rrsets":[{"name":"new.plain.test.","type":"A","ttl":60,"changetype":"REPLACE","records":[{"content":"192.0.2.5","disabled":false}]}]}' http://127.0.0.1:18371/api/v1/servers/localhost/zones/plain.test.
ask 18370 new.plain.test A
api http://127.0.0.1:18371/ --output /dev/null
api http://127.0.0.1:18373/ --output /dev/null
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
