# A cache that compiles its configuration with the C compiler at each start.
packages="varnish"
bars="250 190"
config='{"Entrypoint":["/usr/local/bin/docker-varnish-entrypoint"],"Cmd":[],"Healthcheck":{"Test":["CMD","varnishadm","-n","/tmp/varnish","ping"]},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","VARNISH_SIZE=32M","VARNISH_HTTP_PORT=18160","VARNISH_PROXY_PORT=18163"]}'
application() { in_root "$root" sh -c 'chmod 755 /usr/local/bin/* && head -c 16 /dev/urandom | od -An -tx1 > /etc/varnish/secret'; }
