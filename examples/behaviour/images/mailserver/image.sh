# Mail: one start script, two masters that start a dozen programs each by names in their configuration, tables of several kinds, filters.
packages="postfix postfix-pcre dovecot-core dovecot-imapd dovecot-lmtpd dovecot-sieve ca-certificates"
bars="160 130"
config='{"Entrypoint":["/usr/local/bin/start-mailserver.sh"],"Cmd":["mail"],"Healthcheck":{"Test":["CMD-SHELL","postfix status && doveadm service status imap >/dev/null"]},"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","MAIL_HOST=mail.test"]}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /usr/local/bin/* && useradd --create-home --shell /usr/sbin/nologin guest &&
    uid=$(id -u guest) && echo "guest:secret:$uid:$uid::/home/guest::" > /etc/dovecot/users && chown root:dovecot /etc/dovecot/users && chmod 640 /etc/dovecot/users'
}
