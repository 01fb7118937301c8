# Shell functions that make and open container images with nothing but tar, gzip and sha256sum: the other hand, which checks
# what slim does without using any of its code (jq reads the manifests). Source this file; every function takes its folders as arguments.

# as_root COMMAND...: package installation into a folder needs a chroot.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# need PROGRAM PACKAGE: installs a Debian package where its program is missing.
need() {
  command -v "$1" >/dev/null 2>&1 && return
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null
}

# slim_program: the program to try: SLIM, or this repository's own, built in release mode.
slim_program() {
  if [ -n "${SLIM:-}" ]; then echo "$SLIM"; return; fi
  local repository
  repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  (cd "$repository" && cargo build --release --quiet --package slim-cli)
  echo "$(cd "$repository" && cargo metadata --no-deps --format-version 1 | jq -r .target_directory)/release/slim"
}

# test_program NAME: builds a test of this repository as the user and prints its program, for a suite that runs it as root.
test_program() {
  (cd "$(dirname "${BASH_SOURCE[0]}")/../.." && cargo test --quiet --workspace --locked --test "$1" --no-run --message-format json) |
    jq -r --arg name "$1" 'select(.executable and .target.name == $name) | .executable'
}

# mirror_of SUITE: the URL of a Debian suite, as this machine's own apt sources name it.
mirror_of() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
    awk -v suite="$1" '
      $2 == suite { print $1; found = 1; exit }
      $2 ~ /-security$/ { security = $1 }
      $2 !~ /-security$/ && $1 ~ /debian\/?$/ { main = $1 }
      END { if (!found) print (suite ~ /-security$/ ? security : main) }' | sed 's,/$,,'
}

