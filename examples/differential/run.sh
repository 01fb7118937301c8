#!/usr/bin/env bash
# Does `slim rebuild` leave what `apt-get upgrade` leaves? For each image of a matrix, made here from a suite's `main` in layers: slim upgrades
# the image, real apt upgrades the merged tree in a chroot, and both trees are compared completely (compare.sh, allow.txt). Then dpkg and
# apt judge slim's result, every layer's database is read, and slim runs again. What slim kept back (it is listed, with the reason) apt keeps
# back, too, so that the rest can be compared; with STRICT it is a fault.
#
#   examples/differential/run.sh [IMAGE... | all]      IMAGE: SUITE/NAME, as `bookworm/nginx`; default: two images, about five minutes
#
# An image of another architecture is SUITE-ARCH/NAME, as `bookworm-arm64/nginx`: made and upgraded by apt under qemu (qemu-user-static,
# which is registered with the kernel), and by slim without it.
#
# SLIM   the program (default: target/debug/slim)     WORK   where images and trees go (default: a folder below /tmp); images are made once
# STRICT not empty: nothing may be kept back   KEEP not empty: leave the trees `apt` and `slim` of each image
# FRESH  not empty: make the images anew              Needs root or sudo, mmdebstrap, jq, getfattr, and a Debian mirror.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../examples/lib/image.sh"
. "$here/compare.sh"

SLIM=${SLIM:-$here/../../target/debug/slim}
WORK=${WORK:-/tmp/slim-differential}
DEFAULT="bookworm/nginx bookworm/python"
NAMES="minbase nginx python postgresql php java everything"
# bookworm/servers and bookworm/tools are wider: what else servers and build images hold. A few packages there are kept back.
ALL=$(for suite in bookworm bullseye trixie; do for name in $NAMES; do echo "$suite/$name"; done; done; echo bookworm/servers bookworm/tools)

# packages_of SUITE NAME: what the layers above the base install, a layer a line.
packages_of() {
  case $2 in
    minbase) echo "" ;;
    nginx) echo "nginx ca-certificates curl" ;;
    python) echo "python3 python3-pip python3-venv git ca-certificates" ;;
    php) echo "php-fpm redis-server" ;;
    postgresql) echo "postgresql locales" ;;
    java) echo "openjdk-$(jre_of "$1")-jre-headless" ;;
    everything)
      echo "nginx ca-certificates curl openjdk-$(jre_of "$1")-jre-headless"
      echo "python3 python3-pip python3-venv git openssh-client"
      echo "postgresql locales php-fpm redis-server" ;;
    servers)
      echo "apache2 mariadb-server openssh-server sudo rsync rsyslog haproxy exim4-daemon-light memcached dovecot-imapd"
      echo "bind9 squid samba unbound tomcat10 mosquitto varnish dnsmasq cups-daemon krb5-user slapd" ;;
    tools)
      echo "build-essential nodejs ruby imagemagick ghostscript ffmpeg poppler-utils"
      echo "systemd dbus emacs-nox less jq unzip zip git-lfs openvpn udisks2 python3-cryptography python3-django linux-libc-dev" ;;
    *) echo "run.sh: unknown image $1/$2" >&2; return 2 ;;
  esac
}

# jre_of SUITE: the suite's default Java.
jre_of() { if [ "$1" = trixie ]; then echo 21; else echo 17; fi; }

# emulated: has the kernel run arm64 programs under qemu, where no systemd did so when the package was installed.
emulated() {
  local kernel=/proc/sys/fs/binfmt_misc
  need qemu-aarch64-static qemu-user-static
  if [ ! -e $kernel/register ]; then as_root mount -t binfmt_misc binfmt_misc $kernel; fi
  if [ ! -e $kernel/qemu-aarch64 ]; then as_root sh -c "cat /usr/lib/binfmt.d/qemu-aarch64.conf > $kernel/register"; fi
  arch-test arm64 >/dev/null
}

