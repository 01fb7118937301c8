# Backups by cron: jobs as scripts, archives compressed and encrypted, logs rotated, reports sent by mail.
packages="cron logrotate tar zstd xz-utils gpg gpg-agent msmtp msmtp-mta bsd-mailx curl ca-certificates sqlite3 rsync jq tzdata openssl procps moreutils"
bars="125 96"
config='{"Entrypoint":["/usr/local/bin/docker-entrypoint.sh"],"Cmd":["cron","-f","-L","15"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","TZ=Europe/Vienna","BACKUP_KEEP=2","SMTP_PORT=18360","BACKUP_URL=http://127.0.0.1:18361"]}'
application() {
  in_root "$root" sh -c 'chmod 755 /usr/local/bin/* /etc/cron.daily/backup && chmod 644 /etc/cron.d/* && rm -f /etc/cron.daily/apt-compat /etc/cron.daily/dpkg &&
    GNUPGHOME=/tmp/g; export GNUPGHOME; mkdir -m 700 $GNUPGHOME; gpg --batch --quiet --passphrase "" --quick-generate-key backup@example.test default default never && gpg --armor --export > /etc/backup/public.asc && gpg --armor --export-secret-keys > /secret.asc; gpgconf --kill all 2>/dev/null; rm -rf $GNUPGHOME'
}
