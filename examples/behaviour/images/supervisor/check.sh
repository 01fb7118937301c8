container
wait_port 18093
wait_port 18094
curl --silent --show-error http://127.0.0.1:18093/page
curl --silent --show-error http://127.0.0.1:18093/api/x; echo
# The table's line runs at the next full minute.
for turn in $(seq 70); do [ ! -e "$container_root/var/www/report" ] || break; sleep 1; done
curl --silent --show-error http://127.0.0.1:18093/report
run supervisorctl status | awk '{ print $1, $2 }'
run supervisorctl restart web
wait_port 18093
curl --silent --show-error http://127.0.0.1:18093/page
