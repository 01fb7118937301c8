#!/bin/bash
set -euo pipefail
# cron gives its jobs no environment: what the container was given is handed on by a file.
printenv | grep -E '^(TZ|BACKUP_|SMTP_|PATH=)' > /etc/environment
[ -z "${TZ:-}" ] || ln -sf "/usr/share/zoneinfo/$TZ" /etc/localtime
sed -e "s/@PORT@/${SMTP_PORT:-25}/" /etc/msmtprc.in > /etc/msmtprc
for template in /etc/backup/*.tpl; do [ -e "$template" ] && cp "$template" "${template%.tpl}"; done
rm -f /var/run/crond.pid /var/run/crond.reboot
exec "$@"
