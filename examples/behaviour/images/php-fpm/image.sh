packages="php8.2-fpm php8.2-mbstring php8.2-xml php8.2-sqlite3 php8.2-curl"
bars="100 87" # As the image of Apache, with libcurl and libsystemd.
config='{"Entrypoint":["php-fpm8.2","-F"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
application() {
  in_root "$root" sh -c 'mkdir -p /run/php && sed -i "s,^listen = .*,listen = 127.0.0.1:19000," /etc/php/8.2/fpm/pool.d/www.conf'
}
