#!/bin/bash
set -e
data_dir_owner="$(stat -c %u "/var/lib/prosody/")"
if [[ "$(id -u prosody)" != "$data_dir_owner" ]]; then
  usermod -u "$data_dir_owner" prosody
fi
install -d -o prosody -g prosody /run/prosody
prosodyctl check config || true
if [[ "$1" != "prosody" ]]; then
  exec prosodyctl "$@"
fi
if [[ "$LOCAL" && "$PASSWORD" && "$DOMAIN" ]]; then
  prosodyctl register "$LOCAL" "$DOMAIN" "$PASSWORD"
fi
exec setpriv --reuid=prosody --regid=prosody --init-groups "$@"
