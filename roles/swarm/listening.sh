# shellcheck shell=sh disable=SC2154
# listens prints on which of Swarm's TCP ports the engine listens, a line each.

listens() {
  ss -Hlntp '( sport = :2377 or sport = :7946 )' 2>/dev/null | while read -r _ _ _ address _ users; do
    case $users in *"pid=$engine,"*) echo "${address##*:}" ;; esac
  done | sort -u
}
