mkdir "$space/web"; echo page > "$space/web/page"
python3 -I -m http.server --bind 127.0.0.1 --directory "$space/web" 18400 >/dev/null 2>&1 &
wait_port 18400
once 2>&1
once bin/console list 2>&1 | grep -c work
once php -m 2>/dev/null | sort | tr '\n' ' '
once -r 'echo ini_get("memory_limit"), PHP_EOL;'
sed 's/^\[[^]]*\]//' "$container_root/tmp/work.log"
