#!/bin/bash
set -eu
if ! id "$FTP_USER" >/dev/null 2>&1; then
  useradd --create-home --shell /bin/false "$FTP_USER"
  echo "$FTP_USER:$FTP_PASSWORD" | chpasswd
fi
echo "$FTP_PASSWORD" | ftpasswd --passwd --stdin --name=virtual --uid="$(id -u "$FTP_USER")" --gid="$(id -g "$FTP_USER")" --home="/home/$FTP_USER" --shell=/bin/false --file=/etc/proftpd/users >/dev/null 2>&1
proftpd --configtest >/dev/null 2>&1
exec proftpd --nodaemon "$@"
