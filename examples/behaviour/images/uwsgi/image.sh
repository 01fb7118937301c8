# An application server that is told everything by a file: plug-in, module, cron, spooler, helpers of other languages.
packages="uwsgi-core uwsgi-plugin-python3 python3-bottle python3-yaml perl"
bars="178 135"
config='{"Entrypoint":["start"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","APP=app"]}'
application() { in_root "$root" sh -c 'chmod 755 /usr/local/bin/*'; }
