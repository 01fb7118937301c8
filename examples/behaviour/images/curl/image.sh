packages="curl ca-certificates"
bars="34 30"
config='{"Entrypoint":["curl"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
application() {
  certificates "$root/app/tls"
  as_root mkdir -p "$root/usr/local/share/ca-certificates"
  as_root cp "$root/app/tls/ca.crt" "$root/usr/local/share/ca-certificates/test-authority.crt"
  in_root "$root" update-ca-certificates >&2
}
