# A proxy that starts helpers which its configuration names, and whose pages of errors are in a folder by language.
packages="squid liburi-perl openssl debianutils"
bars="118 90"
config='{"Entrypoint":["/usr/local/bin/entrypoint.sh"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","SQUID_CACHE_DIR=/var/spool/squid","SQUID_LOG_DIR=/var/log/squid","SQUID_USER=proxy"]}'
application() { in_root "$root" sh -c 'chmod 755 /usr/local/bin/* && for user in guest other; do printf "$user:%s\n" "$(openssl passwd -apr1 secret)"; done > /etc/squid/passwords'; }
