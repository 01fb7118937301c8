# An application as npm installs it: modules in C++ with their prebuilt libraries, threads, children, transports of a logger named by text.
packages="nodejs npm dumb-init ca-certificates bsdextrautils"
bars="272 230"
config='{"Entrypoint":["/app/docker-entrypoint.sh"],"Cmd":["npm","start"],"Healthcheck":{"Test":["CMD","npm","run","-s","healthcheck"]},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","NODE_ENV=production","PORT=18190","HOME=/tmp","NO_UPDATE_NOTIFIER=1"],"WorkingDir":"/app","User":"www-data"}'
application() {
  as_root cp /etc/ssl/certs/ca-certificates.crt "$root/tmp/ca.crt"
  in_root "$root" sh -c 'chmod 755 /app/docker-entrypoint.sh && cd /app && NODE_EXTRA_CA_CERTS=/tmp/ca.crt npm_config_cafile=/tmp/ca.crt npm install --omit=dev --no-audit --no-fund --ignore-scripts --loglevel=error && rm -rf /root/.npm /tmp/ca.crt' >&2
}
