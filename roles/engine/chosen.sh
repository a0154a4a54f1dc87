# shellcheck shell=sh disable=SC2086,SC2154
# What is done with $packages, chosen from a repository or from files: the engine is $version. Takes $GOING, packages that
# the plan says are removed; $DOWNGRADE, whether an older engine may replace a newer one; and $HOLD, yes, no or nothing.
# Leaves install, in_the_way for when that fails, and hold. Exit 67: other packages are in the way, which only the operator
# removes; 68: it would be a downgrade.

plain() { v=${1#*:}; v=${v%%[+~]*}; printf %s "${v%%-*}"; }
[ "$DOWNGRADE" = yes ] || ! command -v dockerd >/dev/null || {
  now=$(timeout 20 dockerd --version 2>/dev/null | sed -n 's/^Docker version \([0-9.]*\).*/\1/p')
  if [ "$now" ] && dpkg --compare-versions "$(plain "$version")" lt "$now"; then
    echo "the engine here is $now, and $ENGINE would be $(plain "$version"): an older engine may not read what a newer one" \
      "wrote, and a manager's may not start; nothing was changed" >&2
    echo "desire a version from $now on (engine.version), or allow it: engine.downgrade: true" >&2
    exit 68
  fi
}
for name in $GOING; do packages="$packages $name-"; done
may="${DOWNGRADE:+--allow-downgrades}"
[ -z "$HOLD$GOING" ] || may="$may --allow-change-held-packages"
in_the_way() { # why an installation failed, where apt says so
  gone=$(simulate $may $packages 2>/dev/null | awk -v shown=" $GOING " '$1 == "Remv" && !index(shown, " " $2 " ") { print $2 }') ||
    true
  [ -n "$gone" ] || return 0
  echo "$packages cannot be installed beside" $gone >&2
  echo "nothing was changed; if they may go, on this host: apt-get remove" $gone >&2
  exit 67
}
# Where the plan removes packages, apt is not the one to refuse others: then it is asked before.
if [ "$GOING" ]; then keep=; in_the_way; else keep=--no-remove; fi
install() { apt --no-install-recommends $may $keep "$@" install $packages; }
hold() { # of a package that no source has, as docker-cli of Debian 12, apt-mark ends with an error
  there=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $ENGINE $CLIENT $BESIDE 2>/dev/null |
    awk '$2 == "installed" { print $1 }')
  case ${there:+$HOLD} in
    yes) apt-mark hold $there >&2 ;;
    no) apt-mark unhold $there >&2 ;;
  esac
}
