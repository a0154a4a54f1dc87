# shellcheck shell=sh disable=SC2154,SC2010
# listens prints the TCP port of Swarm's gossip where the engine listens there; without ss, by the kernel's own table, where
# 1F0A is that port, and 0A says that it listens. Not 2377: leaving frees that, and it may be where the API of a worker's
# engine is.

listens() {
  if command -v ss >/dev/null; then
    ss -Hlntp '( sport = :7946 )' 2>/dev/null | while read -r _ _ _ address _ users; do
      case $users in *"pid=$engine,"*) echo "${address##*:}" ;; esac
    done
  else
    grep -hs ':1F0A [0-9A-F]*:0000 0A ' /proc/net/tcp /proc/net/tcp6 | while read -r _ _ _ _ _ _ _ _ _ inode _; do
      ! ls -l "/proc/$engine/fd" 2>/dev/null | grep -qF "socket:[$inode]" || echo 7946
    done
  fi | sort -u
}
