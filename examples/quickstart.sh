#!/usr/bin/env bash
# Makes an outdated nginx image from Debian packages, rebuilds it with slim, and proves what came out with other tools: the
# distribution's own apt and dpkg in a chroot, and nginx itself.
#
# Needs a Debian machine with a Rust toolchain, and root (or sudo) for the chroots; slim itself needs neither.
#   bash examples/quickstart.sh [FOLDER]      FOLDER: where to work (a temporary one by default; then it is removed)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/lib/image.sh
. "$here/lib/image.sh"

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
check() { printf '   ok: %s\n' "$*"; }

work=${1:-}
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'as_root rm -rf "$work"' EXIT
fi
mkdir -p "$work"
suite=bookworm port=18080

step "tools"
need mmdebstrap mmdebstrap
need jq jq
need curl curl
check "mmdebstrap, jq, curl"

step "an image of three layers: a base from $suite's main only, nginx, a site"
root=$work/root
debian_root "$suite" "$root"
layer_all "$root" "$work/base.tar"
listing "$root" > "$work/listing"; touch "$work/mark"; sleep 1.1
# nginx too comes from main only, whatever the image's sources offer: it is to be outdated.
in_root "$root" sh -c 'head -n 1 /etc/apt/sources.list > /tmp/main.list
  apt-get -qq -o Dir::Etc::SourceList=/tmp/main.list update
  apt-get -qq -y --no-install-recommends -o Dir::Etc::SourceList=/tmp/main.list install nginx >/dev/null 2>&1
  rm -rf /tmp/main.list /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/log/apt /var/log/dpkg.log'
layer_diff "$root" "$work/mark" "$work/listing" "$work/nginx.tar"
mkdir -p "$work/site/etc/nginx/sites-available"
printf 'server { listen 127.0.0.1:%s; location / { return 200 "patched and slim\\n"; } }\n' "$port" \
  > "$work/site/etc/nginx/sites-available/default"
tar --create --numeric-owner --owner=0 --group=0 --mtime=2025-01-01 --directory "$work/site" --file "$work/site.tar" ./etc/nginx/sites-available/default
layout "$work/image" outdated \
  '{"Entrypoint":["nginx","-g","daemon off;"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}' \
  "$work/base.tar" "$work/nginx.tar" "$work/site.tar"
check "oci:$work/image:outdated, $(du -sm "$root" | cut -f1) MB"

step "slim, built in release mode"
slim=$(slim_program)
check "$("$slim" --version)"

step "slim rebuild"
"$slim" rebuild "oci:$work/image:outdated" -o "oci:$work/result:slim" --report "$work/report.json"

step "proof: nginx runs"
unpack "$work/result" slim "$work/slim-root"
in_root "$work/slim-root" nginx -t 2>&1 | sed 's/^/   /'
in_root "$work/slim-root" nginx -g 'daemon off;' > "$work/nginx.log" 2>&1 &
nginx=$!
answer=
for _ in $(seq 50); do
  answer=$(curl -s -w '%{http_code}' "http://127.0.0.1:$port/" || true)
  [ "${answer: -3}" = 200 ] && break
  sleep 0.1
done
as_root pkill -f 'nginx: master process nginx -g daemon off;' || true
wait "$nginx" || true
[ "${answer: -3}" = 200 ] || fail "nginx did not answer: $(cat "$work/nginx.log")"
check "200: ${answer%???}"

step "proof: the versions are apt's"
unpack "$work/image" outdated "$work/apt-root"
in_root "$work/apt-root" sh -c 'apt-get -qq update && apt-get -qq -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold upgrade' > "$work/apt.log" 2>&1 \
  || fail "apt-get upgrade in the copy: $(tail -n 5 "$work/apt.log")"
versions() { as_root dpkg-query --admindir="$1/var/lib/dpkg" -W -f '${Package}:${Architecture} ${Version}\n' | LC_ALL=C sort; }
versions "$work/apt-root" > "$work/versions.apt"
versions "$work/slim-root" > "$work/versions.slim"
[ -s "$work/versions.slim" ] || fail "the result's dpkg lists nothing"
LC_ALL=C comm -23 "$work/versions.slim" "$work/versions.apt" > "$work/versions.differ"
[ ! -s "$work/versions.differ" ] || fail "other versions than apt's: $(cat "$work/versions.differ")"
check "$(wc -l < "$work/versions.slim") packages are left of $(wc -l < "$work/versions.apt"), each in the version that apt-get upgrade gives"
"$slim" rebuild "oci:$work/image:outdated" -o "oci:$work/updated:all" --prune none --quiet
unpack "$work/updated" all "$work/updated-root"
versions "$work/updated-root" | diff -u "$work/versions.apt" - || fail "with --prune none, the packages differ from apt's"
check "with --prune none, all $(wc -l < "$work/versions.apt") packages have apt's versions"
[ -z "$(as_root dpkg --root="$work/slim-root" --audit)" ] || fail "dpkg --audit complains"
check "dpkg --audit is silent"

step "proof: what did not change kept its digest"
before=$(layer_digests "$work/image" outdated | tail -n 1) after=$(layer_digests "$work/result" slim | tail -n 1)
[ "$before" = "$after" ] || fail "the site's layer was $before and is $after"
check "the third layer is $after"
"$slim" rebuild "oci:$work/result:slim" -o "oci:$work/again:slim" --quiet
[ "$(manifest_of "$work/result" slim | xargs basename)" = "$(manifest_of "$work/again" slim | xargs basename)" ] || fail "a second run changed the image"
check "a second run gives the same digest"
gone=$(as_root jq '.packages | length' "$work/slim-root/usr/share/slim/removed.json")
[ "$gone" = "$(jq '[.packages[] | select(.verdict == "removed")] | length' "$work/report.json")" ] || fail "the list of removed packages has $gone entries"
check "the image lists the $gone packages that went, in /usr/share/slim/removed.json"
files=$(as_root find "$work/slim-root" -xdev -type f -printf '%i %s\n' | sort -u | awk '{ sum += $2 } END { print sum }')
printf '\n   %s MB of files now, %s MB before\n' "$((files / 1000000))" "$(as_root find "$root" -xdev -type f -printf '%i %s\n' | sort -u | awk '{ sum += $2 } END { printf "%d", sum / 1000000 }')"
[ "$files" -le 23000000 ] || fail "$files bytes are more than 23 MB"
