# What a root weighs.

# megabytes ROOT: the bytes of its files in units of 10^6, hard links counted once; what a container's runtime mounts does not count.
megabytes() {
  as_root find "$1" -xdev \( -path "$1/proc" -o -path "$1/sys" -o -path "$1/dev" \) -prune -o -type f -printf '%i %s\n' |
    sort -u | awk '{ bytes += $2 } END { printf "%.1f\n", bytes / 1e6 }'
}
