container
wait_port 18170
page() { curl --silent --show-error --max-time 20 --write-out '%{http_code} %{content_type} %header{x-by}\n' "$@"; }
page http://127.0.0.1:18170/index.php
page http://127.0.0.1:18170/nice/words
page 'http://127.0.0.1:18170/scripts/a.pl?x=1'
page 'http://127.0.0.1:18170/scripts/b.py?x=1'
page --data 12345 http://127.0.0.1:18170/scripts/c.cgi
page --compressed http://127.0.0.1:18170/numbers.txt | md5sum
page http://127.0.0.1:18170/page.shtml | tail -n 2
page http://127.0.0.1:18170/private/page | tail -n 1
page --user guest:secret http://127.0.0.1:18170/private/page
page http://127.0.0.1:18170/list/ | grep -c 'href="a"'
page http://127.0.0.1:18170/none
curl --silent http://127.0.0.1:18170/server-status?auto | grep -c Uptime || true
kill -INT "$container_pid"
wait "$container_pid" || echo "ended $?"
