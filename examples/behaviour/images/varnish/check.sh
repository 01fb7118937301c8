mkdir -p "$space/web"
echo ok > "$space/web/health"; seq 500 > "$space/web/numbers.txt"; echo 'before <esi:include src="/health"/> after' > "$space/web/esi.html"
python3 -I -m http.server --bind 127.0.0.1 --directory "$space/web" 18161 >/dev/null 2>&1 &
container
wait_port 18160
page() { curl --silent --show-error --max-time 10 --write-out '%{http_code} %{content_type}\n' "$@"; }
for turn in $(seq 50); do run varnishadm -n /tmp/varnish backend.list | grep -q healthy && break; sleep 0.2; done
page http://127.0.0.1:18160/file/x
page 'http://127.0.0.1:18160/number?n=41'
page http://127.0.0.1:18160/esi.html
page --compressed http://127.0.0.1:18160/numbers.txt | md5sum
page --head --cookie 'user=guest' http://127.0.0.1:18160/health | grep -i x-list
page http://127.0.0.1:18160/health >/dev/null; curl --silent --head http://127.0.0.1:18160/health | grep -ic 'x-hits: [1-9]'
page --request PURGE http://127.0.0.1:18160/health | sed 's,XID: [0-9]*,XID,'
page --http2-prior-knowledge http://127.0.0.1:18160/health
page http://127.0.0.1:18160/none >/dev/null
run varnishadm -n /tmp/varnish ping | cut -d' ' -f1
run varnishadm -n /tmp/varnish vcl.load second /etc/varnish/default.vcl
run varnishadm -n /tmp/varnish vcl.use second
run varnishadm -n /tmp/varnish vcl.inline wrong "'vcl 4.1; nonsense'" 2>&1 | head -n 3 || true
run varnishadm -n /tmp/varnish ban 'req.url ~ .'
page http://127.0.0.1:18160/health
client varnishadm -T 127.0.0.1:18162 -S /dev/stdin status < "$container_root/etc/varnish/secret" 2>&1 | head -n 1 || true
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
