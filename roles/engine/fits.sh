# shellcheck shell=sh
# fits VERSION: whether a package's version is $DESIRED, or begins with its parts, and is none of $AVOID, which are such
# beginnings, too.

begins() { case $1 in "$2" | "$2"[.+~-]*) ;; *) false ;; esac; }
fits() {
  for one in $AVOID; do ! begins "${1#*:}" "$one" || return 1; done
  [ -z "$DESIRED" ] || begins "${1#*:}" "$DESIRED"
}
