#!/usr/bin/env bash
# Does what worked before still work after? Builds real images of Debian packages, shrinks them with slim, starts both in namespaces
# of their own, exercises both in the same way and compares what they answer. Nothing of slim's own code makes, unpacks or runs an image here.
#
#   examples/behaviour/run.sh                 the images that stand for the others, some minutes
#   examples/behaviour/run.sh all             every image
#   examples/behaviour/run.sh nginx redis     these
#
# SLIM       the program (default: built by cargo, unoptimized)
# PROFILES   what is tried (default: "packages files"; empty: the images are only built and exercised)
# CACHE      folder for the built images, to be kept between runs (default: below /var/tmp); they need root, mmdebstrap, jq and curl
# MARKDOWN   a file to which the table is written as documentation shows it
# OPENED     when set, the originals are exercised under strace as well: what they open is weighed, and a result that lacks any of it fails,
#            but for what opened-and-gone lists
# KEEP       when set, the results are left in the cache too
#
# Exits with 1 when something that worked before does not work after, when a result lacks what the original opens (OPENED), or when a
# result is larger than the image's bar.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
. "$repository/examples/lib/image.sh"
. "$here/lib/build.sh"
. "$here/lib/measure.sh"

few=(nginx redis c-server curl static)
profiles=${PROFILES-packages files}
cache=${CACHE:-/var/tmp/slim-behaviour}
as_root mkdir -p "$cache"
as_root chown "$(id -u)" "$cache"
need mmdebstrap mmdebstrap
need jq jq
need curl curl
[ -z "${OPENED:-}" ] || need strace strace
if [ -z "${SLIM:-}" ]; then
  (cd "$repository" && cargo build --quiet -p slim-cli)
  SLIM=${CARGO_TARGET_DIR:-$repository/target}/debug/slim
fi

if [ $# = 0 ]; then set -- "${few[@]}"; fi
if [ "$1" = all ]; then set -- $(ls "$here/images"); fi

work=$(mktemp -d "$cache/run.XXXXXX")
trap 'as_root rm -rf "$work"' EXIT
failures=()

# fail IMAGE PROFILE WHAT [FILE]: remembers a failure and shows the end of FILE.
fail() {
  failures+=("$1 ($2): $3")
  printf '  %s (%s): %s\n' "$1" "$2" "$3" >&2
  [ -z "${4:-}" ] || tail -n 30 "$4" | sed 's/^/    /' >&2
}

# exercise NAME LAYOUT ROOT ANSWERS LOG [TRACE]: runs the image's check against ROOT. The original image's files are the clients'.
exercise() {
  timeout --kill-after=10 300 env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 \
    unshare --mount --net --pid --ipc --uts --fork --kill-child --propagation private \
    bash "$here/lib/inside.sh" "$here/images/$1" "$(manifest_config "$2")" "$3" "$image/root" "${6:-}" > "$4" 2> "$5" </dev/null
}

# manifest_config LAYOUT: the file of the image's config; every layout here holds one image.
manifest_config() {
  local manifest
  manifest=$1/blobs/$(jq -r '.manifests[0].digest' "$1/index.json" | tr : /)
  printf '%s/blobs/%s\n' "$1" "$(jq -r .config.digest "$manifest" | tr : /)"
}

table=$work/table
printf 'image\tprofile\tMB before\tMB after\tbar\tpackages kept\tremoved\tunknowns\tworks before\tworks after\tseconds\n' > "$table"
for name in "$@"; do
  # Not in a condition: there a command that fails would not end the build.
  set +e
  image=$(set -e; built "$name" 2> "$work/build.log")
  status=$?
  set -e
  if [ $status != 0 ]; then
    fail "$name" build "could not be built" "$work/build.log"
    continue
  fi
  before=$(megabytes "$image/root")
  works=yes
  if ! exercise "$name" "$image/layout" "$image/root" "$work/before" "$work/before.log"; then
    works=no
    fail "$name" before "does not work" "$work/before.log"
  fi
  if [ -n "${OPENED:-}" ]; then
    rm -f "$work/trace"
    exercise "$name" "$image/layout" "$image/root" "$work/traced" "$work/traced.log" "$work/trace" ||
      fail "$name" traced "does not work under strace" "$work/traced.log"
  fi
  read -r bar_packages bar_files < "$image/bars"
  for profile in $profiles; do
    result=$work/$name-$profile
    bar=$bar_packages
    [ "$profile" = packages ] || bar=$bar_files
    started=$SECONDS
    if ! "$SLIM" rebuild "oci:$image/layout:$name" -o "oci:$result/layout:$name" --update none --prune "$profile" \
      --report "$result.json" --cache "$cache/slim" > "$result.log" 2>&1; then
      fail "$name" "$profile" "slim refused" "$result.log"
      printf '%s\t%s\t%s\t-\t%s\t-\t-\t-\t%s\trefused\t%s\n' "$name" "$profile" "$before" "$bar" "$works" $((SECONDS - started)) >> "$table"
      continue
    fi
    seconds=$((SECONDS - started))
    unpack "$result/layout" "$name" "$result/root"
    after=$(megabytes "$result/root")
    answer=yes
    if ! exercise "$name" "$result/layout" "$result/root" "$work/after" "$work/after.log"; then
      answer=no
      fail "$name" "$profile" "does not work any more" "$work/after.log"
    elif ! diff -u "$work/before" "$work/after" > "$work/difference"; then
      answer=differs
      fail "$name" "$profile" "answers otherwise than before" "$work/difference"
    fi
    if [ -n "${OPENED:-}" ]; then
      printf '%s (%s): ' "$name" "$profile"
      python3 -I "$here/lib/opened.py" "$work/trace" "$image/root" "$result/root" "$profile" "$here/opened-and-gone" ||
        fail "$name" "$profile" "lacks what the original opens"
    fi
    awk -v size="$after" -v bar="$bar" 'BEGIN { exit !(size > bar) }' && fail "$name" "$profile" "$after MB, more than $bar"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$profile" "$before" "$after" "$bar" \
      "$(jq -r '[([.packages[] | select(.verdict != "removed")] | length), ([.packages[] | select(.verdict == "removed")] | length), (.unknowns | length)] | @tsv' "$result.json")" \
      "$works" "$answer" "$seconds" >> "$table"
    if [ -n "${KEEP:-}" ]; then
      as_root rm -rf "$image/after-$profile"
      as_root mv "$result" "$image/after-$profile"
      cp "$result.json" "$image/after-$profile/report.json"
      cp "$work/after.log" "$image/after-$profile/log"
    else
      as_root rm -rf "$result"
    fi
  done
done

if [ -n "${MARKDOWN:-}" ]; then
  awk -F '\t' -v OFS=' | ' '{ $1 = $1; print "| " $0 " |" } NR == 1 { gsub(/[^|]+/, "---"); print "|" $0 "|" }' "$table" > "$MARKDOWN"
fi
column -t -s "$(printf '\t')" "$table"
if [ ${#failures[@]} -gt 0 ]; then
  printf '\n%s failed:\n' "${#failures[@]}"
  printf '  %s\n' "${failures[@]}"
  exit 1
fi
