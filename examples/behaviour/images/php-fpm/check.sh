container
wait_port 19000
python3 -I "$description/../../lib/fastcgi.py" 19000 /app/index.php
run php-fpm8.2 -t 2>&1 | sed 's/^\[[^]]*\] //'
run php-fpm8.2 -m
