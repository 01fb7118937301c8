#!/usr/bin/env bash
# Times `slim rebuild --update all` of an outdated image, index cache warm, against `apt-get update && apt-get -y upgrade` in a chroot of
# the same image: CPU seconds of the whole process trees, in one run. Once as it is by default (what nothing reaches is removed and
# not downloaded), once with --prune none (the same packages as apt's; a whole image is compressed again, which apt does not do).
#
#   bash examples/bench-update.sh [RUNS [PACKAGE...]]      RUNS: how often each, alternating (3 by default); the medians are compared
#                                                          PACKAGE: what the image holds (nginx by default), or `everything`
# Needs what examples/quickstart.sh needs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/lib/image.sh
. "$here/lib/image.sh"
runs=${1:-3}
packages=${*:2}
packages=${packages:-nginx}
[ "$packages" != everything ] || packages="nginx ca-certificates curl python3 python3-pip python3-venv git postgresql locales php-fpm redis-server openjdk-17-jre-headless"
work=$(mktemp -d)
trap 'as_root rm -rf "$work"' EXIT
need mmdebstrap mmdebstrap
need jq jq

debian_root bookworm "$work/root" "${packages// /,}"
layer_all "$work/root" "$work/image.tar"
layout "$work/image" outdated '{"Entrypoint":["nginx","-g","daemon off;"]}' "$work/image.tar"
slim=$(slim_program)

# cpu FILE COMMAND...: user and system seconds of a command and its children, added up, into FILE.
cpu() {
  local file=$1 TIMEFORMAT='%R %U %S'
  shift
  { time "$@" >"$work/log" 2>&1; } 2> "$work/time" || { tail -n 20 "$work/log" >&2; exit 1; }
  awk '{ printf "%.2f %.2f\n", $2 + $3, $1 }' "$work/time" | tee -a "$file"
}
slim_run() { rm -rf "$work/out"; "$slim" rebuild "oci:$work/image:outdated" -o "oci:$work/out:x" --cache "$work/cache" --quiet "$@"; }
apt_run() { in_root "$work/apt" sh -c 'apt-get -qq update && apt-get -qq -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold upgrade'; }

# The cache holds indexes only: packages are fetched in every run, as apt fetches them.
slim_run
for _ in $(seq "$runs"); do
  rm -rf "$work/cache/packages"
  printf 'slim, default       CPU and wall seconds: '; cpu "$work/slim" slim_run
  rm -rf "$work/cache/packages"
  printf 'slim, --prune none  CPU and wall seconds: '; cpu "$work/slim-whole" slim_run --prune none
  as_root rm -rf "$work/apt"; unpack "$work/image" outdated "$work/apt"
  printf 'apt                 CPU and wall seconds: '; cpu "$work/apt-times" apt_run
done
median() { sort -n "$1" | awk -v column="$2" '{ v[NR] = $column } END { print v[int((NR + 1) / 2)] }'; }
for column in 1 2; do
  s=$(median "$work/slim" $column) w=$(median "$work/slim-whole" $column) a=$(median "$work/apt-times" $column)
  awk -v name="$([ $column = 1 ] && echo CPU || echo wall)" -v s="$s" -v w="$w" -v a="$a" 'BEGIN {
    printf "%s medians: slim %.2f s, slim --prune none %.2f s, apt %.2f s; apt takes %.1f and %.1f times as much\n", name, s, w, a, a / s, a / w
  }'
done
