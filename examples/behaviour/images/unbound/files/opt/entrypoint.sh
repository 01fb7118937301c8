#!/bin/bash
set -euo pipefail
reserved=12582912
available=$((1024 * $( (grep MemAvailable /proc/meminfo || grep MemTotal /proc/meminfo) | sed 's/[^0-9]//g')))
if [ $available -le $((reserved * 2)) ]; then
  echo "Not enough memory" >&2
  exit 1
fi
export nproc=$(nproc)
[ "$nproc" -gt 1 ] && threads=1 || threads=1
sed -e "s/@THREADS@/$threads/" -e "s/@DOMAIN@/${LOCAL_DOMAIN}/" /etc/unbound/site.conf.in > /etc/unbound/unbound.conf.d/site.conf
[ -e /etc/unbound/unbound_control.pem ] || unbound-control-setup -d /etc/unbound > /dev/null 2>&1
mkdir -p /var/lib/unbound && cp -n /usr/share/dns/root.key /var/lib/unbound/root.key
chown -R unbound:unbound /var/lib/unbound
unbound-anchor -l | head -n 1
unbound-checkconf
exec unbound -d -c /etc/unbound/unbound.conf
