container
for port in 18530 18531 18532 18533 18534; do wait_port $port; done
sleep 2
pub() { client mosquitto_pub "$@" 2>&1 || echo "pub $?"; }
sub() { client mosquitto_sub -C 1 -W 5 "$@" 2>&1 || echo "sub $?"; }
job() { pub -p 18530 -u alice -P wonder -t "jobs/$1" -m "$2"; sub -p 18530 -u alice -P wonder -t "results/$1"; }
job sum '{"a":1,"b":"x"}'
job sign text
job cert x
job when 0
job title 'words of a title that is long'
job name 'é'
job number 1.25
pub -p 18530 -u alice -P wrong -t a -m b
pub -p 18530 -u bob -P builder -r -t news/a -m no
pub -p 18530 -u alice -P wonder -r -t news/a -m yes
sub -p 18530 -u bob -P builder -t 'news/#' -v
pub -p 18531 --cafile /app/tls/ca.crt -h localhost -r -t tls -m secure
sub -p 18531 --cafile /app/tls/ca.crt -h localhost -t tls
pub -p 18534 --cafile /app/tls/ca.crt --cert /app/tls/server.crt --key /app/tls/server.key -h localhost -r -t tls2 -m mutual -V 5
sub -p 18534 --cafile /app/tls/ca.crt --cert /app/tls/server.crt --key /app/tls/server.key -h localhost -t tls2 -V 5
pub -p 18534 --cafile /app/tls/ca.crt -h localhost -t tls2 -m none > /dev/null
curl --silent --max-time 5 http://127.0.0.1:18533/index.html
curl --silent --max-time 2 --include --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Protocol: mqtt' -H 'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==' http://127.0.0.1:18533/mqtt | tr -d '\r' | grep -a -i -e HTTP -e accept || true
ctl() { client mosquitto_ctrl -h 127.0.0.1 -p 18532 -u admin -P topsecret dynsec "$@" 2>/dev/null || true; }
ctl createRole writer; ctl addRoleACL writer publishClientSend "x/#" allow 1; ctl createClient eve -p evil; ctl addClientRole eve writer 1; ctl getClient eve
pub -p 18532 -u eve -P evil -q 1 -V 5 -t x/1 -m a
pub -p 18532 -u eve -P evil -q 1 -V 5 -t y/1 -m a
kill -TERM "$container_pid"; wait "$container_pid" || echo "ended $?"
ls -1 "$container_root/mosquitto/data"
