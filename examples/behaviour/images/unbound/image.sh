# A resolver with a Python module, its own zones, DNS over TLS and HTTPS, and the remote control that its start script makes keys for.
packages="unbound unbound-anchor dns-root-data python3-unbound openssl ldnsutils knot-dnsutils ca-certificates"
bars="79 56"
config='{"Entrypoint":["/opt/entrypoint.sh"],"Healthcheck":{"Test":["CMD-SHELL","unbound-control -c /etc/unbound/unbound.conf status || exit 1"]},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","LOCAL_DOMAIN=plain.test","PYTHONPATH=/usr/lib/python3/dist-packages"],"ExposedPorts":{"18350/udp":{}}}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /opt/entrypoint.sh && chown -R unbound /app/tls'
}
