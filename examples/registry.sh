#!/usr/bin/env bash
# Rebuilds an image straight into a registry and checks with other tools what arrived: Debian's docker-registry on the loopback takes it,
# skopeo pulls it back, umoci unpacks it. Then the same rebuild is done on other threads, in another time zone, locale and umask: the
# digest has to be the same.
#
#   bash examples/registry.sh
# Needs root (or sudo) for the chroot in which the image is made.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/lib/image.sh
. "$here/lib/image.sh"
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
check() { printf '   ok: %s\n' "$*"; }
need mmdebstrap mmdebstrap
need jq jq
need curl curl
need skopeo skopeo
need umoci umoci
need docker-registry docker-registry
work=$(mktemp -d)
registry=
trap '[ -z "$registry" ] || kill "$registry"; as_root rm -rf "$work"' EXIT

debian_root bookworm "$work/root" nginx
layer_all "$work/root" "$work/image.tar"
layout "$work/image" outdated '{"Entrypoint":["nginx","-g","daemon off;"]}' "$work/image.tar"
slim=$(slim_program)

port=5117
cat > "$work/registry.yml" <<EOF
version: 0.1
storage: { filesystem: { rootdirectory: $work/registry } }
http: { addr: 127.0.0.1:$port }
EOF
docker-registry serve "$work/registry.yml" > "$work/registry.log" 2>&1 &
registry=$!
for _ in $(seq 50); do curl -sf "http://127.0.0.1:$port/v2/" >/dev/null && break; sleep 0.1; done

skopeo copy --quiet --dest-tls-verify=false "oci:$work/image:outdated" "docker://127.0.0.1:$port/nginx:outdated"
"$slim" rebuild "docker://127.0.0.1:$port/nginx:outdated" --tag "127.0.0.1:$port/nginx:slim" --push --report "$work/report.json"
digest=$(jq -r .result.digest "$work/report.json")
found=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://127.0.0.1:$port/nginx:slim")
[ "$digest" = "$found" ] || fail "slim says $digest, the registry has $found"
check "the registry has $digest"

skopeo copy --quiet --src-tls-verify=false "docker://127.0.0.1:$port/nginx:slim" "oci:$work/back:slim"
[ "$digest" = "sha256:$(basename "$(manifest_of "$work/back" slim)")" ] || fail "skopeo pulled another digest"
as_root umoci unpack --image "$work/back:slim" "$work/bundle" >/dev/null
"$slim" rebuild "oci:$work/image:outdated" -o "oci:$work/local:slim" --quiet
unpack "$work/local" slim "$work/unpacked"
# umoci unpacks with its own hands: every file has to be the same as in the layout that slim wrote.
files() { (cd "$1" && as_root find . -xdev \( -type f -exec sha256sum {} + \) -o -type l -printf '%p -> %l\n' | LC_ALL=C sort); }
files "$work/bundle/rootfs" > "$work/files.umoci"
files "$work/unpacked" > "$work/files.tar"
cmp "$work/files.umoci" "$work/files.tar" || fail "umoci's files differ"
check "pulled by skopeo, unpacked by umoci: $(wc -l < "$work/files.umoci") files and links are equal"

(
  umask 077
  TZ=Asia/Kolkata LC_ALL=C.UTF-8 "$slim" rebuild "oci:$work/image:outdated" -o "oci:$work/again:slim" --jobs 1 --quiet
  TZ=America/Lima LC_ALL=C "$slim" rebuild "oci:$work/image:outdated" -o "oci-archive:$work/again.tar:slim" --jobs 7 --quiet
)
for place in "oci:$work/local:slim" "oci:$work/again:slim" "oci-archive:$work/again.tar:slim"; do
  found=$(skopeo inspect --format '{{.Digest}}' "$place")
  [ "$found" = "$(skopeo inspect --format '{{.Digest}}' "oci:$work/local:slim")" ] || fail "$place has $found"
done
[ "$(skopeo inspect --format '{{.Digest}}' "oci:$work/local:slim")" = "$digest" ] || fail "a layout and a registry got different digests"
check "one digest, whatever threads, time zone, locale, umask and destination"
