python3 -I - 2>/dev/null <<'P' &
import socketserver
class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda text: self.wfile.write(text.encode() + b'\r\n')
        say('220 mail')
        data = False
        for line in self.rfile:
            text = line.decode().strip()
            if data:
                if text == '.':
                    data = False
                    say('250 ok')
            elif text == 'DATA':
                data = True
                say('354 go')
            elif text == 'QUIT':
                say('221 bye')
                return
            else:
                say('250 ok')
socketserver.TCPServer(('127.0.0.1', 18382), Mail).serve_forever()
P
container
wait_port 18380
page() { curl --silent --show-error --max-time 30 --write-out ' %{http_code} %{content_type}\n' "http://127.0.0.1:18380$1"; }
for path in /health /goods /goods.json /page /export/csv /export/xml /picture /time /token /mail /fetch /unicode; do page $path | grep -v -e 'Date:' | tail -n 12; done
run /app/script/shop get /health; echo
sort -u "$container_root/tmp/shop.log"
once job
once job --name none 2>&1 | head -c 60 || true
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
