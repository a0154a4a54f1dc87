# shellcheck shell=sh
# hold PACKAGE ... keeps all but skep from upgrading them, having installed the plugin that dnf4 does so with; release lets
# them change. versionlock would read all repositories, and fail where one cannot be reached: what is installed is known
# without them. Exit 69: dnf cannot hold packages.

. roles/engine/dnf/dnf.sh
. roles/engine/dnf/can_hold.sh
versionlock() { dnf --disablerepo='*' versionlock "$@"; }
hold() {
  can_hold || dnf install python3-dnf-plugin-versionlock >&2 || {
    echo "dnf cannot hold packages without its plugin versionlock, and there is no python3-dnf-plugin-versionlock" >&2
    echo "enable the repository that has it, or do without: engine.hold: false" >&2
    exit 69
  }
  versionlock add "$@" >/dev/null
}
release() {
  ! can_hold || versionlock delete "$@" >/dev/null 2>&1 || for name in "$@"; do
    versionlock delete "$name" >/dev/null 2>&1 || true
  done
}
