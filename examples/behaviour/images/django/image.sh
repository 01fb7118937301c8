# An application whose parts are named by text: settings, middleware, URL patterns, migrations, templates, translations.
packages="python3-django gunicorn"
bars="95 65"
config='{"Entrypoint":["gunicorn"],"Cmd":["--bind","127.0.0.1:18092","--worker-tmp-dir","/tmp","site_.wsgi"],"WorkingDir":"/srv/site","Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","DJANGO_SETTINGS_MODULE=site_.settings"]}'
application() { in_root "$root" sh -c 'cd /srv/site && python3 -B manage.py migrate --verbosity 0'; }
