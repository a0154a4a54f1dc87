# shellcheck shell=sh
# can_hold: whether dnf, which is $manager where that is known, can hold packages. dnf5 has versionlock in itself, dnf4 in a
# package of its own.

can_hold() {
  [ -e /etc/dnf/plugins/versionlock.conf ] ||
    case $(readlink -f "${manager:-$(command -v dnf || command -v dnf5 || command -v yum)}") in *dnf5) ;; *) false ;; esac
}
