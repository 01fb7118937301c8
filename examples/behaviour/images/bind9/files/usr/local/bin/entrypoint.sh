#!/bin/bash
set -e

BIND_USER=${BIND_USER:-bind}

create_dirs() {
  install -d -m 0775 -o root -g "$BIND_USER" /run/named /var/cache/bind /var/lib/bind/keys
  chown -R "$BIND_USER:$BIND_USER" /var/cache/bind /var/lib/bind
}

prepare_key() {
  if [ ! -f /etc/bind/rndc.key ]; then
    rndc-confgen -a -u "$BIND_USER" -c /etc/bind/rndc.key 2>/dev/null
  fi
}

create_dirs
prepare_key

if [ -d /docker-entrypoint.d ]; then
  find /docker-entrypoint.d -follow -type f -name '*.sh' -print | sort -V | while read -r f; do
    if [ -x "$f" ]; then "$f"; else echo "ignoring $f, not executable" >&2; fi
  done
fi

# allow arguments to be passed to named
if [[ ${1:0:1} = '-' ]]; then
  EXTRA_ARGS="$*"
  set --
elif [[ ${1} == named || ${1} == "$(command -v named)" ]]; then
  EXTRA_ARGS="${*:2}"
  set --
fi

# default behaviour is to launch named
if [[ -z ${1} ]]; then
  exec "$(command -v named)" -u "$BIND_USER" -g -c /etc/bind/named.conf ${EXTRA_ARGS}
else
  exec "$@"
fi
