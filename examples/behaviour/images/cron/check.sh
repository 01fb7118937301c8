python3 -I - > "$space/mail" 2>/dev/null <<'P' &
import socketserver, http.server, threading, sys
class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda text: self.wfile.write(text.encode() + b'\r\n')
        say('220 mail')
        data = False
        for line in self.rfile:
            text = line.decode().rstrip('\r\n')
            if data:
                if text == '.':
                    data = False
                    say('250 ok')
                else:
                    print('mail:', text, flush=True)
            elif text.upper().startswith('DATA'):
                data = True
                say('354 go')
            elif text.upper().startswith('QUIT'):
                say('221 bye')
                return
            else:
                say('250 ok')
class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_PUT(self):
        size = len(self.rfile.read(int(self.headers['Content-Length'])))
        answer = b'{"size": %d}' % size
        self.send_response(200)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *arguments): pass
socketserver.ThreadingTCPServer.allow_reuse_address = True
threading.Thread(target=socketserver.ThreadingTCPServer(('127.0.0.1', 18360), Mail).serve_forever).start()
http.server.ThreadingHTTPServer(('127.0.0.1', 18361), Web).serve_forever()
P
wait_port 18361
container
for turn in $(seq 300); do if [ -e "$container_root/tmp/backup.done" ]; then break; fi; sleep 0.2; done
for turn in $(seq 70); do if [ -s "$container_root/tmp/report.log" ] && grep -q done "$space/mail"; then break; fi; sleep 1; done
grep -e '^mail: Subject' -e '^mail: To' -e '^mail: ' "$space/mail" | grep -v -e Date -e Message-ID -e Received -e '^mail: *$' | sed 's/tmp\.[A-Za-z0-9]*/tmp/' || true
sed 's/^<[0-9]*>//; s/^[A-Z].*report: //' "$container_root/tmp/report.log" | head -n 1
ls "$container_root/var/backups/site" | wc -l
cp "$container_root"/var/backups/site/*.gpg "$space/client/root/site.gpg"
client sh -c 'gpg --batch --quiet --import /secret.asc && gpg --batch --quiet --decrypt /site.gpg | zstd -dc | tar -t | sort'
ls "$container_root/var/log/site"
cat "$container_root/tmp/rotated" | cut -d' ' -f2
run date +%Z
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
