mkdir -p "$space/backend/api"
printf healthy > "$space/backend/health"; seq 1000 > "$space/backend/api/numbers"
python3 -I -m http.server --bind 127.0.0.1 --directory "$space/backend" 18102 >/dev/null 2>&1 &
wait_port 18102
container
wait_port 18100
wait_port 18101
page() { curl --silent --show-error --include --max-time 10 "$@" | tr -d '\r' | grep -iv -e '^date:' -e '^last-modified:' -e '^server:'; echo; }
page http://127.0.0.1:18100/page
page http://127.0.0.1:18100/lua/x
page http://127.0.0.1:18100/secret/x
page http://127.0.0.1:18100/other
page http://127.0.0.1:18100/private
page --user guest:wrong http://127.0.0.1:18100/private
page --user guest:secret http://127.0.0.1:18100/private
page --header 'X-Body: GROSS "x"' http://127.0.0.1:18100/lower
page --cacert "$before/app/tls/ca.crt" --http2 https://localhost:18101/lua/y
admin() { printf '%s\n' "$1" | run socat stdio unix-connect:/run/haproxy/admin.sock; }
# The check is a program of the image; a star says that one is under way.
for turn in $(seq 100); do admin 'show stat' | awk -F, '$1 == "api" && $2 == "api1" && $18 == "UP" && $37 ~ /^(\* )?PROCOK$/ { found = 1 } END { exit !found }' && break; sleep 0.2; done
admin 'show stat' | awk -F, '$1 == "api" && $2 == "api1" { sub(/^\* /, "", $37); print $18, $37 }'
page --compressed http://127.0.0.1:18100/api/numbers | md5sum
page http://127.0.0.1:18100/stats | sed -n 's/.*<h1>\(.*\)<\/h1>.*/\1/p'
admin 'set map /etc/haproxy/maps/backends.map /api none'
page http://127.0.0.1:18100/api/numbers
admin 'show map /etc/haproxy/maps/backends.map' | cut -d' ' -f2-
admin 'show ssl cert /etc/haproxy/certs/localhost.pem' | grep -e Subject -e Status
admin 'disable server api/api1'
admin 'show servers state api' | awk 'NR == 3 { print $2, $4, $6, $7 }'
run sh -c 'echo "show info" | socat stdio unix-connect:/run/haproxy/admin.sock | grep -q ^Uptime' && echo healthy
# A reload reads everything anew.
kill -USR2 "$(pgrep -f 'haproxy -W' | head -n 1)"
sleep 2
wait_port 18100
page http://127.0.0.1:18100/lua/z
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended with $?"
