# A RADIUS server whose modules are named by sections of its configuration: EAP, SQL in a file, Perl, Python, JSON, programs, PAM.
packages="freeradius freeradius-utils freeradius-config freeradius-python3 libjson-perl sqlite3 openssl"
bars="135 112"
config='{"Entrypoint":["/docker-entrypoint.sh"],"Cmd":["freeradius"],"Healthcheck":{"Test":["CMD","/usr/local/bin/healthcheck"]},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","RADIUS_SECRET=testing123"],"ExposedPorts":{"18340/udp":{}}}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /docker-entrypoint.sh /usr/local/bin/* && cd /etc/freeradius/3.0 && chown -R freerad:freerad /app/tls mods-config mods-available policy.d sites-available &&
    rm -f mods-enabled/ntlm_auth mods-enabled/eap sites-enabled/* && ln -s ../sites-available/site sites-enabled/site && ln -s ../sites-available/inner sites-enabled/inner &&
    for m in eap-site sql-site perl-site python-site greet json-site; do ln -sf ../mods-available/$m mods-enabled/$m; done &&
    sed -i "s/^\(\s*\)auth = no/\1auth = yes/" radiusd.conf'
}
