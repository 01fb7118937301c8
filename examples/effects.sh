#!/usr/bin/env bash
# Does slim derive what the distribution's own tools derive? Real roots are made; in a chroot of each, ldconfig, update-ca-certificates,
# update-alternatives, dpkg-divert, ucf, deb-systemd-helper, py3compile and others run, and slim's effects must leave the same. Then every
# maintainer script of the roots is evaluated as a reinstallation would call it, and what is not understood is told.
#
#   bash examples/effects.sh
# ROOTS   a folder for the roots, to be kept between runs (default: a temporary one)
# Needs a Debian machine, a Rust toolchain, and root (or sudo) for the chroots.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=examples/lib/image.sh
. "$repository/examples/lib/image.sh"
need mmdebstrap mmdebstrap
need jq jq
need openssl openssl

work=$(mktemp -d)
trap 'as_root rm -rf "$work"' EXIT
roots=${ROOTS:-$work/roots}
mkdir -p "$roots"

# root NAME SUITE [PACKAGE,...]
root() {
  [ ! -e "$roots/$1.tar" ] || return 0
  debian_root "$2" "$work/$1" "${3:-}"
  as_root tar --create --numeric-owner --xattrs --xattrs-include='*' --one-file-system --directory "$work/$1" --file "$roots/$1.part" .
  mv "$roots/$1.part" "$roots/$1.tar"
  as_root rm -rf "${work:?}/$1"
}
for suite in bullseye bookworm trixie; do root "$suite" "$suite"; done
root servers bookworm nginx,ca-certificates,python3,python3-wheel,php-fpm,redis-server,libcap2-bin,ucf,procps

cd "$repository"
# The chroots need root; what cargo builds stays the user's.
effects=$(test_program live_effects)
scripts=$(test_program live_scripts)
cd rebuild
as_root env SLIM_IMAGES="$roots" "$effects" --ignored
env SLIM_IMAGES="$roots" "$scripts" --ignored --nocapture
