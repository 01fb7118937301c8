# A small web server: modules that the start script enables by name, CGI in Perl, Python and shell, PHP by FastCGI.
packages="lighttpd lighttpd-mod-deflate php8.2-cgi php8.2-mbstring php8.2-sqlite3 php8.2-xml perl libcgi-pm-perl python3 openssl bsdextrautils"
bars="200 156"
config='{"Entrypoint":["/usr/local/bin/entrypoint"],"Cmd":["lighttpd","-D","-f","/etc/lighttpd/lighttpd.conf"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","SITE=site","LIGHTTPD_MODULES=auth rewrite setenv ssi cgi fastcgi fastcgi-php deflate status site"]}'
application() {
  in_root "$root" sh -c 'chmod 755 /usr/local/bin/* /docker-entrypoint.d/* /var/www/cgi-bin/*'
}
