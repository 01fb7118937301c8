container
for turn in $(seq 100); do if grep -q 'Ready to process' "$log"; then break; fi; sleep 0.2; done
grep -c 'Ready to process' "$log"
ask() { printf '%s\n' "$2" | client radclient -x -t 5 -r 1 127.0.0.1:$1 "$3" testing123 2>&1 | grep -v -e '^Sent' -e Message-Auth -e 'MS-CHAP-MPPE' -e MS-CHAP2-Success -e CHAP-Password -e 'MS-CHAP-[CR]' | sed -e 's/ Id [0-9]*//' -e 's/ from .*//' -e 's/ length.*//' || true; }
ask 18340 'User-Name = bob, User-Password = hello' auth
ask 18340 'User-Name = bob, User-Password = wrong' auth
ask 18340 'User-Name = bob, CHAP-Password = hello' auth
ask 18340 'User-Name = bob, MS-CHAP-Password = hello' auth
ask 18340 'User-Name = crypt, User-Password = secret' auth
ask 18340 'User-Name = dora, User-Password = secret' auth
ask 18340 'User-Name = perla, User-Password = camel' auth
ask 18340 'User-Name = python1, User-Password = snake' auth
ask 18341 'User-Name = dora, Acct-Status-Type = Start, Acct-Session-Id = 1, NAS-IP-Address = 127.0.0.1, NAS-Port = 1' acct
printf 'User-Name = bob\nCleartext-Password = hello\nEAP-Code = Response\nEAP-Id = 210\nEAP-Type-Identity = bob\nMessage-Authenticator = 0x00\n' > "$space/client/root/eap"
client sh -c 'radeapclient -x 127.0.0.1:18340 auth testing123 < /eap' 2>&1 | grep -o -e 'Access-[A-Z][a-z]*' | sort | uniq -c
run /usr/local/bin/healthcheck && echo healthy
cat "$container_root/tmp/line.log"
client sqlite3 -version >/dev/null
ls "$container_root/var/log/freeradius/radacct/127.0.0.1" | wc -l
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
