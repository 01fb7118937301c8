#!/bin/bash
# Writes the configuration from its template, and joins keys and certificates.
set -euo pipefail
for template in /etc/haproxy/*.cfg.template; do
  envsubst '$BACKEND $PORT' < "$template" > "${template%.template}"
done
install -d -m 700 /etc/haproxy/certs
cat /app/tls/server.crt /app/tls/server.key > /etc/haproxy/certs/localhost.pem
haproxy -c -q -f /etc/haproxy/haproxy.cfg || { echo "the configuration is wrong" >&2; exit 1; }
