"""The scripts that find, install and start the engine."""

from __future__ import annotations

from skep.shell import BUSY, STARTING

_APT = rf"""
set -e
export DEBIAN_FRONTEND=noninteractive
who() {{
  unit=$(sed -n 's,.*/\([^/]*\.service\)$,\1,p' "/proc/$1/cgroup" 2>/dev/null | head -n 1)
  printf '%s (process %s%s)\n' "$(cat "/proc/$1/comm" 2>/dev/null || echo somebody)" "$1" "${{unit:+ of $unit}}"
}}
stand_back() {{
  if [ -e /run/cloud-init/enabled ] && [ ! -e /run/cloud-init/result.json ]; then
    case $(systemctl is-system-running 2>/dev/null) in
      initializing | starting) echo "cloud-init is still setting this host up" >&2; exit {BUSY} ;;
    esac
  fi
  held=$(find /proc/[0-9]*/fd \( -lname /var/lib/apt/lists/lock -o -lname /var/cache/apt/archives/lock \
    -o -lname /var/lib/dpkg/lock-frontend -o -lname /var/lib/dpkg/lock \) -printf '%p %l\n' -quit 2>/dev/null) || true
  [ -n "$held" ] || return 0
  process=${{held#/proc/}}
  echo "$(who "${{process%%/*}}") holds ${{held#* }}" >&2
  exit {BUSY}
}}
apt() {{
  stand_back
  apt-get -qq -y -o APT::Get::AutomaticRemove=false -o Dpkg::Options::=--force-confold "$@" >&2 || {{
    status=$?
    stand_back
    return $status
  }}
}}
update() {{ apt update; }}
"""
"""POSIX sh. ``apt`` runs apt-get once nobody has a lock of apt or dpkg, nor cloud-init is at work; else the script ends
with ``BUSY``, having said who it is. apt itself waits for one of the four locks only. Nobody has a lock file open but
who holds its lock, or looks at it for a moment."""

SIMULATE = "apt-get -s -qq -o APT::Get::AutomaticRemove=false --no-install-recommends install"
"""apt-get, telling in lines that no locale changes what it would do; looks at no lock."""

_SELECT = (
    _APT
    + rf"""
of() {{ printf '%s\n' "$known" | awk -v p="$1:" '$1 == p {{ f = 1 }} f && $1 == "Candidate:" {{ print $2; exit }}'; }}
none() {{ [ -z "$1" ] || [ "$1" = "(none)" ]; }}
fits() {{ [ -z "$WANTED" ] || case $1 in "$WANTED" | "$WANTED".* | "$WANTED"[+-]*) ;; *) false ;; esac; }}
offered() {{ apt-cache madison "$1" 2>/dev/null | awk -F ' *[|] *' '$3 ~ /Packages$/ {{ print $2 }}'; }}
look() {{
  known=$(apt-cache policy docker.io docker-cli 2>/dev/null)
  candidate=$(of docker.io)
  ! none "$candidate" || return 1
  offers=$(printf '%s\n' "$candidate" "$(offered docker.io)" | awk 'NF && !seen[$0]++')
  for version in $offers; do ! fits "$version" || return 0; done
  return 1
}}
look || {{ update; look; }} || {{
  if none "$candidate"; then echo "no package docker.io in the sources of this host" >&2; exit 65; fi
  echo "wanted $WANTED, the sources of this host offer" $offers >&2; exit 65; }}
if [ "$version" = "$candidate" ]; then
  packages=docker.io
  none "$(of docker-cli)" || packages="$packages docker-cli"
else
  packages=docker.io=$version
  ! offered docker-cli | grep -qxF "$version" || packages="$packages docker-cli=$version"
fi
gone=$({SIMULATE} $packages 2>/dev/null | awk '$1 == "Remv" {{ print $2 }}') || true
[ -z "$gone" ] || {{
  echo "$packages cannot be installed beside" $gone >&2
  echo "nothing was changed; if they may go, on this host: apt-get remove" $gone >&2
  exit 67
}}
install() {{ apt --no-install-recommends --no-remove "$@" install $packages; }}
"""
)
"""POSIX sh; takes ``$WANTED``, leaves ``$packages`` and ``install``. Exit 65: not on offer; 67: other packages are in
the way, which only the operator removes."""

FETCH = (
    _SELECT
    + r"""
install --download-only || { update; install --download-only; }
"""
)
"""Changes nothing but apt's own lists and its store of downloaded packages."""

INSTALL = (
    _SELECT
    + STARTING
    + r"""
started_before
install || { stand_back; dpkg --configure -a >&2 || true; update; install; }
systemctl enable --quiet docker.service || { why_not; exit 66; }
systemctl is-active --quiet docker.service || {
  systemctl reset-failed docker.service 2>/dev/null || true
  systemctl start docker.service || { why_not; exit 66; }
}
"""
)

START = (
    STARTING
    + r"""
started_before
systemctl reset-failed docker.service 2>/dev/null || true
systemctl enable --quiet docker.service && systemctl start docker.service || { why_not; exit 66; }
"""
)
