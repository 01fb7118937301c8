# A static program of Go, built elsewhere: of the image it takes what it opens by the names that it holds.
packages="ca-certificates tzdata media-types netbase"
bars="11 10"
config='{"Entrypoint":["/app/server"],"Cmd":["18086"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"User":"nobody"}'
. "$here/lib/go.sh"
application() {
  go_program /app/server.go /app/server
  certificates "$root/app/tls"
  as_root mkdir -p "$root/usr/local/share/ca-certificates"
  as_root cp "$root/app/tls/ca.crt" "$root/usr/local/share/ca-certificates/test-authority.crt"
  in_root "$root" update-ca-certificates
}
