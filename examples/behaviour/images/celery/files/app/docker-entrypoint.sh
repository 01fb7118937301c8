#!/bin/sh
set -e
mkdir -p /tmp/queue/control /tmp/queue/in /tmp/queue/processed /tmp/results
if [ "$1" = worker ]; then
  shift
  set -- celery -A tasks worker --loglevel=INFO --concurrency=1 --hostname=worker@container "$@"
fi
exec "$@"
