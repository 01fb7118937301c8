# Programs of Go, compiled beside the image: what is in the image is the program alone.

# go_program SOURCE PROGRAM: compiles SOURCE of the image's files to PROGRAM, and takes the source away.
go_program() {
  local compiler=$folder/making/compiler
  mkdir "$compiler"
  as_root tar --extract --numeric-owner --xattrs --same-permissions --directory "$compiler" --file "$base/root.tar"
  (root=$compiler; add_packages golang-go)
  as_root mkdir "$compiler/build"
  as_root mv "$root$1" "$compiler/build/program.go"
  in_root "$compiler" env CGO_ENABLED=0 GO111MODULE=off GOCACHE=/build/cache GOFLAGS=-p=2 go build -trimpath -ldflags '-s -w' -o /build/program /build/program.go
  as_root cp "$compiler/build/program" "$root$2"
  as_root rm -rf "$compiler"
}
