# A directory whose configuration is a tree of its own: back ends and overlays are entries of it, passwords of several schemes, SASL and TLS.
packages="slapd slapd-contrib ldap-utils libsasl2-modules gettext-base adduser"
bars="101 78"
config='{"Entrypoint":["/usr/local/bin/entrypoint.sh"],"Cmd":["slapd"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","LDAP_SUFFIX=dc=example,dc=test","LDAP_PORT=18300","LDAP_LOG=stats"],"ExposedPorts":{"18300/tcp":{}},"Volumes":{"/var/lib/ldap":{}}}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /usr/local/bin/* && rm -rf /etc/ldap/slapd.d/* /var/lib/ldap/* && chown -R openldap:openldap /app/tls'
}
