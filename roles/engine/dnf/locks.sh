# shellcheck shell=sh
# hold PACKAGE ... keeps all but skep from upgrading them; release lets them change. dnf5 has versionlock in itself, dnf4 in
# a package of its own, which would read all repositories, and fail where one cannot be reached: what is installed is
# known without them. Exit 69: dnf cannot hold packages.

. roles/engine/dnf/dnf.sh
locks() { [ -e /etc/dnf/plugins/versionlock.conf ] || case $(readlink -f "$manager") in *dnf5) ;; *) false ;; esac; }
versionlock() { dnf --disablerepo='*' versionlock "$@"; }
hold() {
  locks || dnf install python3-dnf-plugin-versionlock >&2 || {
    echo "dnf cannot hold packages without its plugin versionlock, and there is no python3-dnf-plugin-versionlock" >&2
    echo "enable the repository that has it, or do without: engine.hold: false" >&2
    exit 69
  }
  versionlock add "$@" >/dev/null
}
release() {
  ! locks || versionlock delete "$@" >/dev/null 2>&1 || for name in "$@"; do
    versionlock delete "$name" >/dev/null 2>&1 || true
  done
}
