mkdir -p "$space/web/new"; echo page > "$space/web/page"; echo new > "$space/web/new/page"
python3 -I -m http.server --bind 127.0.0.1 --directory "$space/web" 18211 >/dev/null 2>&1 &
container
wait_port 18210
page() { curl --silent --show-error --max-time 20 --proxy http://127.0.0.1:18210 --noproxy '' --write-out ' %{http_code}\n' "$@" | grep -v -e Generated -e Erzeugt; }
page http://127.0.0.1:18211/page --output /dev/null
page http://127.0.0.1:18211/page | grep -e '<title>' -e '<h[12]>' || true
page --proxy-user guest:secret http://127.0.0.1:18211/page
page --proxy-user guest:secret http://127.0.0.1:18211/page
page --proxy-user guest:wrong http://127.0.0.1:18211/page --output /dev/null
page --proxy-user other:secret http://127.0.0.1:18211/page --output /dev/null
page --proxy-user guest:secret http://127.0.0.1:18211/old/page
page --proxy-user guest:secret http://x.ads.test/ | grep -e '<title>' -e '<h[12]>' || true
page --proxy-user guest:secret http://127.0.0.1:18211/squid-internal-static/icons/SN.png --output /dev/null
curl --silent --output /dev/null --write-out '%{http_code} %{content_type} %{size_download}\n' http://127.0.0.1:18210/squid-internal-static/icons/SN.png
curl --silent --output /dev/null --write-out '%{http_code} %{content_type} %{size_download}\n' http://127.0.0.1:18210/squid-internal-static/icons/silk/folder.png
awk '{ print $4 }' "$container_root/var/log/squid/access.log"
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
