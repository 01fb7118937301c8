packages=
bars="11 10"
config='{"Entrypoint":["/app/server"],"Cmd":["18082"],"User":"65534"}'
install() { :; }
application() {
  need gcc gcc
  as_root gcc -O1 -static -o "$root/app/server" "$root/app/server.c"
  as_root rm "$root/app/server.c"
}
