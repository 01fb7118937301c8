#!/bin/bash
set -eo pipefail
: "${LDAP_SUFFIX:?}"
if [ ! -e /etc/ldap/slapd.d/cn=config.ldif ]; then
  export LDAP_ROOT_HASH="$(slappasswd -o module-load=argon2 -h '{ARGON2}' -s "${LDAP_PASSWORD:-admin}")"
  mkdir -p /etc/ldap/slapd.d /var/lib/ldap/log
  envsubst '$LDAP_SUFFIX $LDAP_ROOT_HASH' < /etc/ldap/bootstrap/config.ldif | slapadd -n 0 -F /etc/ldap/slapd.d
  for file in /etc/ldap/bootstrap/data/*.ldif; do
    envsubst '$LDAP_SUFFIX' < "$file" | slapadd -q -b "$LDAP_SUFFIX" -F /etc/ldap/slapd.d
  done
  chown -R openldap:openldap /etc/ldap/slapd.d /var/lib/ldap
fi
slaptest -Q -u -F /etc/ldap/slapd.d
if [ "$1" = slapd ]; then
  shift
  install -d -o openldap -g openldap /run/slapd
  ulimit -n 1024
  exec slapd -d "${LDAP_LOG}" -u openldap -g openldap -F /etc/ldap/slapd.d -h "ldap://127.0.0.1:$LDAP_PORT ldapi:///" "$@"
fi
exec "$@"
