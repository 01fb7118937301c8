# A web server with the modules that its distro packages: Lua, Perl, pictures, countries of addresses, passwords by PAM, streams.
packages="nginx libnginx-mod-http-lua libnginx-mod-http-perl libnginx-mod-http-image-filter libnginx-mod-http-geoip libnginx-mod-http-geoip2 libnginx-mod-http-auth-pam libnginx-mod-http-xslt-filter libnginx-mod-http-headers-more-filter libnginx-mod-http-fancyindex libnginx-mod-stream libnginx-mod-http-subs-filter libnginx-mod-http-dav-ext lua-cjson lua-resty-core lua-resty-lrucache geoip-database libpam-modules gettext-base apache2-utils"
bars="200 160"
config='{"Entrypoint":["/docker-entrypoint.sh"],"Cmd":["nginx","-g","daemon off;"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","UPSTREAM=127.0.0.1:18322"],"ExposedPorts":{"18320/tcp":{}},"StopSignal":"SIGQUIT"}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /docker-entrypoint.sh /docker-entrypoint.d/*.sh && rm -f /etc/nginx/sites-enabled/default && ln -sf /dev/stdout /var/log/nginx/access.log &&
    htpasswd -bc /etc/nginx/htpasswd guest secret && useradd --no-create-home person && echo person:secret | chpasswd && usermod -aG shadow www-data && chown www-data /srv/dav'
}
