#!/usr/bin/env bash
# Which builds hold the maintainer scripts that recipes/scripts knows by their content: reads them out of the packages of their suites,
# in every version that the archive has, and writes them into the recipes.
#
#   examples/known-scripts.sh [--check]      --check: changes nothing, and fails where a recipe would be another
#
# ARCHITECTURES   which ones (default: amd64 arm64 i386)     SCRIPT_HASHES   the program that reads packages (default: built here)
# Needs apt and a Debian mirror, and no root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib/image.sh"
ARCHITECTURES=${ARCHITECTURES:-amd64 arm64 i386}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/apt.conf"

# apt_of SUITE ARCHITECTURE PROGRAM...: apt that knows nothing but this suite, its security suite and one architecture.
apt_of() {
  local suite=$1 architecture=$2 program=$3 place=$work/$1-$2
  shift 3
  if [ ! -d "$place" ]; then
    mkdir -p "$place"/etc/{apt.conf.d,preferences.d,trusted.gpg.d} "$place"/state/lists/partial "$place"/cache/archives/partial
    printf 'deb [signed-by=%s] %s %s main\n' /usr/share/keyrings/debian-archive-keyring.gpg "$(mirror_of "$suite")" "$suite" \
      /usr/share/keyrings/debian-archive-keyring.gpg "$(mirror_of "$suite-security")" "$suite-security" > "$place/etc/sources.list"
    touch "$place/status"
  fi
  APT_CONFIG="$work/apt.conf" "$program" -o Dir::Etc="$place/etc" -o Dir::State="$place/state" -o Dir::Cache="$place/cache" \
    -o Dir::State::status="$place/status" -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
    -o Acquire::Languages=none -o APT::Sandbox::User=root -o Acquire::AllowInsecureRepositories=false "$@"
}

hashes() {
  if [ -n "${SCRIPT_HASHES:-}" ]; then "$SCRIPT_HASHES" "$@"; return; fi
  cargo run --quiet --manifest-path "$here/../Cargo.toml" -p slim-examples --bin script-hashes -- "$@"
}

status=0
for recipe in "$here"/../recipes/scripts/*.yaml; do
  name=$(basename "$recipe" .yaml)
  hashes --packages "$recipe" | sort -u > "$work/packages"
  mkdir -p "$work/$name"
  while read -r suite package; do
    for architecture in $ARCHITECTURES; do
      apt_of "$suite" "$architecture" apt-get -qq update
      for version in $(apt_of "$suite" "$architecture" apt-cache madison "$package" | awk '{ print $3 }' | sort -u); do
        (cd "$work/$name" && apt_of "$suite" "$architecture" apt-get -qq download "$package=$version")
      done
    done
  done < "$work/packages"
  hashes --builds "$recipe" "$work/$name"/*.deb > "$work/$name.yaml"
  if cmp -s "$work/$name.yaml" "$recipe"; then
    echo "$name: $(grep -c sha256: "$recipe") builds, as the packages have them"
  elif [ "${1:-}" = --check ]; then
    echo "$name: not as the packages have them"
    diff -u "$recipe" "$work/$name.yaml" || status=1
  else
    cp "$work/$name.yaml" "$recipe"
    echo "$name: $(grep -c sha256: "$recipe") builds written"
  fi
done
exit $status
