# A cache whose users are asked for by SASL, whose mechanisms are modules that the library finds in a folder.
packages="memcached sasl2-bin libsasl2-modules"
bars="24 14"
config='{"Entrypoint":["docker-entrypoint.sh"],"Cmd":["memcached","-u","memcache","-S","-B","binary","-p","18140","-l","127.0.0.1","-vv"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","MEMCACHED_USERNAME=guest","MEMCACHED_PASSWORD=secret","SASL_CONF_PATH=/etc/sasl2"]}'
application() { as_root chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"; }
