# A static program of Go, built elsewhere: of the image it takes what it opens by the names that it holds.
packages="ca-certificates tzdata media-types netbase"
bars="11 10"
config='{"Entrypoint":["/app/server"],"Cmd":["18086"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"User":"nobody"}'
application() {
  local compiler=$folder/making/compiler
  mkdir "$compiler"
  as_root tar --extract --numeric-owner --xattrs --same-permissions --directory "$compiler" --file "$base/root.tar"
  (root=$compiler; add_packages golang-go)
  as_root mkdir "$compiler/build"
  as_root mv "$root/app/server.go" "$compiler/build/"
  in_root "$compiler" env CGO_ENABLED=0 GO111MODULE=off GOCACHE=/build/cache GOFLAGS=-p=2 go build -trimpath -ldflags '-s -w' -o /build/server /build/server.go
  as_root cp "$compiler/build/server" "$root/app/server"
  as_root rm -rf "$compiler"
  certificates "$root/app/tls"
  as_root mkdir -p "$root/usr/local/share/ca-certificates"
  as_root cp "$root/app/tls/ca.crt" "$root/usr/local/share/ca-certificates/test-authority.crt"
  in_root "$root" update-ca-certificates
}
