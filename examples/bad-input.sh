#!/usr/bin/env bash
# What slim says, and leaves behind, when something is wrong: each sort of bad input is given to the program itself, with a registry and a package
# archive on the loopback that fail on demand. For each: the exit code, words that the message must hold, no destination, no temporary
# file. Then it is interrupted at many moments, and runs out of disk. Nothing here needs a network beyond the loopback.
#
#   bash examples/bad-input.sh           SLIM: the program (default: built in release mode)
# Needs root (or sudo) for dpkg in a folder and for a small tmpfs; dpkg-deb, gpg, jq and python3.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/lib/image.sh
. "$here/lib/image.sh"
need jq jq
need gpg gnupg
need python3 python3
slim=$(slim_program)
work=$(mktemp -d)
server=
finish() {
  [ -z "${KEEP:-}" ] || { echo "kept: $work"; return; }
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  if mountpoint -q "$work/small" 2>/dev/null; then as_root umount "$work/small"; fi
  as_root rm -rf "$work"
}
trap finish EXIT
port=5118
archive=http://127.0.0.1:$port/debian
count=0 wrong=0

# --- An archive with one newer package, signed by a key of its own; an image that trusts it; the image in a registry, too.
export GNUPGHOME=$work/gnupg
mkdir -m 700 "$GNUPGHOME"
key() { gpg --batch --quiet --passphrase '' --quick-generate-key "$1" ed25519 sign never 2>/dev/null; }
key good@example.org
key other@example.org

# deb VERSION: the toy package. Its 30 MB do not compress, so that a small disk is full before the end.
deb() {
  local folder=$work/deb-$1
  mkdir -p "$folder/DEBIAN" "$folder/usr/share/toy"
  head -c 30000000 /dev/urandom > "$folder/usr/share/toy/data"
  echo "$1" > "$folder/usr/share/toy/version"
  printf 'Package: toy\nVersion: %s\nArchitecture: amd64\nMaintainer: Toy <toy@example.org>\nDescription: toy\n' "$1" > "$folder/DEBIAN/control"
  dpkg-deb --root-owner-group -Znone --build "$folder" "$work/toy_$1_amd64.deb" >/dev/null
}
deb 1.0
deb 2.0

suite=$work/www/debian/dists/toy
# publish [KEY [VALID-UNTIL]]: indexes and their signature.
publish() {
  local deb=toy_2.0_amd64.deb
  mkdir -p "$suite/main/binary-amd64" "$work/www/debian/pool"
  cp "$work/$deb" "$work/www/debian/pool/$deb"
  { dpkg-deb --field "$work/$deb"
    printf 'Filename: pool/%s\nSize: %s\nSHA256: %s\n' "$deb" "$(stat -c %s "$work/$deb")" "$(sha256sum < "$work/$deb" | cut -d' ' -f1)"
  } > "$suite/main/binary-amd64/Packages"
  { printf 'Origin: Toy\nSuite: toy\nCodename: toy\nDate: %s\n' "$(LC_ALL=C date -u -R)"
    [ -z "${2:-}" ] || printf 'Valid-Until: %s\n' "$2"
    printf 'Architectures: amd64\nComponents: main\nSHA256:\n'
    (cd "$suite" && for file in main/binary-*/Packages; do printf ' %s %s %s\n' "$(sha256sum < "$file" | cut -d' ' -f1)" "$(stat -c %s "$file")" "$file"; done)
  } > "$work/Release"
  cp "$work/Release" "$suite/Release"
  gpg --batch --quiet --yes --local-user "${1:-good@example.org}" --clearsign --output "$suite/InRelease" "$work/Release"
}
publish

root=$work/root
mkdir -p "$root"/{etc/apt/trusted.gpg.d,usr/bin,usr/lib,var/lib/dpkg/info,var/lib/dpkg/updates}
printf 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\nVERSION_CODENAME=bookworm\n' > "$root/etc/os-release"
printf 'deb %s toy main\n' "$archive" > "$root/etc/apt/sources.list"
gpg --batch --quiet --export good@example.org > "$root/etc/apt/trusted.gpg.d/toy.gpg"
: > "$root/var/lib/dpkg/status"
as_root env PATH="$PATH:/sbin:/usr/sbin" dpkg --root="$root" --force-architecture --install "$work/toy_1.0_amd64.deb" >/dev/null
layer_all "$root" "$work/image.tar"
layout "$work/image" x '{"Entrypoint":["/usr/share/toy/version"]}' "$work/image.tar"

