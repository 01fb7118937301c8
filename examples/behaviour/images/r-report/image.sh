# Statistics: a script that fits and draws, whose functions lie in databases of packages, and whose devices are modules opened by name.
packages="r-base-core r-recommended r-cran-jsonlite fonts-dejavu-core"
bars="195 178"
config='{"Entrypoint":["docker-entrypoint.sh"],"Cmd":["report"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","LC_ALL=C.UTF-8","TZ=UTC"],"WorkingDir":"/app","User":"nobody"}'
application() { as_root chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"; }
