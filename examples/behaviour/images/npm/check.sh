container
wait_port 18190
page() { curl --silent --show-error --max-time 30 --write-out ' %{http_code}\n' "http://127.0.0.1:18190$1"; }
for path in '/page?name=slim' /bcrypt /image/png /image/jpeg /image/webp /image/avif /worker /fork /exec /spawn /crypto /zlib /intl /plugin/one /plugin/none /dns /fails /static/style.css /static/none; do page "$path" | sed "s/imported from.*\"/\"/"; done
run npm run -s healthcheck && echo healthy
# The log is written behind the answers: nineteen pages and the health check.
for _ in $(seq 100); do [ "$(grep -c 'request completed' "$log")" -lt 20 ] || break; sleep 0.1; done
grep -c 'request completed' "$log"
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
container src/index.js
wait_port 18190
page /worker
