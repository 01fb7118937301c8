packages="git ca-certificates"
bars="80 40"
config='{"Entrypoint":["/usr/local/bin/mirror"],"Cmd":["https://localhost:18443/repository.git"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
application() {
  as_root chmod 755 "$root/usr/local/bin/mirror"
  certificates "$root/app/tls"
  as_root mkdir -p "$root/usr/local/share/ca-certificates"
  as_root cp "$root/app/tls/ca.crt" "$root/usr/local/share/ca-certificates/test-authority.crt"
  in_root "$root" update-ca-certificates >&2
}
