#!/bin/sh
set -e
# first arg is `-f` or `--some-option`
if [ "${1#-}" != "$1" ]; then
	set -- memcached "$@"
fi
if [ -n "$MEMCACHED_PASSWORD" ]; then
	echo "$MEMCACHED_PASSWORD" | saslpasswd2 -p -a memcached -c -f /etc/sasl2/memcached.db -u container "$MEMCACHED_USERNAME"
	chown memcache /etc/sasl2/memcached.db
fi
exec "$@"