# make IMAGE FOLDER: the layout FOLDER/image, tag x: a base, layers of packages, a site's file.
make() {
  local suite=${1%/*} name=${1#*/} folder=$2 packages number=0 all ARCH= base=${1%/*}
  case $suite in
    *-arm64) ARCH=arm64 suite=${suite%-*}
      need arch-test arch-test
      arch-test arm64 >/dev/null 2>&1 || emulated ;;
  esac
  all=$(packages_of "$suite" "$name")
  if [ -n "${FRESH:-}" ]; then as_root rm -rf "$folder"; fi
  if [ -e "$folder/image/index.json" ]; then return; fi
  as_root rm -rf "$folder"; mkdir -p "$folder"
  # Images of one suite share their base layer, byte for byte.
  if [ ! -e "$WORK/base/$base/layer.tar" ]; then
    as_root rm -rf "$WORK/base/$base"; mkdir -p "$WORK/base/$base"
    debian_root "$suite" "$WORK/base/$base/root"
    layer_all "$WORK/base/$base/root" "$WORK/base/$base/layer.part"
    mv "$WORK/base/$base/layer.part" "$WORK/base/$base/layer.tar"
  fi
  as_root cp -a "$WORK/base/$base/root" "$folder/root"
  local layers=("$WORK/base/$base/layer.tar")
  while IFS= read -r packages; do
    if [ -z "$packages" ]; then continue; fi
    number=$((number + 1))
    listing "$folder/root" > "$folder/old"; touch "$folder/mark"; sleep 1.1
    # From main only, so that updates of what is installed here exist, too.
    in_root "$folder/root" sh -ec 'mkdir -p /usr/share/man/man1 /usr/share/man/man7
      sed -n 1p /etc/apt/sources.list > /etc/apt/main.list
      apt-get -qq -o Dir::Etc::SourceList=/etc/apt/main.list update
      apt-get -qq -y --no-install-recommends -o Dir::Etc::SourceList=/etc/apt/main.list install "$@" >/tmp/install.log 2>&1 || { tail /tmp/install.log >&2; exit 1; }
      rm -rf /tmp/install.log /etc/apt/main.list /var/lib/apt/lists/* /var/cache/apt/*' sh $packages
    layer_diff "$folder/root" "$folder/mark" "$folder/old" "$folder/packages-$number.tar"
    layers+=("$folder/packages-$number.tar")
  done <<< "$all"
  mkdir -p "$folder/site/srv/site"; echo "$1" > "$folder/site/srv/site/name"
  tar --create --numeric-owner --owner=0 --group=0 --mtime=@1700000000 --directory "$folder/site" --file "$folder/site.tar" ./srv
  layers+=("$folder/site.tar")
  layout "$folder/image" x '{"Entrypoint":["/bin/sh"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}' "${layers[@]}"
  as_root rm -rf "$folder/root"
}

# upgrade ROOT PINS: what a Dockerfile's RUN would do. PINS are preferences that keep back what slim kept back, so that the rest is compared.
upgrade() {
  as_root cp "$2" "$1/tmp/slim-pins"
  in_root "$1" sh -ec 'apt-get -qq update
    apt-get -y -o Dir::Etc::Preferences=/tmp/slim-pins -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold upgrade'
}

versions() { as_root dpkg-query --admindir="$1/var/lib/dpkg" -W -f '${binary:Package}\t${Version}\n' | LC_ALL=C sort; }

# fault TEXT: something is wrong with the image at hand.
fault() { echo "  WRONG: $*"; faults=$((faults + 1)); }

# of_layers FOLDER: every layer's copy of the status file names, of the packages it has, the versions of the finished image.
of_layers() {
  local folder=$1 digest number=0 part
  mkdir -p "$folder/status"
  layer_digests "$folder/out" x | while read -r digest; do
    number=$((number + 1)) part=$folder/status/$number
    tar --extract --to-stdout --file "$folder/out/blobs/$(printf %s "$digest" | tr : /)" --wildcards '*var/lib/dpkg/status' > "$part" 2>/dev/null || continue
    [ -s "$part" ] || continue
    awk '/^Package:/{ name = $2 } /^Version:/{ print name "\t" $2 }' "$part" | LC_ALL=C sort > "$part.versions"
    awk '/^Package:/{ name = $2 } /^Version:/{ print name "\t" $2 }' "$folder/slim/var/lib/dpkg/status" | LC_ALL=C sort |
      LC_ALL=C comm -13 - "$part.versions" | sed "s/^/layer $number has /"
  done
}

# one IMAGE: makes, upgrades twice, compares, checks; adds a line to the table.
one() {
  local image=$1 folder=$WORK/images/$1 faults=0 tiers audit by_apt by_slim back allowed wrong
  echo "== $image"
  make "$image" "$folder"
  as_root rm -rf "$folder"/{before,apt,slim,out,again,status}
  unpack "$folder/image" x "$folder/before"
  as_root cp -a "$folder/before" "$folder/apt"
  if ! "$SLIM" rebuild "oci:$folder/image:x" -o "oci:$folder/out:x" --update all --prune none --allow-larger \
    --report "$folder/report.json" --cache "$WORK/cache" > "$folder/slim.log" 2>&1; then
    fault "slim failed: $(tail -3 "$folder/slim.log")"
    printf '%s\t-\t-\t-\t-\t-\tfailed\n' "$image" >> "$WORK/table"
    failed="$failed $image"
    return
  fi
  unpack "$folder/out" x "$folder/slim"
  jq -r '.packages[] | select(.verdict == "kept-back") | "Package: \(.name)\nPin: version \(.version)\nPin-Priority: 1001\n"' "$folder/report.json" > "$folder/pins"
  if ! upgrade "$folder/apt" "$folder/pins" > "$folder/apt.log" 2>&1; then fault "apt-get upgrade failed: $(tail -1 "$folder/apt.log")"; fi
  facts "$folder/apt" > "$folder/apt.facts"
  facts "$folder/slim" > "$folder/slim.facts"
  differences "$folder/apt.facts" "$folder/slim.facts" > "$folder/differences"
  judged "$here/allow.txt" "$folder/before" "$folder/apt" "$folder/slim" "$folder/differences" > "$folder/judged"
  allowed=$(grep -vc '^-' "$folder/judged" || true) wrong=$(grep -c '^-' "$folder/judged" || true)
  [ "$wrong" = 0 ] || { fault "$wrong differences that are not on the list"; grep '^-' "$folder/judged" | cut -f2- | head -40 | sed 's/^/    /'; }

  versions "$folder/before" > "$folder/before.versions"
  by_apt=$(versions "$folder/apt" | LC_ALL=C comm -13 "$folder/before.versions" - | wc -l)
  by_slim=$(versions "$folder/slim" | LC_ALL=C comm -13 "$folder/before.versions" - | wc -l)
  back=$(jq -r '.packages[] | select(.verdict == "kept-back") | "    \(.name): \(.reason | split("\n")[0])"' "$folder/report.json")
  [ -z "$back" ] || printf '  kept back:\n%s\n' "$back"
  [ -z "$back" ] || [ -z "${STRICT:-}" ] || fault "packages were kept back"
  tiers=$(jq -r '[.packages[] | select(.verdict == "updated") | .tier] | group_by(.) | map("\(.[0]) \(length)") | join(", ")' "$folder/report.json")

  audit=$(in_root "$folder/slim" dpkg --audit 2>&1) || fault "dpkg --audit ends with $?"
  [ -z "$audit" ] || fault "dpkg --audit: $audit"
  # What dpkg --verify has to say was so before, or is so after apt.
  in_root "$folder/slim" dpkg --verify 2>&1 | LC_ALL=C sort > "$folder/slim.verify" || true
  in_root "$folder/apt" dpkg --verify 2>&1 | LC_ALL=C sort > "$folder/apt.verify" || true
  audit=$(LC_ALL=C comm -13 "$folder/apt.verify" "$folder/slim.verify")
  [ -z "$audit" ] || fault "dpkg --verify: $audit"
  in_root "$folder/slim" apt-get -qq check > "$folder/check.log" 2>&1 || fault "apt-get check: $(tail -3 "$folder/check.log")"
  audit=$(of_layers "$folder")
  [ -z "$audit" ] || fault "$audit"
  "$SLIM" rebuild "oci:$folder/out:x" -o "oci:$folder/again:x" --update all --prune none --allow-larger --cache "$WORK/cache" > "$folder/again.log" 2>&1 ||
    fault "the second run failed: $(tail -3 "$folder/again.log")"
  [ "$(layer_digests "$folder/out" x)" = "$(layer_digests "$folder/again" x)" ] || fault "the second run changed layers"
  [ "$(manifest_of "$folder/out" x | xargs basename)" = "$(manifest_of "$folder/again" x | xargs basename)" ] || fault "the second run changed the digest"

  # Images with one base get one base.
  layer_digests "$folder/out" x | head -1 > "$folder/base"
  if [ -z "$back" ] && [ -e "$WORK/base.${image%/*}" ] && ! cmp -s "$folder/base" "$WORK/base.${image%/*}"; then fault "its base layer is not that of the other images"; fi
  [ -n "$back" ] || cp "$folder/base" "$WORK/base.${image%/*}"
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$image" "$by_apt" "$by_slim" "${tiers:-none}" "$(printf '%s' "$back" | grep -c . || true)" "$allowed" "$wrong" >> "$WORK/table"
  [ -n "${KEEP:-}" ] || as_root rm -rf "$folder"/{before,apt,slim,again,status}
  [ "$faults" = 0 ] || failed="$failed $image"
}

need getfattr attr
need mmdebstrap mmdebstrap
need jq jq
need python3 python3
mkdir -p "$WORK"
rm -f "$WORK/table" "$WORK"/base.*
failed=
images=${*:-$DEFAULT}
[ "$images" != all ] || images=$ALL
for image in $images; do one "$image"; done
{ printf 'image\tapt\tslim\ttiers\tkept back\tallowed\tnot allowed\n'; cat "$WORK/table"; } | column -t -s "$(printf '\t')"
[ -z "$failed" ] || { echo "different:$failed"; exit 1; }
