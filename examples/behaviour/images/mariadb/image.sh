# The first start makes the system tables; the server loads plugins by name.
packages="mariadb-server"
bars="225 80"
config='{"Entrypoint":["docker-entrypoint.sh"],"Cmd":["mariadbd"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Healthcheck":{"Test":["CMD","mariadb-admin","ping"]},"Volumes":{"/var/lib/mysql":{}}}'
application() {
  as_root chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"
  in_root "$root" sh -c 'rm -rf /var/lib/mysql && install -d -o mysql -g mysql /var/lib/mysql /run/mysqld'
}
