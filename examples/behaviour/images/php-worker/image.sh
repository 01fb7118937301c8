# A worker on PHP's command line: libraries as Debian packages them, found by their autoloaders, with extensions for databases, languages and pictures.
packages="php8.2-cli php8.2-sqlite3 php8.2-intl php8.2-gd php8.2-mbstring php8.2-xml php8.2-zip php8.2-curl php8.2-bcmath php8.2-soap php-symfony-console php-symfony-yaml php-symfony-process php-symfony-dotenv php-monolog php-twig php-psr-log php-guzzlehttp-guzzle php-symfony-event-dispatcher php-symfony-translation imagemagick fonts-dejavu-core tzdata tini"
bars="170 156"
config='{"Entrypoint":["tini","-s","--","docker-php-entrypoint"],"Cmd":["bin/console","work:all"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","APP_ENV=prod","PHP_MEMORY_LIMIT=256M"],"WorkingDir":"/app","User":"www-data"}'
application() { in_root "$root" sh -c 'chmod 755 /usr/local/bin/* /app/bin/console && ln -s ../../mods-available/site.ini /etc/php/8.2/cli/conf.d/99-site.ini'; }
