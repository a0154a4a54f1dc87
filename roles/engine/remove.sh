# shellcheck shell=sh disable=SC2086
# remove takes $GOING away, packages that the plan says are removed, without a network; may_remove ends the script with 67
# where others need them.

. roles/engine/apt.sh
may_remove() {
  stand_back
  gone=$(apt-get -s -qq -o APT::Get::AutomaticRemove=false --allow-change-held-packages remove $GOING |
    awk -v shown=" $GOING " '$1 == "Remv" && !index(shown, " " $2 " ") { print $2 }')
  [ -z "$gone" ] || {
    echo "$GOING cannot be removed: these need them:" $gone >&2
    echo "nothing was changed; if they may go, on this host: apt-get remove" $gone >&2
    exit 67
  }
}
remove() {
  apt --allow-change-held-packages remove $GOING
  apt-mark unhold $GOING >/dev/null 2>&1 || true
}