# as_registry NAME LAYOUT TAG: the image for readers of a registry.
as_registry() {
  local folder=$work/www/v2/$1 manifest
  mkdir -p "$folder/manifests" "$folder/blobs"
  manifest=$(manifest_of "$2" "$3")
  cp "$manifest" "$folder/manifests/latest"
  cp "$manifest" "$folder/manifests/sha256:$(basename "$manifest")"
  for blob in "$2"/blobs/sha256/*; do cp "$blob" "$folder/blobs/sha256:$(basename "$blob")"; done
}
as_registry toy "$work/image" x
layer=$(layer_digests "$work/image" x)

python3 "$here/lib/faulty.py" "$work" "$port" 2>/dev/null &
server=$!
for _ in $(seq 50); do curl -sf "http://127.0.0.1:$port/v2/" >/dev/null 2>&1 && break; sleep 0.1; done

# --- One attempt. The cache is new each time, so that every fault is met.
faults() { : > "$work/faults"; while [ $# -gt 0 ]; do echo "$1" >> "$work/faults"; shift; done; }
run() {
  rm -rf "$work/out" "$work/out.tar" "$work/tmp" "$work/cache"
  mkdir -p "$work/tmp"
  TMPDIR=$work/tmp "$slim" "$@" --cache "$work/cache" > "$work/stdout" 2> "$work/stderr"
}
# left: what a failed attempt left behind.
left() {
  { ls -A "$work/tmp"; [ ! -e "$work/out" ] || find "$work/out"; [ ! -e "$work/out.tar" ] || echo "$work/out.tar"
    [ ! -d "$work/cache/partial" ] || ls -A "$work/cache/partial"
    ls -A "$work" | grep -E '^\.|^out\.' || true; } 2>/dev/null
}
# refused NAME CODE WORDS COMMAND...: WORDS is a regular expression (grep -E, case ignored) that the message must match.
refused() {
  local name=$1 code=$2 words=$3 got=0 why=
  shift 3
  count=$((count + 1))
  run "$@" || got=$?
  if [ "$got" != "$code" ]; then why="exit code $got instead of $code"; fi
  tr '\n' ' ' < "$work/stderr" > "$work/message"
  grep -qiE -e "$words" "$work/message" || why="$why; the message does not say /$words/"
  if grep -qE 'panicked|RUST_BACKTRACE' "$work/message"; then why="$why; it panicked"; fi
  if [ -n "$(left)" ]; then why="$why; left behind: $(left | head -n 3 | tr '\n' ' ')"; fi
  if [ -n "$why" ]; then
    wrong=$((wrong + 1))
    printf 'FAILED %s: %s\n' "$name" "${why#; }"
    sed 's/^/       /' "$work/stderr"
  else
    printf '   ok: %-34s %s\n' "$name" "$(grep -m1 -iE '^error' "$work/stderr" | cut -c1-150)"
  fi
}
to=(-o "oci:$work/out:x")
whole=("${to[@]}" --prune none)
local_image=oci:$work/image:x
remote_image=docker://127.0.0.1:$port/toy:latest

faults
run rebuild "$remote_image" "${whole[@]}" || { cat "$work/stderr"; echo "FAILED: the image cannot be rebuilt even when nothing is wrong"; exit 1; }
jq -e '.manifests[0].digest' "$work/out/index.json" >/dev/null
[ -z "$(ls -A "$work/tmp")" ] || { echo "FAILED: temporary files stay after success"; exit 1; }
run inspect "$local_image" --updates
grep -q '1 package, 1 upgradable' "$work/stdout" || { cat "$work/stdout" "$work/stderr"; echo "FAILED: the archive's package is not seen"; exit 1; }
echo "   ok: without a fault, the image is rebuilt"

echo "the source"
refused "unknown reference"        1 'toy:nothing|404|not found|unknown' rebuild "docker://127.0.0.1:$port/toy:nothing" "${whole[@]}"
refused "malformed reference"      2 'UPPER'               rebuild "docker://127.0.0.1:$port/UPPER@x" "${whole[@]}"
refused "no such layout"           1 'nowhere'             rebuild "oci:$work/nowhere:x" "${whole[@]}"
refused "no such tag"              1 'nothing'             rebuild "oci:$work/image:nothing" "${whole[@]}"
faults "/v2/ 401"
refused "401"                      1 '401|credentials|login' rebuild "$remote_image" "${whole[@]}"
faults "/manifests/ 403"
refused "403"                      1 '403|denied|forbidden' rebuild "$remote_image" "${whole[@]}"
faults "/manifests/ 404"
refused "404"                      1 'does not exist' rebuild "$remote_image" "${whole[@]}"
faults "/manifests/ 503"
refused "503 of a manifest"        1 '503'                 rebuild "$remote_image" "${whole[@]}"
faults "/blobs/$layer 500"
refused "500 of a layer"           1 '500'                 rebuild "$remote_image" "${whole[@]}"
faults "/blobs/$layer cut"
refused "truncated layer"          1 "${layer:0:19}"       rebuild "$remote_image" "${whole[@]}"
faults "/blobs/$layer flip"
refused "corrupted layer"          1 "${layer:0:19}"       rebuild "$remote_image" "${whole[@]}"
faults "/manifests/ flip"
refused "corrupted manifest"       1 'manifest'            rebuild "$remote_image" "${whole[@]}"
faults
refused "unreachable registry"     1 '127.0.0.1:9'         rebuild "docker://127.0.0.1:9/toy" "${whole[@]}"
cp -a "$work/image" "$work/corrupt"
printf X | dd of="$work/corrupt/blobs/${layer/://}" bs=1 seek=1000000 conv=notrunc status=none
refused "corrupted layer of a layout" 1 "${layer:0:19}"    rebuild "oci:$work/corrupt:x" "${whole[@]}"
echo "not an image" > "$work/text"
refused "not an image"             1 'text'                rebuild "docker-archive:$work/text" "${whole[@]}"
refused "a folder that is no layout" 1 'oci-layout|index.json|layout' rebuild "oci:$root:x" "${whole[@]}"

# variant NAME COMMAND...: the image with its root changed by a command that runs there.
variant() {
  local name=$1
  shift
  as_root cp -a "$root" "$work/variant"
  (cd "$work/variant" && as_root sh -c "$*")
  layer_all "$work/variant" "$work/variant.tar"
  layout "$work/$name" x '{"Entrypoint":["/usr/share/toy/version"]}' "$work/variant.tar"
  as_root rm -rf "$work/variant"
}
variant bare 'rm -rf var/lib/dpkg'
refused "no package database"      1 'no package database' rebuild "oci:$work/bare:x" "${whole[@]}"
variant strange 'rm -rf var/lib/dpkg; echo ID=strange > etc/os-release'
refused "unknown distro"           1 'strange'             rebuild "oci:$work/strange:x" "${whole[@]}"
variant lists 'rm -f var/lib/dpkg/info/*'
refused "deleted file lists"       1 'toy'                 rebuild "oci:$work/lists:x" "${whole[@]}"
variant half 'sed -i "s/^Status:.*/Status: install ok half-configured/" var/lib/dpkg/status'
refused "half-configured package"  1 'half-configured'     rebuild "oci:$work/half:x" "${whole[@]}"
variant none 'rm -f etc/apt/sources.list'
refused "no package sources"       1 '--source-line'       rebuild "oci:$work/none:x" "${whole[@]}"

echo "the archive"
faults "InRelease 503"
refused "503 of InRelease"         1 '503'                 rebuild "$local_image" "${whole[@]}"
faults "InRelease 404"
refused "missing signature"        1 'InRelease|sign'      rebuild "$local_image" "${whole[@]}"
faults "InRelease flip"
refused "altered InRelease"        1 'signature|InRelease' rebuild "$local_image" "${whole[@]}"
faults
publish other@example.org
refused "signed by another key"    1 'key|signature'       rebuild "$local_image" "${whole[@]}"
cp "$work/Release" "$suite/InRelease"
refused "not signed"               1 'sign'                rebuild "$local_image" "${whole[@]}"
publish good@example.org 'Sat, 01 Jan 2022 00:00:00 UTC'
refused "expired"                  1 'expired|Valid-Until' rebuild "$local_image" "${whole[@]}"
publish
faults "Packages flip"
refused "index hash mismatch"      1 'Packages'            rebuild "$local_image" "${whole[@]}"
faults "Packages cut"
refused "truncated index"          1 'Packages'            rebuild "$local_image" "${whole[@]}"
faults "toy_2.0 404"
refused "missing package"          1 'toy_2.0'             rebuild "$local_image" "${whole[@]}"
faults "toy_2.0 flip"
refused "altered package"          1 'toy_2.0'             rebuild "$local_image" "${whole[@]}"
faults "toy_2.0 cut"
refused "truncated package"        1 'toy_2.0'             rebuild "$local_image" "${whole[@]}"
faults
variant unreachable 'echo "deb http://127.0.0.1:9/debian toy main" > etc/apt/sources.list'
refused "unreachable archive"      1 '127.0.0.1:9'         rebuild "oci:$work/unreachable:x" "${whole[@]}"

echo "the destination and this machine"
refused "destination below a file" 1 'text'                rebuild "$local_image" -o "oci:$work/text/out:x" --prune none
refused "destination does not exist" 1 'nowhere'           rebuild "$local_image" -o "oci-archive:$work/nowhere/out.tar" --prune none
refused "registry takes no uploads" 1 '405|push|upload'    rebuild "$local_image" --tag "127.0.0.1:$port/new:x" --push --prune none
refused "unknown option"           2 'no-such'             rebuild "$local_image" "${whole[@]}" --no-such
refused "no destination"           2 'output|dry-run'      rebuild "$local_image"
refused "no folder for temporary files" 1 'nowhere'        rebuild "$local_image" "${whole[@]}" --tmp "$work/nowhere"
mkdir "$work/small"
as_root mount -t tmpfs -o size=20m,mode=1777 tmpfs "$work/small"
refused "disk full: temporary files" 1 'space'             rebuild "$local_image" "${whole[@]}" --tmp "$work/small"
[ -z "$(ls -A "$work/small")" ] || { wrong=$((wrong + 1)); echo "FAILED: a full folder for temporary files is left as: $(ls -A "$work/small")"; }
refused "disk full: layout"        1 'space'               rebuild "$local_image" -o "oci:$work/small/out:x" --prune none
refused "disk full: archive"       1 'space'               rebuild "$local_image" -o "oci-archive:$work/small/out.tar" --prune none
refused "disk full: docker archive" 1 'space'              rebuild "$local_image" -o "docker-archive:$work/small/out.tar" --prune none
[ -z "$(ls -A "$work/small")" ] || { wrong=$((wrong + 1)); echo "FAILED: a full destination is left as: $(ls -A "$work/small")"; }

echo "interrupted"
# As long as a run takes, in twenty moments; what ends before it is interrupted counts as done, not as interrupted.
started=$(date +%s%N)
run rebuild "$remote_image" "${whole[@]}"
took=$(($(date +%s%N) - started))
interrupted=0
for moment in $(seq 20); do
  rm -rf "$work/out" "$work/tmp" "$work/cache"
  mkdir -p "$work/tmp"
  # A job of a shell without job control ignores SIGINT and hands that on; the program gets it back.
  TMPDIR=$work/tmp python3 -c 'import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])' \
    "$slim" rebuild "$remote_image" "${whole[@]}" --cache "$work/cache" > "$work/stdout" 2> "$work/stderr" &
  process=$!
  sleep "$(awk -v t="$took" -v m="$moment" 'BEGIN { printf "%.3f", t / 1e9 * m / 20 }')"
  kill -INT "$process" 2>/dev/null || true
  code=0
  wait "$process" || code=$?
  if [ "$code" = 0 ]; then
    jq -e '.manifests[0].digest' "$work/out/index.json" >/dev/null || { wrong=$((wrong + 1)); echo "FAILED: done, but the layout is not whole"; }
    [ -z "$(ls -A "$work/tmp")" ] || { wrong=$((wrong + 1)); echo "FAILED: temporary files stay after success"; }
    continue
  fi
  interrupted=$((interrupted + 1))
  if [ -n "$(left)" ]; then wrong=$((wrong + 1)); echo "FAILED: interrupted at moment $moment of 20, left behind: $(left | head -n 5 | tr '\n' ' ')"; fi
done
[ "$interrupted" -ge 5 ] || { wrong=$((wrong + 1)); echo "FAILED: only $interrupted of 20 runs were interrupted"; }
echo "   ok: $interrupted of 20 runs were interrupted and left nothing"

printf '%s refusals, %s wrong\n' "$count" "$wrong"
[ "$wrong" = 0 ]
