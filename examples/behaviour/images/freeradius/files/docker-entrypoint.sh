#!/bin/sh
set -e
# this if will check if the first argument is a flag, but only works if all arguments require a hyphenated flag
if [ "$#" -eq 0 ] || [ "${1#-}" != "$1" ]; then
  set -- freeradius "$@"
fi
if [ "$1" = 'freeradius' ]; then
  shift
  database=/var/lib/freeradius/radius.db
  if [ ! -e $database ]; then
    mkdir -p /var/lib/freeradius
    sqlite3 $database < /etc/freeradius/3.0/mods-config/sql/main/sqlite/schema.sql
    sqlite3 $database "insert into radcheck (username, attribute, op, value) values ('dora', 'Cleartext-Password', ':=', 'secret');
      insert into radreply (username, attribute, op, value) values ('dora', 'Framed-IP-Address', ':=', '10.0.0.7')"
    chown -R freerad:freerad /var/lib/freeradius
  fi
  install -d -o freerad -g freerad /run/freeradius /var/log/freeradius /tmp/radiusd
  freeradius -C -lstdout > /tmp/config-check.log || { cat /tmp/config-check.log; exit 1; }
  exec freeradius -f -lstdout "$@"
fi
exec "$@"
