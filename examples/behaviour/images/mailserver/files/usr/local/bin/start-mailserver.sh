#!/bin/bash
set -e
for f in /docker-entrypoint.d/*; do
  case "$f" in
    *.sh) . "$f" ;;
    *) echo "ignoring $f" ;;
  esac
done

if [ "${1:-}" = mail ]; then
  dovecot
  exec postfix start-fg
fi
exec "$@"
