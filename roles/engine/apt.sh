# shellcheck shell=sh
# apt runs apt-get once nobody has a lock of apt or dpkg, nor cloud-init is at work; else the script ends with 75 (BUSY),
# having said who it is. apt itself waits for one of the four locks only. Nobody has a lock file open but who holds its
# lock, or looks at it for a moment.

set -e
export DEBIAN_FRONTEND=noninteractive
who() {
  unit=$(sed -n 's,.*/\([^/]*\.service\)$,\1,p' "/proc/$1/cgroup" 2>/dev/null | head -n 1)
  printf '%s (process %s%s)\n' "$(cat "/proc/$1/comm" 2>/dev/null || echo somebody)" "$1" "${unit:+ of $unit}"
}
stand_back() {
  if [ -e /run/cloud-init/enabled ] && [ ! -e /run/cloud-init/result.json ]; then
    case $(systemctl is-system-running 2>/dev/null) in
      initializing | starting) echo "cloud-init is still setting this host up" >&2; exit 75 ;;
    esac
  fi
  held=$(find /proc/[0-9]*/fd \( -lname /var/lib/apt/lists/lock -o -lname /var/cache/apt/archives/lock \
    -o -lname /var/lib/dpkg/lock-frontend -o -lname /var/lib/dpkg/lock \) -printf '%p %l\n' -quit 2>/dev/null) || true
  [ -n "$held" ] || return 0
  process=${held#/proc/}
  echo "$(who "${process%%/*}") holds ${held#* }" >&2
  exit 75
}
apt() {
  stand_back
  apt-get -qq -y -o APT::Get::AutomaticRemove=false -o Dpkg::Options::=--force-confold "$@" >&2 || {
    status=$?
    stand_back
    return $status
  }
}
update() { apt update; }
