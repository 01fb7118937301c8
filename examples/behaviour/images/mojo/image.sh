# A Perl web application: commands, plug-ins, drivers and back ends that are found by name when they are wanted.
packages="perl libmojolicious-perl libdbi-perl libdbd-sqlite3-perl libyaml-libyaml-perl libtemplate-perl libdatetime-perl libdatetime-format-strptime-perl libio-socket-ssl-perl libtext-csv-xs-perl libjson-xs-perl libmoo-perl libtype-tiny-perl liblog-log4perl-perl libemail-sender-perl libemail-mime-perl libgd-perl libmodule-pluggable-perl libxml-libxml-perl libcryptx-perl libev-perl libhtml-tidy-perl libtext-markdown-perl fonts-dejavu-core"
bars="229 184"
config='{"Entrypoint":["/app/script/entrypoint"],"Cmd":["web"],"Healthcheck":{"Test":["CMD","/app/script/shop","get","/health"]},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","MOJO_MODE=production","DSN=dbi:SQLite:dbname=/tmp/shop.db"],"WorkingDir":"/app","User":"www-data"}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /app/script/* && chown -R www-data /app/tls'
}
