# Building images in three layers, as a Dockerfile would: a base, packages, an application. Images are kept in the cache under a name that
# says what they were built of, so that only a change builds them again.

# base: prints the folder of Debian's minimal root (root.tar, with package lists), its layer and its listing.
base() {
  local folder=$cache/base
  if [ ! -e "$folder/done" ]; then
    as_root rm -rf --one-file-system "$folder"
    mkdir -p "$folder"
    debian_root bookworm "$folder/root" >&2
    # Only the release as it was published: what was updated since is another suite's business.
    as_root sh -c "head -n 1 '$folder/root/etc/apt/sources.list' > '$folder/release.list'"
    as_root cp "$folder/release.list" "$folder/root/release.list"
    in_root "$folder/root" apt-get -qq -o Dir::Etc::SourceList=/release.list update >&2
    as_root rm "$folder/root/release.list"
    layer_all "$folder/root" "$folder/layer.tar"
    listing "$folder/root" > "$folder/listing"
    as_root tar --create --numeric-owner --xattrs --directory "$folder/root" --exclude=./proc/* --exclude=./dev/* --file "$folder/root.tar" .
    as_root rm -rf "$folder/root"
    touch "$folder/done"
  fi
  printf '%s\n' "$folder"
}

# add_packages PACKAGE...: installs packages into $root as apt does in a Dockerfile.
add_packages() {
  as_root cp "$cache/base/release.list" "$root/release.list"
  in_root "$root" apt-get -qq -y --no-install-recommends -o Dir::Etc::SourceList=/release.list -o Dpkg::Use-Pty=0 install "$@" > "$folder/making/apt.log" 2>&1 || { cat "$folder/making/apt.log" >&2; return 1; }
  as_root rm "$root/release.list"
}

# built NAME: prints the folder of a built image: layout (OCI), root (unpacked) and bars.
#
# images/NAME/image.sh is read for: packages (words), config (JSON), bars ("MB of the packages profile, MB of the files profile"),
# and may define install (instead of installing the packages) and application (the third layer); both work on $root, and the files of
# images/NAME/files are copied over it before application runs.
built() (
  name=$1
  # Runs share the cache: who comes second waits, and finds the image built.
  exec 9> "$cache/lock"
  flock 9
  description=$here/images/$name
  key=$(cat "$here/lib/build.sh" "$repository/examples/lib/image.sh" "$description/image.sh" $(find "$description/files" -type f 2>/dev/null | sort) | sha256sum | cut -c1-12)
  folder=$cache/$name-$key
  if [ ! -e "$folder/done" ]; then
    as_root rm -rf --one-file-system "$cache/$name"-*
    mkdir -p "$folder/making"
    printf 'building %s\n' "$name" >&2
    base=$(base)
    root=$folder/making/root
    install() { add_packages $packages; }
    application() { :; }
    packages=
    . "$description/image.sh"
    mkdir "$root"
    as_root tar --extract --numeric-owner --xattrs --same-permissions --directory "$root" --file "$base/root.tar"
    sleep 0.05; touch "$folder/making/mark"; sleep 0.05
    # What this function prints is its answer: what others say goes to the log.
    install >&2
    layer_diff "$root" "$folder/making/mark" "$base/listing" "$folder/making/packages.tar"
    listing "$root" > "$folder/making/listing"
    sleep 0.05; touch "$folder/making/mark"; sleep 0.05
    [ ! -d "$description/files" ] || as_root cp -r --no-preserve=ownership "$description/files/." "$root/"
    application >&2
    layer_diff "$root" "$folder/making/mark" "$folder/making/listing" "$folder/making/application.tar"
    cp "$base/layer.tar" "$folder/making/base.tar"
    layout "$folder/layout" "$name" "$config" "$folder/making/base.tar" "$folder/making/packages.tar" "$folder/making/application.tar"
    printf '%s\n' "$bars" > "$folder/bars"
    unpack "$folder/layout" "$name" "$folder/root"
    as_root rm -rf "$folder/making"
    touch "$folder/done"
  fi
  printf '%s\n' "$folder"
)

# certificates FOLDER: an authority (ca.crt) and a certificate of it for localhost (server.crt, server.key), made by openssl.
certificates() {
  need openssl openssl
  local work
  work=$(mktemp -d)
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=Behaviour test authority' -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$work/server.key" -out "$work/server.csr" 2>/dev/null
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > "$work/extensions"
  openssl x509 -req -days 3650 -in "$work/server.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -extfile "$work/extensions" -out "$work/server.crt" 2>/dev/null
  as_root mkdir -p "$1"
  as_root cp "$work/ca.crt" "$work/server.crt" "$work/server.key" "$1/"
  rm -rf "$work"
}
