# shellcheck shell=sh
# no_room TEXT ends the script with 73 (NO_ROOM) where a package manager said there that it cannot write, with the lines
# that say so.

no_room() {
  lines=$(printf '%s\n' "$1" | grep -E -e 'No space left on device|Disk quota exceeded|Read-only file system' \
    -e 'enough free space in' -e 'needs [0-9.]+ ?[KMG]?i?B (more space )?on the' -e 'more space needed on' \
    -e 'Failed writing received data') || return 0
  printf '%s\n' "$lines" | awk '!seen[$0]++' | tail -n 6 >&2
  echo "see what is full, on this host: df -h; df -i" >&2
  exit 73
}
