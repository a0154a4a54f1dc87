# shellcheck shell=sh disable=SC2034,SC2086
# dnf runs dnf4, dnf5 or yum once nobody has a lock of dnf or rpm, nor cloud-init is at work; else the script ends with 75
# (BUSY), having said who it is. dnf itself would wait for another one without end. dnf4 writes its process into its lock
# files; nobody has the lock file of rpm or dnf5 open but who changes packages, or looks at them for a moment.

. roles/engine/busy.sh
. roles/engine/free_space.sh
set -e
unset -f dnf # the function below, where this is read twice
manager=$(command -v dnf || command -v dnf5 || command -v yum) || { echo "this host has neither dnf nor yum" >&2; exit 65; }
stand_back() {
  settled
  for file in /var/cache/dnf/*_lock.pid /var/lib/dnf/*_lock.pid /var/run/yum.pid; do
    process=
    read -r process 2>/dev/null <"$file" || [ "$process" ] || continue
    [ ! -d "/proc/$process" ] || busy "$process" "$file"
  done
  held=$(find /proc/[0-9]*/fd \( -lname '*/rpm/.rpm.lock' -o -lname '/run/dnf/*.lock' -o -lname '*/dnf/system-repo.lock' \) \
    -printf '%p %l\n' -quit 2>/dev/null) || true
  [ -n "$held" ] || return 0
  process=${held#/proc/}
  busy "${process%%/*}" "${held#* }"
}
dnf() {
  stand_back
  status=0
  { said=$(timeout 540 "$manager" $quiet -y --setopt=install_weak_deps=False \
    --setopt=clean_requirements_on_remove=False "$@" 2>&1 >&3); } 3>&1 || status=$?
  [ $status = 0 ] || no_room "$said"
  [ -z "$said" ] || printf '%s\n' "$said" >&2
  [ $status != 0 ] || return 0
  stand_back
  [ $status != 124 ] || echo "$manager did not end within 9 minutes" >&2
  return $status
}
quiet=-q
evr='%{epoch}:%{version}-%{release}\n' # of repoquery; dnf4 ends lines by itself, too
newest_first() { awk NF | sort -Vru; }
listed() { printf '%s\n' "$1" | sed 's/^[0-9]*://' | paste -sd ' ' -; }
plain() { v=${1#*:}; printf %s "${v%%[-+~]*}"; }
older() { [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
