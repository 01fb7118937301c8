container
wait_port 18150
page() { curl --silent --show-error --max-time 10 --write-out ' %{http_code} %{content_type} %{redirect_url}\n' "http://127.0.0.1:18150$1"; }
for path in '/?name=slim' /tools/yaml /tools/sqlite /tools/hashes /tools/child /tools/zone /tools/pool /tools/none /cache /spool /static/style.css /robots.txt /old /missing; do page "$path" | sed 's/0x[0-9a-f]*/ADDRESS/g'; done
for turn in $(seq 50); do [ -s "$container_root/tmp/spooled" ] && [ -e "$container_root/tmp/helper" ] && break; sleep 0.2; done
cat "$container_root/tmp/spooled" "$container_root/tmp/helper"
curl --silent http://127.0.0.1:18151 | jq -c '[.workers | length, (.spoolers | length)]' || true
for turn in $(seq 70); do [ ! -e "$container_root/tmp/tidied" ] || break; sleep 1; done
[ -s "$container_root/tmp/tidied" ] && echo tidied
kill -HUP "$container_pid"
sleep 3
for turn in $(seq 10); do page / > /dev/null 2>&1 && break; done
page /
kill -INT "$container_pid"
for turn in $(seq 30); do kill -0 "$container_pid" 2>/dev/null || break; sleep 0.3; done; kill -KILL "$container_pid" 2>/dev/null || true
