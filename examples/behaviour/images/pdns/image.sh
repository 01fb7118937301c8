# A name server with its zones in a database and a back end by a pipe, Lua records, DNSSEC, its web interface, and a resolver with Lua beside it.
packages="pdns-server pdns-backend-sqlite3 pdns-backend-pipe pdns-backend-bind pdns-recursor pdns-tools sqlite3 supervisor knot-dnsutils curl"
bars="171 130"
config='{"Entrypoint":["/usr/local/bin/start"],"Cmd":["supervisord","-c","/etc/supervisor/supervisord.conf"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","PDNS_API_KEY=key"],"ExposedPorts":{"18370/udp":{}}}'
application() { in_root "$root" sh -c 'chmod 755 /usr/local/bin/* && rm -f /etc/powerdns/pdns.d/*.conf /etc/powerdns/recursor.d/* && cp /etc/site/pdns.d/* /etc/powerdns/pdns.d/ && cp /etc/site/recursor.conf /etc/powerdns/recursor.conf && rm -r /etc/site'; }
