container
wait_port 18410
wait_port 18411
cat > "$space/xmpp.py" <<'P'
import base64, re, socket, ssl, sys
s = socket.create_connection(('127.0.0.1', 18410), 10)
def ask(text, until):
    s.sendall(text.encode())
    got = ''
    while not re.search(until, got):
        more = s.recv(65536).decode()
        if not more:
            break
        got += more
    return got
hello = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
print('starttls' in ask(hello, '</stream:features>'))
ask("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", 'proceed')
s = ssl.create_default_context(cafile=sys.argv[1]).wrap_socket(s, server_hostname='localhost')
print(sorted(set(re.findall(r'<mechanism>([^<]*)', ask(hello, '</stream:features>')))))
plain = base64.b64encode(b'\0guest\0' + sys.argv[2].encode()).decode()
answer = ask(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>", 'success|failure')
print('success' in answer)
if 'success' not in answer:
    sys.exit()
ask(hello, '</stream:features>')
print('jid' in ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>", '</iq>'))
ask("<presence/>", 'presence')
print(sorted(re.findall(r"var='([^']*)'", ask("<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>", '</iq>')))[:8])
print(sorted(re.findall(r"jid='([^']*)'", ask("<iq type='get' id='i' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>", '</iq>'))))
print('romeo' in ask("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='romeo@localhost' name='romeo'/></query></iq>", "id='r'"))
print('status code' in ask("<presence to='room@rooms.localhost/me'><x xmlns='http://jabber.org/protocol/muc'/></presence>", 'status code'))
print('https' in ask("<iq type='get' id='u' to='files.localhost'><request xmlns='urn:xmpp:http:upload:0' filename='a' size='3'/></iq>", "id='u'.*</iq>|id='u'.*/>"))
print('Prosody' in ask("<iq type='get' id='v' to='localhost'><query xmlns='jabber:iq:version'/></iq>", '</iq>'))
P
python3 -I "$space/xmpp.py" "$before/app/tls/ca.crt" secret 2>&1
python3 -I "$space/xmpp.py" "$before/app/tls/ca.crt" wrong 2>&1
curl --silent --max-time 10 --header Host:localhost http://127.0.0.1:18411/greet; echo
curl --silent --max-time 10 --header Host:localhost http://127.0.0.1:18411/files/a.txt
curl --silent --max-time 10 --header Host:localhost --data "<body rid='1' xmlns='http://jabber.org/protocol/httpbind' to='localhost' wait='1' hold='1' ver='1.6'/>" http://127.0.0.1:18411/http-bind | grep -o -e '<mechanism>[^<]*' | sort
curl --silent --max-time 10 --cacert "$before/app/tls/ca.crt" https://localhost:18412/files/a.txt
curl --silent --max-time 3 --http1.1 --include --header Host:localhost --header 'Connection: Upgrade' --header 'Upgrade: websocket' --header 'Sec-WebSocket-Version: 13' --header 'Sec-WebSocket-Protocol: xmpp' --header 'Sec-WebSocket-Key: SGVsbG8sIHdvcmxkIQ==' http://127.0.0.1:18411/xmpp-websocket | head -n 1 || true
run prosodyctl status 2>&1 | head -n 1 || true
grep -E -c 'error' "$log" || true
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
