# Several programs in one container, named by configuration alone: a web server, a worker of Python, cron with a table.
packages="supervisor nginx-light cron jq"
bars="95 60"
config='{"Entrypoint":["/usr/bin/supervisord"],"Cmd":["-n","-c","/etc/supervisor/supervisord.conf"],"Healthcheck":{"Test":["CMD","supervisorctl","status"]},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
application() {
  in_root "$root" sh -c 'chmod 755 /app/*.sh && chmod 644 /etc/cron.d/report && printf "server { listen 18093; root /var/www; location /api/ { proxy_pass http://127.0.0.1:18094/; } }\n" > /etc/nginx/sites-enabled/default && echo page > /var/www/page'
}
