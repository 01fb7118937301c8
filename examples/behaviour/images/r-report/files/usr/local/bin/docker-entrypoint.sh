#!/bin/sh
set -e
cd /app
case "${1:-report}" in
  report) shift || true; exec Rscript --vanilla /app/report.R "$@" ;;
  check) exec R --no-echo --no-save --no-restore -e 'source("/app/functions.R"); cat(check(), sep = "\n")' ;;
  *) exec "$@" ;;
esac
