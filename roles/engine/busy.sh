# shellcheck shell=sh
# busy PROCESS FILE ends the script with 75 (BUSY): that process holds a lock of the package manager. settled does so while
# cloud-init is at work.

busy() {
  unit=$(sed -n 's,.*/\([^/]*\.service\)$,\1,p' "/proc/$1/cgroup" 2>/dev/null | head -n 1)
  comm=$(cat "/proc/$1/comm" 2>/dev/null || echo somebody)
  echo "$comm (process $1${unit:+ of $unit}) holds $2" >&2
  exit 75
}
settled() {
  if [ -e /run/cloud-init/enabled ] && [ ! -e /run/cloud-init/result.json ]; then
    case $(systemctl is-system-running 2>/dev/null) in
      initializing | starting) echo "cloud-init is still setting this host up" >&2; exit 75 ;;
    esac
  fi
}
