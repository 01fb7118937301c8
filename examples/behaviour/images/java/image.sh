packages="openjdk-17-jre-headless ca-certificates-java"
bars="220 174"
config='{"Entrypoint":["java","-cp","/app","Fetch"],"Cmd":["https://localhost:18443/hello.txt"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
# The packages' scripts make links among manuals, whose folder the base image left out.
install() { as_root mkdir -p "$root/usr/share/man/man1"; add_packages $packages; }
application() {
  certificates "$root/app/tls"
  as_root mkdir -p "$root/usr/local/share/ca-certificates"
  as_root cp "$root/app/tls/ca.crt" "$root/usr/local/share/ca-certificates/test-authority.crt"
  in_root "$root" sh -c 'update-ca-certificates && java -m jdk.compiler/com.sun.tools.javac.Main -d /app /app/Fetch.java && rm /app/Fetch.java' >&2
}
