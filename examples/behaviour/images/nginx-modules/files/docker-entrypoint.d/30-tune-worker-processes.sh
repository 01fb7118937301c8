#!/bin/sh
set -eu
touch /etc/nginx/nginx.conf 2>/dev/null || exit 0
ncpu=$(getconf _NPROCESSORS_ONLN)
[ "$ncpu" -gt 1 ] && ncpu=1
sed -i.bak -r 's/^(worker_processes)(.*)$/# Changed\n\1 '"$ncpu"';/' /etc/nginx/nginx.conf
