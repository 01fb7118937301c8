#!/bin/sh
set -e
for zone in /etc/bind/zones/*.zone; do
  name=$(basename "$zone" .zone)
  cp "$zone" "/var/lib/bind/$name.zone"
  chown bind "/var/lib/bind/$name.zone"
  named-checkzone -q "$name" "/var/lib/bind/$name.zone"
done
named-checkconf -z /etc/bind/named.conf > /dev/null
