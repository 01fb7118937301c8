#!/usr/bin/env bash
# Does slim see what is broken? Makes images of Debian packages, breaks each in one place at a time (a layer on top: a whiteout or another
# file), and asks `slim verify` of the whole and of the broken image, before and after pruning. The image's own loader, PAM and programs
# say in a chroot that the whole one works and the broken one does not.
#
# Needs a Debian machine, a Rust toolchain, and root (or sudo) for the chroots.
#   bash examples/breakage.sh [NAME…]      nginx, python, perl, su, pixbuf; all of them unless named
# SLIM   the program to try (built in release mode unless given)
# CACHE  folder that keeps the minimal root for the next run; the behaviour suite's
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=examples/lib/image.sh
. "$repository/examples/lib/image.sh"
# shellcheck source=examples/behaviour/lib/build.sh
. "$repository/examples/behaviour/lib/build.sh"

cache=${CACHE:-/var/tmp/slim-behaviour}
as_root mkdir -p "$cache"
as_root chown "$(id -u)" "$cache"
work=$(mktemp -d "$cache/breakage.XXXXXX")
trap 'as_root rm -rf "$work"' EXIT
folder=$work
mkdir "$work/making"
faults=0 seen=0
bad() { printf '   WRONG: %s\n' "$*"; faults=$((faults + 1)); }

need mmdebstrap mmdebstrap
need jq jq
slim=$(slim_program)
triplet=$(uname -m)-linux-gnu
libraries=/usr/lib/$triplet

# The images. What the container starts is /usr/local/bin/start (with what the referee lets it do as arguments), and `application`
# changes $root before the upper layer is taken.

images=(nginx python perl su pixbuf)

start() { as_root tee "$root/usr/local/bin/start" >/dev/null; as_root chmod 755 "$root/usr/local/bin/start"; }

# apart NAME: moves a library to a folder that only the loader's cache knows.
apart() {
  as_root mkdir -p "$root/opt/lib"
  as_root sh -c "mv '$root$libraries/$1'* '$root/opt/lib/'; echo /opt/lib > '$root/etc/ld.so.conf.d/opt.conf'"
  in_root "$root" ldconfig
}

nginx() {
  packages=nginx arguments=(-t)
  application() {
    start <<'END'
#!/bin/bash
set -e
mkdir -p "$(awk '$1 == "include" { print "/run/nginx"; exit }' /etc/nginx/nginx.conf)"
exec nginx -g "daemon off;" "$@"
END
    apart libpcre2-8.so
  }
}

python() {
  packages="python3" arguments=()
  application() {
    start <<'END'
#!/usr/bin/env python3
import ssl, sqlite3, zlib, xml.parsers.expat
print(ssl.OPENSSL_VERSION, sqlite3.sqlite_version)
END
    apart libsqlite3.so
  }
}

perl() {
  packages="perl libdbi-perl libdbd-sqlite3-perl" arguments=()
  application() {
    start <<'END'
#!/usr/bin/perl
use strict;
use POSIX qw(floor);
use DBI;
my $database = DBI->connect("dbi:SQLite:dbname=:memory:", "", "", { RaiseError => 1 });
print $database->selectrow_array("select 6 * 7"), floor(1.5), "\n";
END
    apart libsqlite3.so
  }
}

su() {
  packages=cron arguments=()
  application() {
    start <<'END'
#!/bin/bash
set -e
sed -n 1p /etc/os-release
exec su -s /bin/bash -c "${1:-cron -f}" www-data
END
    apart libselinux.so
  }
  arguments=(true)
}

pixbuf() {
  packages=libgdk-pixbuf2.0-bin arguments=()
  application() {
    start <<'END'
#!/bin/bash
set -e
exec gdk-pixbuf-thumbnailer -s 1 /opt/dot.xpm /tmp/dot.png
END
    as_root tee "$root/opt/dot.xpm" >/dev/null <<'END'
/* XPM */
static char *dot[] = { "1 1 1 1", "a c #ff0000", "a" };
END
    apart libgio-2.0.so
  }
}

# make NAME: the image as $work/layout, tag "whole", and its files in $work/root.
make_image() {
  local base
  base=$(base)
  "$1"
  root=$work/root
  as_root rm -rf "$root" "$work/layout"
  mkdir "$root"
  as_root tar --extract --numeric-owner --xattrs --same-permissions --directory "$root" --file "$base/root.tar"
  sleep 0.05; touch "$work/making/mark"; sleep 0.05
  add_packages $packages
  application
  layer_diff "$root" "$work/making/mark" "$base/listing" "$work/making/packages.tar"
  layout "$work/layout" whole '{"Entrypoint":["/usr/local/bin/start"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}' \
    "$base/layer.tar" "$work/making/packages.tar"
}