# debian_root SUITE FOLDER [PACKAGE,...] [DOCS]: a minimal root from the suite's `main` only, so that everything that was published since
# is an update; its own apt sources name the updates and the security suite too. Docs are left out unless DOCS is "docs". ARCH, where it is
# set, is the architecture; this machine's own otherwise.
debian_root() {
  local suite=$1 root=$2 include=${3:-} docs=${4:-}
  local main security options=()
  main=$(mirror_of "$suite") security=$(mirror_of "$suite-security")
  if [ "$docs" != docs ]; then
    options=(--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright'
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*'
      --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/lintian/*')
  fi
  # The folders of manual pages, which a minimal root leaves out, are wanted by alternatives of these.
  case $include in *jre*|*postgresql*) options+=(--essential-hook='mkdir -p "$1/usr/share/man/man1" "$1/usr/share/man/man7"') ;; esac
  # Every release holds the keys of its suites: the sources need no Signed-By.
  as_root mmdebstrap --quiet --variant=minbase ${ARCH:+--architectures="$ARCH"} ${include:+--include="$include"} "${options[@]}" "$suite" "$root" "$main"
  as_root sh -c "printf 'deb %s %s main\n' '$main' '$suite' '$main' '$suite-updates' '$security' '$suite-security' > '$root/etc/apt/sources.list'"
  as_root sh -c "printf '#!/bin/sh\nexit 101\n' > '$root/usr/sbin/policy-rc.d'; chmod 755 '$root/usr/sbin/policy-rc.d'"
}

# in_root ROOT COMMAND...: runs a command of the root, as the distro's own tools would in a build.
in_root() {
  local root=$1
  shift
  as_root env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
    unshare --mount --pid --fork --kill-child sh -c '
      root=$1; shift
      mount -t proc proc "$root/proc" 2>/dev/null
      for device in null zero random urandom; do
        [ -e "$root/dev/$device" ] || : > "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
      done
      # Names are resolved with this machine'"'"'s settings, for the time of the command only.
      mkdir -p "$root/etc"; [ -e "$root/etc/resolv.conf" ] || : > "$root/etc/resolv.conf"
      mount --bind /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null
      exec chroot "$root" "$@"' sh "$root" "$@" </dev/null
}

# layer_all ROOT FILE: the whole root as a layer.
layer_all() { as_root tar --create --numeric-owner --xattrs --xattrs-include='*' --sort=name --one-file-system --directory "$1" --file "$2" \
  --exclude=./proc/* --exclude=./sys/* --exclude=./dev/* --exclude='./var/lib/apt/lists/*_*' --exclude='./var/cache/apt/*.bin' \
  --exclude='./var/cache/apt/archives/*.deb' .; }

# listing ROOT: every path below it, to compare before and after.
listing() { (cd "$1" && as_root find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./var/lib/apt/lists -o -path ./var/cache/apt \) -prune -o -print | LC_ALL=C sort); }

# layer_diff ROOT MARK OLD FILE: what was added or changed since MARK (a file) was touched, and whiteouts for what is in the listing OLD and
# no longer there.
layer_diff() {
  local root=$1 mark=$2 old=$3 file=$4 work
  work=$(mktemp -d)
  listing "$root" > "$work/new"
  (cd "$root" && as_root find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./var/lib/apt/lists -o -path ./var/cache/apt \) -prune \
    -o -cnewer "$mark" -print | LC_ALL=C sort) > "$work/changed"
  mkdir "$work/whiteouts"
  # Only the topmost path of what vanished needs a whiteout.
  LC_ALL=C comm -23 "$old" "$work/new" | awk '{ for (p in gone) if (index($0, p "/") == 1) next; gone[$0]; print }' |
    while IFS= read -r path; do
      mkdir -p "$work/whiteouts/$(dirname "$path")"
      : > "$work/whiteouts/$(dirname "$path")/.wh.$(basename "$path")"
    done
  as_root tar --create --numeric-owner --xattrs --xattrs-include='*' --no-recursion --directory "$root" --files-from "$work/changed" --file "$file"
  (cd "$work/whiteouts" && find . -name '.wh.*' -print | LC_ALL=C sort) > "$work/hidden"
  [ ! -s "$work/hidden" ] || as_root tar --append --numeric-owner --owner=0 --group=0 --directory "$work/whiteouts" --files-from "$work/hidden" --file "$file"
  rm -rf "$work"
}

# layout FOLDER TAG CONFIG LAYER...: an OCI layout of one image. CONFIG is the JSON of the image config's "config" object, layers are tar
# files, bottom first. ARCH as above.
layout() {
  local folder=$1 tag=$2 config=$3 diff_ids= layers= history= layer digest size
  shift 3
  mkdir -p "$folder/blobs/sha256"
  for layer in "$@"; do
    diff_ids="$diff_ids${diff_ids:+,}\"sha256:$(sha256sum < "$layer" | cut -d' ' -f1)\""
    gzip -n < "$layer" > "$folder/blob"
    digest=$(sha256sum < "$folder/blob" | cut -d' ' -f1) size=$(stat -c %s "$folder/blob")
    mv "$folder/blob" "$folder/blobs/sha256/$digest"
    layers="$layers${layers:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:$digest\",\"size\":$size}"
    history="$history${history:+,}{\"created\":\"2025-01-01T00:00:00Z\",\"created_by\":\"$(basename "$layer" .tar)\"}"
  done
  blob() { printf %s "$1" > "$folder/blob"; digest=$(sha256sum < "$folder/blob" | cut -d' ' -f1) size=$(stat -c %s "$folder/blob"); mv "$folder/blob" "$folder/blobs/sha256/$digest"; }
  blob "{\"created\":\"2025-01-01T00:00:00Z\",\"architecture\":\"${ARCH:-$(dpkg --print-architecture)}\",\"os\":\"linux\",\"config\":$config,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[$diff_ids]},\"history\":[$history]}"
  blob "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:$digest\",\"size\":$size},\"layers\":[$layers]}"
  printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"%s"}}]}' \
    "$digest" "$size" "$tag" > "$folder/index.json"
  printf '{"imageLayoutVersion":"1.0.0"}' > "$folder/oci-layout"
}

# manifest_of FOLDER TAG: the file of a tag's manifest.
manifest_of() {
  printf '%s/blobs/%s\n' "$1" "$(jq -r --arg tag "$2" \
    '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag) | .digest' "$1/index.json" | tr : /)"
}

# layer_digests FOLDER TAG: the digests of the layer blobs, bottom first, one a line.
layer_digests() { jq -r '.layers[].digest' "$(manifest_of "$1" "$2")"; }

# unpack FOLDER TAG ROOT: the image's layers, one over the other, whiteouts applied.
unpack() {
  local folder=$1 tag=$2 root=$3 digest blob name
  as_root mkdir -p "$root"
  layer_digests "$folder" "$tag" | while read -r digest; do
    blob=$folder/blobs/$(printf %s "$digest" | tr : /)
    tar --list --file "$blob" | { grep -E '(^|/)\.wh\.' || true; } | while IFS= read -r name; do
      case $(basename "$name") in
        .wh..wh..opq) as_root find "$root/$(dirname "$name")" -mindepth 1 -delete ;;
        .wh.*) as_root rm -rf "$root/$(dirname "$name")/$(basename "$name" | cut -c5-)" ;;
      esac
    done
    as_root tar --extract --numeric-owner --xattrs --xattrs-include='*' --same-permissions --exclude='.wh.*' --keep-directory-symlink --directory "$root" --file "$blob"
  done
}
