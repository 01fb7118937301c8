#!/usr/bin/env bash
# Does slim load what the loader loads? For every dynamic ELF file of some roots, the image's own loader lists in a chroot what it would map
# (glibc's `ld.so --list`, musl's `--list`), and slim's search must give the same. Of another architecture, readelf says what is needed, and the
# test looks it up by itself. The same roots are then broken in one place at a time, and the check must see it.
#
# Needs a Debian machine, a Rust toolchain, and root (or sudo) for the chroots.
#   bash examples/loaders.sh [ROOT…]      roots as tar files or folders. Without any: a minimal Debian root, and what the behaviour suite has built
# CACHE          the behaviour suite's folder
# SLIM_FIXTURES  a folder with alpine/minirootfs/alpine-minirootfs-*-ARCH.tar.gz: this machine's and foreign ones are tried too
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=examples/lib/image.sh
. "$repository/examples/lib/image.sh"
# shellcheck source=examples/behaviour/lib/build.sh
. "$repository/examples/behaviour/lib/build.sh"

cache=${CACHE:-/var/tmp/slim-behaviour}
as_root mkdir -p "$cache"
as_root chown "$(id -u)" "$cache"
work=$(mktemp -d "$cache/loaders.XXXXXX")
trap 'as_root rm -rf "$work"' EXIT
need mmdebstrap mmdebstrap
need readelf binutils
need jq jq

if [ $# -eq 0 ]; then
  set -- "$(base)/root.tar"
  for root in "$cache"/*-*/root; do [ ! -d "$root" ] || set -- "$@" "$root"; done
  for alpine in "${SLIM_FIXTURES:-}"/alpine/minirootfs/*-"$(uname -m)".tar.gz; do [ ! -e "$alpine" ] || set -- "$@" "$alpine"; done
fi
roots= number=0
for given in "$@"; do
  if [ ! -d "$given" ]; then
    number=$((number + 1))
    mkdir "$work/$number"
    as_root tar --extract --numeric-owner --same-permissions --directory "$work/$number" --file "$given"
    given=$work/$number
  fi
  roots=$roots${roots:+:}$given
done

cd "$repository"
# The chroots need root; what cargo builds stays the user's.
program() { cargo test --quiet --workspace --test "$1" --no-run --message-format json | jq -r 'select(.executable) | .executable'; }
loader=$(program live_loader)
foreign=$(program foreign_closures)
cd rebuild
as_root env SLIM_ROOTS="$roots" "$loader" --ignored --nocapture --test-threads 1
env SLIM_FIXTURES="${SLIM_FIXTURES:-}" "$foreign" --nocapture
