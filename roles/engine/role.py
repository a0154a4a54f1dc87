"""The Docker Engine on a host: installed from the distribution, in the version asked, enabled and running."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skep.model import Cluster, Host
from skep.plan import Finding, Run, Step
from skep.questions import Answers
from skep.rolling import Member, member, rolling

PACKAGES = ("docker-ce", "docker.io", "moby-engine")
INTERRUPTED = ("half-installed", "unpacked", "half-configured")
"""What dpkg calls a package whose installation was cut short, as by a reboot."""

_SELECT = r"""
set -e
export DEBIAN_FRONTEND=noninteractive
wait_apt="-o DPkg::Lock::Timeout=120"
of() { printf '%s\n' "$known" | awk -v p="$1:" '$1 == p { f = 1 } f && $1 == "Candidate:" { print $2; exit }'; }
none() { [ -z "$1" ] || [ "$1" = "(none)" ]; }
fits() { [ -z "$WANTED" ] || case $1 in "$WANTED" | "$WANTED".* | "$WANTED"[+-]*) ;; *) false ;; esac; }
offered() { apt-cache madison "$1" 2>/dev/null | awk -F ' *[|] *' '$3 ~ /Packages$/ { print $2 }'; }
look() {
  known=$(apt-cache policy docker.io docker-cli 2>/dev/null)
  candidate=$(of docker.io)
  ! none "$candidate" || return 1
  offers=$(printf '%s\n' "$candidate" "$(offered docker.io)" | awk 'NF && !seen[$0]++')
  for version in $offers; do ! fits "$version" || return 0; done
  return 1
}
look || { apt-get $wait_apt -qq update >&2; look; } || {
  if none "$candidate"; then echo "no package docker.io in the sources of this host" >&2; exit 65; fi
  echo "wanted $WANTED, the sources of this host offer" $offers >&2; exit 65; }
if [ "$version" = "$candidate" ]; then
  packages=docker.io
  none "$(of docker-cli)" || packages="$packages docker-cli"
else
  packages=docker.io=$version
  ! offered docker-cli | grep -qxF "$version" || packages="$packages docker-cli=$version"
