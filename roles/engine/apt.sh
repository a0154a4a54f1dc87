# shellcheck shell=sh
# apt runs apt-get once nobody has a lock of apt or dpkg, nor cloud-init is at work; else the script ends with 75 (BUSY),
# having said who it is. apt itself waits for one of the four locks only. Nobody has a lock file open but who holds its
# lock, or looks at it for a moment. A disk that is full ends the script with 73 (NO_ROOM). $of_files are
# options that name package files in place of the host's sources.

. roles/engine/busy.sh
. roles/engine/free_space.sh
set -e
of_files=
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l # list: needrestart would restart engines at a moment of its own
stand_back() {
  settled
  held=$(find /proc/[0-9]*/fd \( -lname /var/lib/apt/lists/lock -o -lname /var/cache/apt/archives/lock \
    -o -lname /var/lib/dpkg/lock-frontend -o -lname /var/lib/dpkg/lock \) -printf '%p %l\n' -quit 2>/dev/null) || true
  [ -n "$held" ] || return 0
  process=${held#/proc/}
  busy "${process%%/*}" "${held#* }"
}
apt() {
  stand_back
  status=0
  # shellcheck disable=SC2086 # options
  said=$(apt-get -qq -y $of_files -o APT::Get::AutomaticRemove=false -o Dpkg::Options::=--force-confold "$@" 2>&1) || status=$?
  [ $status = 0 ] || no_room "$said"
  [ -z "$said" ] || printf '%s\n' "$said" >&2
  [ $status != 0 ] || return 0
  stand_back
  return $status
}
update() { apt update; }
