# A name server as its own image starts it: keys made at the first start, zones signed, updated and transferred, DNS over TLS and HTTPS, a plug-in by its name.
packages="bind9 bind9-dnsutils"
bars="85 70"
config='{"Entrypoint":["/usr/local/bin/entrypoint.sh"],"Cmd":["/usr/sbin/named"],"Healthcheck":{"Test":["CMD-SHELL","dig +short +norecurse +retry=0 -p 18110 @127.0.0.1 ns.plain.test A || exit 1"]},"ExposedPorts":{"18110/udp":{},"18110/tcp":{}},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /usr/local/bin/entrypoint.sh /docker-entrypoint.d/*.sh && chown -R bind /app/tls && rm -f /etc/bind/rndc.key &&
    tsig-keygen -a hmac-sha256 update. > /etc/bind/update.key && chown bind /etc/bind/update.key && chmod 640 /etc/bind/update.key'
}
