packages="apache2 libapache2-mod-php8.2 php8.2-mbstring"
bars="85 72" # By file, libraries, enabled extensions and the tools of apache2ctl weigh 69.
config='{"Entrypoint":["apache2ctl"],"Cmd":["-D","FOREGROUND"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"StopSignal":"SIGWINCH"}'
application() {
  in_root "$root" sh -c 'a2enmod -q rewrite headers && printf "ServerName localhost\nListen 18083\n" > /etc/apache2/ports.conf &&
    printf "<VirtualHost *:18083>\nDocumentRoot /var/www/html\nRewriteEngine on\nRewriteRule ^/pretty/(.*)$ /page.php?word=\$1\nHeader set X-Kind behaviour\nCustomLog /var/log/apache2/access.log combined\n</VirtualHost>\n" > /etc/apache2/sites-available/000-default.conf' >&2
}
