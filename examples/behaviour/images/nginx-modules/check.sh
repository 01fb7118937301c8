mkdir "$space/web"; echo behind > "$space/web/page"
python3 -I -m http.server --bind 127.0.0.1 --directory "$space/web" 18322 >/dev/null 2>&1 &
container
wait_port 18320
page() { curl --silent --show-error --max-time 20 --write-out ' %{http_code} %{content_type} %{size_download} %header{x-country} %header{x-greeting} %header{server}\n' "http://127.0.0.1:18320$@"; }
page '/lua?name=slim'
page '/lua?name=slim'
page '/access?key=1'
page '/access' --output /dev/null
page /perl
page /small/a.png --output "$space/small.png"; md5sum < "$space/small.png"
page /size/a.png
page /list/ | sed 's/[0-9]*-[A-Z][a-z]*-.*:[0-9]*//' | grep -o -e 'a.txt' -e '<th[^>]*>' -e '^ 200 .*' | head
page /pam/a.txt --output /dev/null
page /pam/a.txt --user person:secret
page /pam/a.txt --user person:wrong --output /dev/null
page /basic/a.txt --user guest:secret
page /xml/a.xml
page /subs/a.txt --compressed
page /dav/new/a --upload-file "$space/web/page"
page /dav/new/ --request PROPFIND --header 'Depth: 1' | grep -o '<D:href>[^<]*' 
page /back/page
page /lua?name=x --header 'X-Forwarded-For: 8.8.8.8'
curl --silent --http2 --cacert "$before/app/tls/ca.crt" --write-out '%{http_version} %{http_code}\n' https://localhost:18321/subs/a.txt
curl --silent --http2 --cacert "$before/app/tls/ca.crt" --write-out '%{http_version} %{http_code}\n' https://localhost:18323/subs/a.txt
run nginx -t 2>&1 | tail -n 1
run nginx -s reload 2>/dev/null
sleep 1
page '/lua?name=again'
kill -QUIT "$container_pid"
wait "$container_pid" || echo "ended $?"