fi
install() {
  apt-get $wait_apt -qq -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@" install $packages >&2; }
"""
"""POSIX sh; takes ``$WANTED``, leaves ``$packages`` and ``install``. Exit 65: not on offer."""

FETCH = (
    _SELECT
    + r"""
install --download-only || { apt-get $wait_apt -qq update >&2; install --download-only; }
"""
)
"""Changes nothing but apt's own lists and its store of downloaded packages."""

INSTALL = (
    _SELECT
    + r"""
install || { dpkg --configure -a >&2 || true; apt-get $wait_apt -qq update >&2; install; }
systemctl enable --quiet docker.service
systemctl is-active --quiet docker.service || systemctl start docker.service || {
  journalctl -u docker.service -n 15 --no-pager -o cat >&2; exit 66; }
"""
)

START = r"""
systemctl reset-failed docker.service 2>/dev/null || true
systemctl enable --quiet docker.service && systemctl start docker.service || {
  journalctl -u docker.service -n 15 --no-pager -o cat >&2; exit 66; }
"""


@dataclass(frozen=True, slots=True)
class State:
    """The engine of a host. ``version`` is what is installed, or the wanted prefix; ``None`` means any."""

    version: str | None
    enabled: bool = True
    running: bool = True
    package: str | None = None
    member: Member | None = None
    """Its standing in a swarm, if it is in one; observed only."""


class Engine:
    """Installs, upgrades and starts the engine."""

    name = "engine"
    questions = ("/info", "/nodes")
    probe = rf"""
if command -v dpkg-query >/dev/null; then
  dpkg-query -W -f '${{Package}} ${{db:Status-Status}} ${{Version}}\n' {" ".join(PACKAGES)} 2>/dev/null
fi
echo "binary $(command -v dockerd)"
echo "unit $(systemctl is-enabled docker.service 2>/dev/null) $(systemctl is-active docker.service 2>/dev/null)"
"""

    def desired(self, cluster: Cluster, host: Host) -> State:
        """Installed in the asked version, enabled, running."""
        return State(version=host.engine.version)

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the package database and systemd; ``None`` without a ``dockerd``, or with one half installed."""
        facts = [line.split() for line in text.splitlines() if line.strip()]
        if any(f[0] in PACKAGES and f[1] in INTERRUPTED for f in facts):
            return None
        packages = {f[0]: f[2] for f in facts if f[0] in PACKAGES and f[1] == "installed"}
        values = {f[0]: f[1:] for f in facts if f[0] not in PACKAGES}
        if not packages and not values.get("binary"):
            return None
        package, version = next(iter(packages.items()), (None, None))
        unit = values.get("unit", [])
        return State(
            version=upstream(version) if version else None,
            enabled="enabled" in unit[:1],
            running="active" in unit[1:],
            package=package,
            member=member(answers),
        )

    def plan(
        self, cluster: Cluster, desired: Mapping[str, State], observed: Mapping[str, State | None]
    ) -> Sequence[Step | Finding]:
        """Install where absent, start where stopped, change the version host by host where it differs."""
        steps: list[Step | Finding] = []
        upgrades: dict[str, Step] = {}
        for name, want in desired.items():
            have = observed[name]
            if have is None:
                steps.append(self._install(name, want, "not installed"))
            elif want.version and not fits(have.version, want.version):
                if have.package != "docker.io":
                    steps.append(_foreign(name, have, want))
                    continue
                step = self._install(name, want, f"version {have.version}, wanted {want.version}")
                if have.member and have.running:
                    steps.append(_fetch(name, want, step.cause))
                    needs = ("swarm/settings", f"engine/fetch@{name}")
                    upgrades[name] = replace(step, needs=needs, gates=("engine/fetch",))
                else:
                    steps.append(step)
            elif not (have.running and have.enabled):
                cause = "not running" if not have.running else "not started at boot"
                steps.append(
                    Run(
                        id=f"engine/start@{name}",
                        host=name,
                        title="enable and start docker",
                        cause=cause,
                        script=START,
                        otherwise="mend what docker's log says; a daemon.json that was replaced is kept as"
                        " /etc/docker/daemon.json.before-skep",
                        after=(f"daemon/write@{name}",),
                    )
                )
        members = {name: have.member if have else None for name, have in observed.items()}
        return [*steps, *rolling(cluster, upgrades, members)]

    def _install(self, host: str, want: State, cause: str) -> Step:
        title = "install docker.io" + (f" {want.version}" if want.version else "")
        return Run(
            id=f"engine/install@{host}",
            host=host,
            title=title,
            cause=cause,
            script=f"WANTED={want.version or ''}\n{INSTALL}",
            after=(f"daemon/write@{host}",),
            timeout=900,
        )


def _fetch(host: str, want: State, cause: str) -> Step:
    """Before any node is drained: every host has found and downloaded what it is to install."""
    return Run(
        id=f"engine/fetch@{host}",
        host=host,
        title=f"download docker.io {want.version}",
        cause=cause,
        script=f"WANTED={want.version}\n{FETCH}",
        otherwise="change engine.version or the host's package sources, then run the same command again; no node was"
        " drained yet",
        only_with=f"engine/install@{host}",
        timeout=600,
    )


def upstream(version: str) -> str:
    """``26.1.5`` from a package version such as ``5:26.1.5+dfsg1-9+b1``."""
    return re.sub(r"^\d+:", "", version).split("+")[0].split("-")[0].split("~")[0]


def fits(version: str | None, wanted: str) -> bool:
    """Whether a version is the wanted one or begins with its parts: 26.1 fits 26.1.5 and not 26.10."""
    return version is not None and (version == wanted or version.startswith(f"{wanted}."))


def _foreign(host: str, have: State, want: State) -> Finding:
    return Finding(
        "error",
        f"has {f'{have.package} {have.version}' if have.package else 'an engine without a package'}, the inventory"
        f" asks for docker.io {want.version}",
        host=host,
        role="engine",
        next_action="take engine.version out of the inventory for this host, or replace the package by hand",
    )


role = Engine()
