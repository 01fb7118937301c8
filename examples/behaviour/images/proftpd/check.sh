container
wait_port 18220
ftp() { curl --silent --show-error --max-time 20 "$@" || echo "ended $?"; }
seq 100 > "$space/numbers"
for user in guest virtual; do
  ftp --user "$user:secret" --upload-file "$space/numbers" "ftp://127.0.0.1:18220/$user.txt"
  ftp --user "$user:secret" "ftp://127.0.0.1:18220/$user.txt" | md5sum
done
ftp --user guest:secret --list-only ftp://127.0.0.1:18220/ | sort
ftp --user guest:secret ftp://127.0.0.1:18220/ | awk '{ print $1, $3, $4, $5, $9 }' | sort
ftp --user guest:wrong ftp://127.0.0.1:18220/ 2>&1
ftp --cacert "$before/app/tls/ca.crt" --ssl-reqd --user guest:secret ftp://localhost:18220/guest.txt | md5sum
ftp --user guest:secret --quote 'MKD folder' --quote 'RNFR guest.txt' --quote 'RNTO folder/renamed' --quote 'SITE CHMOD 777 folder' ftp://127.0.0.1:18220/ --output /dev/null 2>&1
ftp --user guest:secret --list-only ftp://127.0.0.1:18220/folder/
exec 5<>/dev/tcp/127.0.0.1/18220; printf 'FEAT\r\nQUIT\r\n' >&5; tr -d '\r' <&5 | grep -v '^220 '
kill -TERM "$container_pid"
wait "$container_pid" || echo "ended $?"
