#!/usr/bin/env bash
# Is what a pruned image's package database says true? Prunes images by both profiles, opens them, and asks the distribution's own tools:
# dpkg --audit, dpkg -V, apt-get check, and a search for entries that speak of packages that are gone.
#
# Needs a Debian machine, a Rust toolchain, and root (or sudo) for the chroots.
#   bash examples/truth.sh [NAME=ROOT.tar:COMMAND…]      more images: a root as a tar file, and what it runs
# SLIM: the program to try (built in release mode unless given).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/lib/image.sh
. "$here/lib/image.sh"

work=$(mktemp -d)
trap 'as_root rm -rf "$work"' EXIT
faults=0
bad() { printf '   WRONG: %s\n' "$*"; faults=$((faults + 1)); }

need mmdebstrap mmdebstrap
need jq jq
need strace strace
slim=$(slim_program)

image() { # NAME ROOT.tar COMMAND
  layout "$work/images/$1" "$1" "{\"Entrypoint\":[\"sh\",\"-c\",\"$3\"],\"Env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"]}" "$2"
}

# rebuild NAME TAG OPTION...: into $work/TAG, unpacked to $work/root.
rebuild() {
  local name=$1 tag=$2
  shift 2
  "$slim" rebuild "oci:$work/images/$name:$name" -o "oci:$work/$tag:slim" --update none --quiet --report "$work/report.json" "$@"
  as_root rm -rf "$work/root"
  unpack "$work/$tag" slim "$work/root"
}

# Every package that a file of the database names must be in it.
stale() {
  local admin=$work/root/var/lib/dpkg known
  known=$(dpkg-query --admindir="$admin" -W -f '${Package}\n${binary:Package}\n${Package}:${Architecture}\n' | sort -u)
  {
    find "$admin/info" -type f ! -name format -printf '%f\n' | sed 's/\.[a-z0-9]*$//'
    find "$admin/triggers" -type f ! -name Lock -exec sed -n 's,.*[ ],,; s,/.*,,; /./p' {} +
    awk 'NR % 3 == 0 && $0 != ":"' "$admin/diversions" 2>/dev/null || true
    jq -r '.packages[] | "gone \(.name):\(.architecture)"' "$work/root/usr/share/slim/removed.json"
  } | sort -u | while read -r word rest; do
    if [ "$word" = gone ]; then
      ! grep -qxF -- "$rest" <<< "$known" || echo "removed.json names $rest, which is installed"
    else
      grep -qxF -- "$word" <<< "$known" || echo "the database names $word, which is gone"
    fi
  done
}

# verified: what dpkg misses in $work/root; configuration files may be changed and removed by whoever makes an image.
verified() { dpkg --root="$work/root" -V 2>&1 | grep -v ' c /' | LC_ALL=C sort || true; }

truth() { # NAME PROFILE
  local text
  rebuild "$1" "$1-$2" --prune "$2"
  printf '%s, %s: %s packages of %s are left\n' "$1" "$2" "$(jq '[.packages[] | select(.verdict != "removed")] | length' "$work/report.json")" \
    "$(jq '.packages | length' "$work/report.json")"
  text=$(dpkg --root="$work/root" --audit 2>&1); [ -z "$text" ] || bad "dpkg --audit: $text"
  # What the original misses already (documentation that was never unpacked) is no news.
  text=$(verified | LC_ALL=C comm -23 - "$work/$1.missing"); [ -z "$text" ] || bad "dpkg -V: $text"
  text=$(stale); [ -z "$text" ] || bad "$text"
  text=$("$slim" rebuild "oci:$work/$1-$2:slim" -o "oci:$work/again:slim" --update none --prune "$2" --quiet --report - | jq -r .outcome)
  [ "$text" = nothing-to-do ] || bad "a second run is $text"
}

usable() { # NAME
  rebuild "$1" "$1-usable" --prune-mode apt-usable --keep apt
  printf '%s, apt-usable: %s packages are left\n' "$1" "$(jq '[.packages[] | select(.verdict != "removed")] | length' "$work/report.json")"
  in_root "$work/root" apt-get -qq check || bad "apt-get check complains"
  [ -z "$(in_root "$work/root" dpkg --audit)" ] || bad "dpkg --audit complains"
  # Installing takes programs of essential packages, for which nobody asks: dpkg itself, and the package's own script.
  local package=$work/package text
  mkdir -p "$package/DEBIAN"
  printf 'Package: slim-trial\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a trial\n' > "$package/DEBIAN/control"
  printf '#!/bin/sh\nset -e\nupdate-passwd --dry-run\nhostname\n' > "$package/DEBIAN/postinst"
  chmod 755 "$package/DEBIAN/postinst"
  as_root dpkg-deb --root-owner-group --build "$package" "$work/root/trial.deb" >/dev/null
  text=$(in_root "$work/root" apt-get -qq -y -o Dpkg::Use-Pty=0 install /trial.deb 2>&1) || bad "apt-get install: $text"
}

# A command that nothing reaches: what the trial misses is kept, and then it does what it did.
tried() { # NAME
  rebuild "$1" "$1-tried" --test 'dpkg --version'
  jq -r '.notes[] | select(startswith("--test"))' "$work/report.json" | sed 's/^/   /'
  jq -e '[.notes[] | select(endswith("exit code 0 and the same output as in the original"))] | length == 1' "$work/report.json" >/dev/null ||
    bad "the trial went otherwise"
  in_root "$work/root" dpkg --version >/dev/null || bad "dpkg does not run in the result"
  # A script that ends with its first command that is missing tells of the next when that one is there.
  rebuild "$1" "$1-stepwise" --test 'sh -ec "dpkg --version; tar --version; gzip --version"'
  jq -e '[.notes[] | select(endswith("exit code 0 and the same output as in the original"))] | length == 1' "$work/report.json" >/dev/null ||
    bad "the trial of a script went otherwise"
  printf 'id: mine\nabout: a test\nrules:\n  - {id: told, because: it tells its version, when: {always: true}, test: [dpkg --version]}\n' > "$work/mine.yaml"
  rebuild "$1" "$1-told" --recipe "$work/mine.yaml" --test-recipes
  jq -e '[.notes[] | select(startswith("recipe told dpkg --version: exit code 0 and the same output"))] | length == 1' "$work/report.json" >/dev/null ||
    bad "the trial of a recipe went otherwise"
}

names=()
if [ $# -eq 0 ]; then
  for suite in bookworm trixie; do
    debian_root "$suite" "$work/base" "$([ "$suite" = trixie ] && echo perl || echo nginx,ca-certificates)"
    layer_all "$work/base" "$work/base.tar"
    image "$suite" "$work/base.tar" "$([ "$suite" = trixie ] && echo perl -v || echo exec nginx)"
    as_root rm -rf "$work/base" "$work/base.tar"
    names+=("$suite")
  done
fi
for given in "$@"; do
  rest=${given#*=}
  image "${given%%=*}" "${rest%%:*}" "${rest#*:}"
  names+=("${given%%=*}")
done
for name in "${names[@]}"; do
  as_root rm -rf "$work/root"
  unpack "$work/images/$name" "$name" "$work/root"
  verified > "$work/$name.missing"
  truth "$name" packages
  truth "$name" files
  usable "$name"
  tried "$name"
done
[ "$faults" -eq 0 ] || { printf '%s faults\n' "$faults"; exit 1; }
echo "every database is true"
