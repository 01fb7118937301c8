container
wait_port 18180
page() { curl --silent --show-error --max-time 60 --write-out '%{http_code} %{content_type}\n' "$@"; }
page 'http://127.0.0.1:18180/?name=slim'
for tool in hash crypt xml sql charset image child log none; do page "http://127.0.0.1:18180/tools/$tool" | sed 's/ at .*//'; done
page http://127.0.0.1:18180/fails.jsp
page http://127.0.0.1:18180/wrong.jsp | grep -m 1 -o 'nonsense cannot be resolved[^<]*\|Unable to compile class for JSP'
page http://127.0.0.1:18180/private/page.txt --output /dev/null
page --user guest:secret http://127.0.0.1:18180/private/page.txt
page http://127.0.0.1:18180/none --output /dev/null
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
