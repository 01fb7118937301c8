# sourced
postconf -e "myhostname=${MAIL_HOST:-mail.test}" "mydestination=\$myhostname, localhost" "maillog_file=/dev/stdout" "inet_interfaces=127.0.0.1" "inet_protocols=ipv4" \
  "home_mailbox=Maildir/" "mailbox_transport=lmtp:unix:private/dovecot-lmtp" \
  "virtual_alias_maps=hash:/etc/postfix/virtual" "header_checks=pcre:/etc/postfix/header_checks.pcre" \
  "smtpd_sasl_auth_enable=yes" "smtpd_sasl_type=dovecot" "smtpd_sasl_path=private/auth" \
  "smtpd_tls_cert_file=/app/tls/server.crt" "smtpd_tls_key_file=/app/tls/server.key" "smtpd_tls_security_level=may" \
  "smtpd_recipient_restrictions=permit_sasl_authenticated, check_recipient_access regexp:/etc/postfix/recipients.regexp, reject_unauth_destination" \
  "local_recipient_maps=proxy:unix:passwd.byname \$alias_maps" "smtputf8_enable=no"
postconf -M "smtp/inet=18120 inet n - y - - smtpd"
postconf -M "submission/inet=18121 inet n - y - - smtpd"
postconf -P "submission/inet/smtpd_tls_security_level=encrypt" "submission/inet/syslog_name=postfix/submission"
postmap /etc/postfix/virtual
newaliases
