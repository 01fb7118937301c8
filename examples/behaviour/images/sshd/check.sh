container
wait_port 18095
options=(-q -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -i /root/key -o Port=18095)
client ssh "${options[@]}" guest@127.0.0.1 'echo "$USER $SHELL"; cd /tmp && printf "%s\n" *.none; exit 3' || echo "ends with $?"
printf 'pwd\nput /etc/hostname copy\nls copy\n' | client sftp "${options[@]}" -b - guest@127.0.0.1
client ssh "${options[@]}" nobody@127.0.0.1 true || echo "refused with $?"
