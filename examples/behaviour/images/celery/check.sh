mkdir -p "$space/web"
printf '<html><head><meta charset="utf-8"></head><body><a href="/a">ä</a><img src="b.png"></body></html>' > "$space/web/index.html"
python3 -I -m http.server --bind 127.0.0.1 --directory "$space/web" 18130 >/dev/null 2>&1 &
container
for turn in $(seq 200); do grep -q ' ready\.' "$log" && break; sleep 0.2; done
grep -e '^  \. ' "$log"
cat > "$container_root/tmp/ask.py" <<'P'
import sys
sys.path.insert(0, '/app')
from tasks import app
from celery import chain, group, signature
asked = [('etl.tables.describe', [], {'retries': 1}), ('etl.tables.algebra', [], {}), ('etl.tables.tick', [], {})]
asked += [('etl.tables.convert', [kind], {}) for kind in ('csv', 'openpyxl', 'xlsxwriter', 'html', 'xml', 'json', 'style', 'sql', 'pivot', 'zip', 'query', 'markdown', 'none')]
asked += [('etl.pictures.draw', ['Grüße', kind], {}) for kind in ('PNG', 'JPEG', 'GIF', 'WEBP', 'TIFF', 'BMP', 'PPM', 'JPEG2000')]
asked += [('etl.pictures.draw', ['Bold', 'PNG'], {'bold': True}), ('etl.pictures.draw', ['none', 'NONE'], {})]
asked += [('etl.web.links', ['http://127.0.0.1:18130/'], {}), ('etl.web.links', ['http://127.0.0.1:18130/none'], {}), ('etl.web.transform', ['<words><word>b</word><word>a</word></words>'], {}), ('etl.web.letter', ['somebody'], {})]
for name, arguments, options in asked:
    try:
        print(name, arguments, app.send_task(name, arguments, options).get(timeout=20))
    except Exception as error:
        print(name, arguments, type(error).__name__, str(error)[:200])
P
# Who asks has the same environment: a task is asked for by another container of the original image.
mount --bind "$container_root/tmp" "$client_root/tmp"
inside "$client_root" python3 /tmp/ask.py
run celery -A tasks inspect ping 2>/dev/null || echo "ping $?"
grep -c succeeded "$log"
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
