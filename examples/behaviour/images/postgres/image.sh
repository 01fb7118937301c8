# As the project's own image does it: an entrypoint script that makes the cluster at the first start, and changes to the server's user.
bars="110 90" # What the server, initdb and psql are linked against or open by name weighs 87.
config='{"Entrypoint":["docker-entrypoint.sh"],"Cmd":["postgres"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin","LANG=en_US.utf8","PGDATA=/var/lib/postgresql/data"],"Healthcheck":{"Test":["CMD","pg_isready"]},"Volumes":{"/var/lib/postgresql/data":{}}}'
install() {
  add_packages locales postgresql-common
  in_root "$root" sh -c 'localedef -i en_US -c -f UTF-8 en_US.UTF-8 && sed -ri "s/#(create_main_cluster) .*$/\1 = false/" /etc/postgresql-common/createcluster.conf' >&2
  add_packages postgresql-15
}
application() { as_root chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"; }
