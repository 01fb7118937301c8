#!/usr/bin/env bash
# Does slim load what the loader loads? For every dynamic ELF file of some roots, the image's own loader lists in a chroot what it would map
# (glibc's `ld.so --list`, musl's `--list`), and slim's search must give the same. Of another architecture, readelf says what is needed, and the
# test looks it up by itself. The same roots are then broken in one place at a time, and the check must see it.
#
# Needs a Debian machine, a Rust toolchain, and root (or sudo) for the chroots.
#   bash examples/loaders.sh [ROOT…]      roots as tar files or folders. Without any: a minimal Debian root, and what the behaviour suite has built
# CACHE          the behaviour suite's folder
# SLIM_FIXTURES  a folder with alpine/minirootfs/alpine-minirootfs-*-ARCH.tar.gz: this machine's and foreign ones are tried too
# FOREIGN        architectures of Debian whose packages are unpacked and compared with what readelf says: "s390x armhf"
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
foreign_roots=
for architecture in ${FOREIGN:-}; do
  # Nothing of it can run here: unpacked is enough.
  mkdir -p "$work/foreign/$architecture"
  mmdebstrap --quiet --variant=extract --architectures="$architecture" --include=perl,python3-minimal bookworm - "$(mirror_of bookworm)" |
    tar --extract --exclude='./dev/*' --directory "$work/foreign/$architecture"
  foreign_roots=$foreign_roots${foreign_roots:+:}$work/foreign/$architecture
done

cd "$repository"
# The chroots need root; what cargo builds stays the user's.
loader=$(test_program live_loader)
foreign=$(test_program foreign_closures)
cd rebuild
as_root env SLIM_ROOTS="$roots" "$loader" --ignored --nocapture --test-threads 1
env SLIM_FIXTURES="${SLIM_FIXTURES:-}" SLIM_FOREIGN_ROOTS="$foreign_roots" "$foreign" --include-ignored --nocapture
