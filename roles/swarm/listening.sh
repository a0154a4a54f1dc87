# shellcheck shell=sh disable=SC2154
# listens prints the TCP port of Swarm's gossip where the engine listens there. Not 2377: leaving frees that, and it may be
# where the API of a worker's engine is.

listens() {
  ss -Hlntp '( sport = :7946 )' 2>/dev/null | while read -r _ _ _ address _ users; do
    case $users in *"pid=$engine,"*) echo "${address##*:}" ;; esac
  done | sort -u
}
