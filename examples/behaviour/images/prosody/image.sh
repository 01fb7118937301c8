# An XMPP server in Lua: modules by names in its configuration, accounts in a database, TLS, BOSH and websockets, a control program.
packages="prosody lua-dbi-sqlite3 lua-event lua-sec lua-unbound lua-zlib openssl ca-certificates"
bars="82 67"
config='{"Entrypoint":["/entrypoint.sh"],"Cmd":["prosody","-F"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","LOCAL=guest","DOMAIN=localhost","PASSWORD=secret","__FLUSH_LOG=yes"],"ExposedPorts":{"18410/tcp":{}}}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /entrypoint.sh && chown -R prosody /app/tls'
}
