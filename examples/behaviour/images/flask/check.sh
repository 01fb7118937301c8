container
wait_port 18084
for page in / /lazy /more /nothing; do curl --silent --show-error --include "http://127.0.0.1:18084$page" | grep -v -i '^date:'; done
kill -HUP "$container_pid"
sleep 2
curl --silent --show-error http://127.0.0.1:18084/lazy
kill "$container_pid"
wait "$container_pid"
