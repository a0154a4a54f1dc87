# shellcheck shell=sh disable=SC2086,SC2154
# As roles/engine/offline/choose.sh, for dnf. Of $OTHERS it takes those whose package this host lacks, and, where that is
# not enough, those it has older. Exit 69: dnf cannot hold packages.

. roles/engine/dnf/locks.sh
version=
for word in $EXACT; do [ "${word%%=*}" != "$ENGINE" ] || version=${word#*=}; done
for file in $OWN $OTHERS; do
  [ -e "$file" ] || { echo "$file is not there; run the same command again, and it is sent" >&2; exit 70; }
done
named() { rpm -qp --qf '%{NAME}' "$1" 2>/dev/null; }
others() { # the missing ones, or, with a word, the older ones, too
  for file in $OTHERS; do
    if [ "$1" ]; then rpm -U --test --nodeps "$file" >/dev/null 2>&1 || continue
    else ! rpm -q "$(named "$file")" >/dev/null 2>&1 || continue; fi
    printf ' %s' "$file"
  done
}
few=$(others '')
if [ "$HOLD" = yes ] && ! can_hold; then
  case $few in *versionlock*) ;; *)
    echo "dnf cannot hold packages without its plugin versionlock: put python3-dnf-plugin-versionlock into the folder," \
      "or do without: engine.hold: false" >&2
    exit 69 ;;
  esac
fi
[ "$DOWNGRADE" = yes ] || for file in $OWN; do
  case $(rpm -U --test --nodeps "$file" 2>&1) in *"(which is newer than"*)
    echo "newer here than in these files: $(rpm -q "$(named "$file")")" >&2
    echo "take the files of that version or a newer one, or allow it: engine.downgrade: true" >&2
    exit 65 ;;
  esac
done
. roles/engine/dnf/released.sh
. roles/engine/dnf/chosen.sh
from_files() { dnf --disablerepo='*' install "$@" $packages; } # dnf5 takes --allowerasing only there
possible() { said=$(from_files ${GOING:+--allowerasing} --setopt=tsflags=test 2>&1); }
packages="$OWN$few"
possible || { packages="$OWN$(others older)"; possible; } || {
  code=$?
  case $code in 73 | 75) printf '%s\n' "$said" >&2; exit $code ;; esac # NO_ROOM, BUSY
  lacks=$(printf '%s\n' "$said" | sed -n 's/.*nothing provides \(.*\) needed by \([^ ]*\).*/\1 is missing, needed by \2/p' | sort -u)
  printf '%s\n' "${lacks:-$said}" >&2
  exit 65
}
try() { :; } # possible has
install() { from_files >&2; }
