# Runs inside new mount, network, process and host-name namespaces: makes the container of a root as a runtime would, and a second one of
# the original image for clients, then reads the image's check.sh. Changes to the roots go to memory and vanish with the namespace.
#
# For check.sh:
#   container [ARGUMENT...]     starts the entrypoint (with the image's Cmd, or the arguments) in the background
#   run COMMAND...              runs a command in the container as its user, as `docker exec` does
#   once [ARGUMENT...]          runs the entrypoint and waits for its end
#   client COMMAND...           runs a command of the original image, in the same network
#   wait_port PORT              until something listens
#   tls_server PORT FOLDER      serves the folder by https with the image's /app/tls certificate
# With a fifth argument, a file, what the container's processes open and start is written there as strace does.
# What check.sh prints is compared. What must not be compared goes to standard error.
set -euo pipefail

description=$1 config=$2 after=$3 before=$4 trace=${5:-}
mount -t proc proc /proc
ip link set lo up
hostname container
space=$(mktemp -d)
mount -t tmpfs -o mode=755 tmpfs "$space"
log=$space/log
: > "$log"

# root_of LOWER FOLDER: the root with what a runtime adds: /proc, /dev, names.
root_of() {
  local lower=$1 folder=$2 device
  mkdir -p "$space/$folder"/{upper,work,root,dev}
  mount -t overlay overlay -o "lowerdir=$lower,upperdir=$space/$folder/upper,workdir=$space/$folder/work" "$space/$folder/root"
  folder=$space/$folder/root
  mkdir -p "$folder"/{proc,sys,dev,etc}
  mount -t proc proc "$folder/proc"
  mount -t tmpfs -o mode=755 tmpfs "$folder/dev"
  for device in null zero full random urandom tty; do
    : > "$folder/dev/$device"
    mount --bind "/dev/$device" "$folder/dev/$device"
  done
  mkdir -p "$folder/dev/shm" "$folder/dev/pts"
  chmod 1777 "$folder/dev/shm"
  ln -s /proc/self/fd "$folder/dev/fd"
  ln -s /proc/self/fd/0 "$folder/dev/stdin"
  ln -s /proc/self/fd/1 "$folder/dev/stdout"
  ln -s /proc/self/fd/2 "$folder/dev/stderr"
  printf '127.0.0.1 localhost\n127.0.0.1 container\n' > "$folder/etc/hosts"
  printf 'container\n' > "$folder/etc/hostname"
  : > "$folder/etc/resolv.conf"
}
root_of "$after" container
root_of "$before" client
container_root=$space/container/root client_root=$space/client/root

mapfile -t entrypoint < <(jq -r '.config.Entrypoint // [] | .[]' "$config")
mapfile -t cmd < <(jq -r '.config.Cmd // [] | .[]' "$config")
mapfile -t environment < <(jq -r '.config.Env // ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] | .[]' "$config")
directory=$(jq -r '.config.WorkingDir // "" | if . == "" then "/" else . end' "$config")
user=$(jq -r '.config.User // ""' "$config")

# A runtime reads the user's numbers from the image's own passwd.
uid=0 gid=0 home=/root
if [ -n "$user" ]; then
  IFS=: read -r uid gid home < <(awk -F: -v user="$user" '$1 == user || $3 == user { print $3 ":" $4 ":" $6 }' "$container_root/etc/passwd")
fi

# inside ROOT COMMAND...
inside() {
  local root=$1 program watched=
  shift
  # The program is looked up in the image's PATH, not in that of this shell; without a shell of the image.
  program=$(find_program "$root" "$1") || { printf 'no %s in the container\n' "$1" >&2; return 127; }
  shift
  [ "$root" = "$client_root" ] || watched=$trace
  ${replace:-} env -i PATH="$PATH" TRACE="$watched" CONTAINER_ENVIRONMENT="$(printf '%s\n' "HOME=$home" "${environment[@]}")" "$(command -v python3)" -I "$description/../../lib/enter.py" "$root" "$uid" "$gid" "$directory" "$program" "$@"
}

# find_program ROOT NAME: the path inside ROOT.
find_program() {
  local name=$2 place
  case $name in /*) printf '%s\n' "$name"; return ;; esac
  local IFS=:
  for place in $(printf '%s\n' "${environment[@]}" | sed -n 's/^PATH=//p'); do
    if [ -L "$1$place/$name" ] || [ -x "$1$place/$name" ]; then printf '%s\n' "$place/$name"; return; fi
  done
  return 1
}

container() {
  if [ $# = 0 ]; then set -- "${cmd[@]}"; fi
  replace=exec inside "$container_root" "${entrypoint[@]}" "$@" >> "$log" 2>&1 &
  container_pid=$!
}
once() {
  if [ $# = 0 ]; then set -- "${cmd[@]}"; fi
  inside "$container_root" "${entrypoint[@]}" "$@"
}
run() { inside "$container_root" "$@"; }
client() { uid=0 gid=0 home=/root directory=/ inside "$client_root" "$@"; }

show_log() { printf -- '--- what the container said:\n' >&2; tail -n 40 "$log" >&2; }

wait_port() {
  local turn
  for turn in $(seq 300); do
    if (: < "/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    if [ -n "${container_pid:-}" ] && ! kill -0 "$container_pid" 2>/dev/null; then printf 'the container ended\n' >&2; break; fi
    sleep 0.1
  done
  printf 'nothing listens on port %s\n' "$1" >&2
  show_log
  exit 1
}

tls_server() {
  python3 -I "$description/../../lib/tls_server.py" "$1" "$2" "$before/app/tls" >> "$log" 2>&1 &
  container_pid=
  wait_port "$1"
}

trap 'status=$?; [ $status = 0 ] || { printf "check.sh ended with %s\n" $status >&2; show_log; }' EXIT
set -o errtrace
. "$description/check.sh"
