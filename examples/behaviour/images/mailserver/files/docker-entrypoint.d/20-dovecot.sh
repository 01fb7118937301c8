sed -i -e 's/^#port = 143$//' /etc/dovecot/conf.d/10-master.conf
sievec /etc/dovecot/sieve/before.sieve
mkdir -p /run/dovecot
