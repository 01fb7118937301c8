# A server of files whose modules its settings name, with users of PAM and of a file that a script in Perl writes.
packages="proftpd-core proftpd-mod-crypto"
bars="100 70"
config='{"Entrypoint":["start.sh"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","FTP_USER=guest","FTP_PASSWORD=secret"]}'
application() {
  certificates "$root/app/tls"
  in_root "$root" sh -c 'chmod 755 /usr/local/bin/* && mkdir -p /run/proftpd && sed -i -e "s/^Port.*/Port 18220\nDefaultAddress 127.0.0.1\nSocketBindTight on/" -e "s/^UseIPv6.*/UseIPv6 off/" /etc/proftpd/proftpd.conf'
}
