#!/bin/sh
set -e

# first arg is `-f` or `--some-option`
if [ "${1#-}" != "$1" ]; then
	set -- haproxy "$@"
fi

for script in /docker-entrypoint.d/*; do
	case "$script" in
		*.sh) if [ -x "$script" ]; then echo "running $script" >&2; "$script"; else . "$script"; fi ;;
		*.envsh) . "$script" ;;
	esac
done

if [ "$1" = 'haproxy' ]; then
	shift
	# -W master-worker mode (similar to the old "haproxy-systemd-wrapper"; allows for reload via "SIGUSR2")
	# -db disables background mode
	set -- haproxy -W -db "$@"
fi

exec "$@"
