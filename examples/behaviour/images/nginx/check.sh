container
wait_port 18080
page() { curl --silent --show-error --include "http://127.0.0.1:18080$1" "${@:2}" | grep -v -i '^\(date\|last-modified\|etag\):'; }
page /
page /style.css --head
page /style.css --compressed | cksum
page /answer
page /word/regular
page /nothing
run nginx -s reload
sleep 1
page /answer
run nginx -t
pgrep -c nginx
run nginx -s quit
wait "$container_pid"
cat "$container_root/var/log/nginx/error.log" | sed 's/^[^[]*//; s/[0-9]*#[0-9]*//' | grep -v notice || true
wc -l < "$container_root/var/log/nginx/access.log"
