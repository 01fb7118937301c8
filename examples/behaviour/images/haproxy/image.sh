# A proxy as the official image starts it: tini, drop-in scripts, a template; Lua with a module in C, maps, certificates, a check that is a program.
packages="haproxy tini gettext-base lua-cjson socat curl"
bars="52 40"
config='{"Entrypoint":["/usr/bin/tini","--","docker-entrypoint.sh"],"Cmd":["haproxy","-f","/etc/haproxy/haproxy.cfg"],"Healthcheck":{"Test":["CMD-SHELL","echo \"show info\" | socat stdio unix-connect:/run/haproxy/admin.sock | grep -q ^Uptime"]},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","PORT=18100"]}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /usr/local/bin/* /docker-entrypoint.d/*.sh && mkdir -p /run/haproxy'
}