# on_top LAYOUT TAG NEW FOLDER: the image TAG with FOLDER's files as one more layer, as NEW in the same layout.
on_top() {
  local layout=$1 manifest config blob
  store() { local digest; digest=$(sha256sum < "$1" | cut -d' ' -f1); cp "$1" "$layout/blobs/sha256/$digest"; printf 'sha256:%s' "$digest"; }
  (cd "$4" && as_root tar --create --numeric-owner --owner=0 --group=0 --sort=name .) > "$work/top.tar"
  manifest=$(manifest_of "$layout" "$2")
  config=$layout/blobs/$(jq -r .config.digest "$manifest" | tr : /)
  gzip -n < "$work/top.tar" > "$work/top.gz"
  jq -c --arg id "sha256:$(sha256sum < "$work/top.tar" | cut -d' ' -f1)" \
    '.rootfs.diff_ids += [$id] | .history += [{"created": "2025-01-02T00:00:00Z", "created_by": "breakage"}]' "$config" > "$work/config"
  jq -c --arg config "$(store "$work/config")" --argjson config_size "$(stat -c %s "$work/config")" \
    --arg layer "$(store "$work/top.gz")" --argjson layer_size "$(stat -c %s "$work/top.gz")" \
    '.config.digest = $config | .config.size = $config_size
     | .layers += [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": $layer, "size": $layer_size}]' "$manifest" > "$work/manifest"
  blob=$(store "$work/manifest")
  jq -c --arg digest "$blob" --argjson size "$(stat -c %s "$work/manifest")" --arg tag "$3" \
    '.manifests |= map(select(.annotations["org.opencontainers.image.ref.name"] != $tag))
     + [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": $digest, "size": $size, "annotations": {"org.opencontainers.image.ref.name": $tag}}]' \
    "$layout/index.json" > "$work/index" && cp "$work/index" "$layout/index.json"
}

# works ROOT: what the container starts does its work.
works() { in_root "$1" /usr/local/bin/start "${arguments[@]}" > "$work/started" 2>&1; }

# verified LAYOUT TAG: the problems as JSON in $work/problems, the exit code in $code.
verified() {
  code=0
  "$slim" verify "oci:$1:$2" --quiet --json "${@:3}" > "$work/problems" || code=$?
}

# in_use: what verify says that the container meets, a line each.
in_use() { jq -r '.[] | select(.in_use) | "\(.at): \(.detail)"' "$work/problems"; }

# wound WHAT KIND AT SUBJECT: the files of $work/wound break the image: verify says so, and so does the image itself. AT is the file that
# does not get what it asks for, SUBJECT what it misses; both are extended regular expressions.
wound() {
  local what=$1 kind=$2 at=$3 subject=$4 found
  seen=$((seen + 1))
  on_top "$layout" "$tag" broken "$work/wound"
  hurt
  ! works "$tree" || bad "$what: the image itself does not mind"
  heal
  verified "$layout" broken
  found=$(jq -r --arg kind "$kind" --arg at "$at" --arg subject "$subject" \
    '[.[] | select(.in_use and .kind == $kind and (.at | test($at)) and (.subject | test($subject)))] | first | select(.) | "\(.at): \(.detail)"' "$work/problems")
  if [ "$code" = 1 ] && [ -n "$found" ]; then
    printf '   %s: %s\n' "$what" "$found"
  else
    bad "$what: verify's exit code is $code, and it says $(in_use)"
  fi
  as_root rm -rf "$work/wound"
}

# hurt, heal: does to $tree what the layer $work/wound does to the image, and undoes it.
hurt() {
  as_root mkdir "$work/away"
  (cd "$work/wound" && find . -type f) | while IFS= read -r file; do
    name=$(dirname "$file")/$(basename "$file" | sed 's/^\.wh\.//')
    as_root mkdir -p "$work/away/$(dirname "$name")"
    as_root mv "$tree/$name" "$work/away/$name"
    [ "$(basename "$file")" != "$(basename "$name")" ] || as_root cp "$work/wound/$file" "$tree/$name"
  done
}
heal() {
  (cd "$work/away" && as_root find . ! -type d) | while IFS= read -r name; do
    as_root rm -f "$tree/$name"
    as_root mv "$work/away/$name" "$tree/$name"
  done
  as_root rm -rf "$work/away"
}

# without PATH: the wound is that this is missing.
without() { mkdir -p "$work/wound$(dirname "$1")"; : > "$work/wound$(dirname "$1")/.wh.$(basename "$1")"; }

# instead PATH FILE: the wound is that PATH is FILE's copy.
instead() { mkdir -p "$work/wound$(dirname "$1")"; cp -L "$2" "$work/wound$1"; chmod 755 "$work/wound$1"; }

# real PATH: where a path of the image leads. It and `library` ask the whole image, which has the tools.
real() { in_root "$work/root" readlink -f "$1"; }

# library FILE NAME: the file that FILE's loader finds for NAME, as it lists it.
library() { in_root "$work/root" ldd "$1" | awk -v name="$2" '$1 == name { print $3; exit }'; }

# The wounds of each image. Every image gets a library, a link and a provider of versions that its program needs, the program of its
# script, and an entry of the loader's cache; what else there is is its own.

every() { # PROGRAM LIBRARY LINK PROVIDER INTERPRETER CACHED
  local file
  file=$(real "$(library "$1" "$2")")
  without "$file"
  wound "library $file" missing-library "" "^${2//./\\.}$"
  file=$(library "$1" "$3")
  [ "$(real "$file")" != "$file" ] || file=$(dirname "$file")/$3
  without "$(real "$(dirname "$file")")/$3"
  wound "link $3" missing-library "" "^${3//./\\.}$"
  file=$(real "$(library "$1" "$4")")
  instead "$file" "$tree$(real "$libraries/libgcc_s.so.1")"
  wound "versions of $file" missing-version "" "^${4//./\\.}:"
  file=$(real "$5")
  without "$file"
  wound "script's program $file" missing-shebang '^/usr/local/bin/start$' "$(basename "$5")"
  # As a later layer makes it that lost the configuration: the library is there, and nothing finds it.
  as_root ldconfig -r "$tree" -f /dev/null -C /opt/other.cache
  instead /etc/ld.so.cache "$tree/opt/other.cache"
  as_root rm "$tree/opt/other.cache"
  wound "cache entry of $6" missing-library "" "^${6//./\\.}$"
  # The other way round: what the cache lists is gone.
  without "$(real "/opt/lib/$6")"
  wound "cached $6" missing-library "" "^${6//./\\.}$"
  jq -e --arg path "/opt/lib/$6" 'any(.[]; .kind == "stale-cache" and .subject == $path)' "$work/problems" >/dev/null || bad "nobody says that the cache lists $6"
}

wounds() {
  case $1 in
    nginx)
      every /usr/sbin/nginx libcrypt.so.1 libz.so.1 libssl.so.3 /bin/bash libpcre2-8.so.0
      without /etc/alternatives/awk
      wound "alternative of awk" dangling-link '^/usr/bin/awk$' '^$'
      ;;
    python)
      every "$(real /usr/bin/python3)" libexpat.so.1 libz.so.1 libm.so.6 /usr/bin/python3 libsqlite3.so.0
      without /usr/bin/python3
      wound "link python3" missing-shebang '^/usr/local/bin/start$' '^python3$'
      file=$(real "$libraries/libssl.so.3")
      without "$file"
      wound "library of a module, $file" missing-library 'lib-dynload/_ssl' '^libssl\.so\.3$'
      ;;
    perl)
      every /usr/bin/perl libcrypt.so.1 libcrypt.so.1 libm.so.6 /usr/bin/perl libsqlite3.so.0
      ;;
    su)
      every /usr/bin/su libpam.so.0 libpam_misc.so.0 libpam.so.0 /bin/bash libselinux.so.1
      file=$(cd "$tree" && find usr lib -name pam_unix.so -print -quit)
      without "/$file"
      wound "PAM module $file" missing-module '^/etc/pam.d/common-' '^pam_unix\.so$'
      without /etc/pam.d/common-account
      wound "PAM file common-account" missing-module '^/etc/pam.d/su$' 'common-account'
      ;;
    pixbuf)
      every /usr/bin/gdk-pixbuf-thumbnailer libgdk_pixbuf-2.0.so.0 libz.so.1 libz.so.1 /bin/bash libgio-2.0.so.0
      file=$(cd "$tree" && find usr -name libpixbufloader-xpm.so -print -quit)
      without "/$file"
      wound "GDK-PixBuf module $file" missing-module 'loaders\.cache$' 'libpixbufloader-xpm\.so$'
      ;;
  esac
}

# whole NAME: nothing that the container starts is broken, and what is broken all the same is told as such.
whole() {
  works "$tree" || bad "$1 does not work: $(tail -n 3 "$work/started")"
  verified "$layout" "$tag"
  [ "$code" = 0 ] || bad "verify's exit code for the whole image is $code"
  [ -z "$(in_use)" ] || bad "verify finds in the whole image: $(in_use)"
  printf '%s: works, %s faults that nothing meets\n' "$1" "$(jq length "$work/problems")"
}

[ $# -gt 0 ] || set -- "${images[@]}"
for name in "$@"; do
  make_image "$name"
  layout=$work/layout tag=whole tree=$work/root
  whole "$name"
  wounds "$name"
  "$slim" rebuild "oci:$work/layout:whole" -o "oci:$work/pruned:whole" --update none --quiet
  as_root rm -rf "$work/pruned-root"
  unpack "$work/pruned" whole "$work/pruned-root"
  layout=$work/pruned tree=$work/pruned-root
  whole "$name, pruned"
  wounds "$name"
  as_root rm -rf "$work/pruned"
done
[ "$faults" -eq 0 ] || { printf '%s wounds: %s faults\n' "$seen" "$faults"; exit 1; }
echo "$seen wounds, all of them seen"
