# shellcheck shell=sh disable=SC2034,SC2086,SC2153,SC2154
# As roles/engine/choose.sh, from package files on this host and nothing else: $OWN are the engine's, which are $EXACT, a
# word NAME=VERSION each; $OTHERS may be what they need, and $MORE are packages of those. Exit 65: apt could not install
# them, having said what is missing; 70: they are not there.

. roles/engine/apt.sh
. roles/engine/simulate.sh
of_files='-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/dev/null
  -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache='
for file in $OWN $OTHERS; do
  [ -e "$file" ] || { echo "$file is not there; run the same command again, and it is sent" >&2; exit 70; }
  of_files="$of_files --with-source $file"
done
update() { :; } # there is no list to bring up to date
packages="$EXACT${MORE:+ $MORE}" version=
for word in $EXACT; do [ "${word%%=*}" != "$ENGINE" ] || version=${word#*=}; done
. roles/engine/chosen.sh
said=$(apt-get -s -y $of_files --no-install-recommends $may install $packages 2>&1) || {
  case $said in
    *DOWNGRADED*)
      echo "newer here than in these files: $(printf '%s\n' "$said" | sed -n '/DOWNGRADED/,/^[^ ]*[a-z]/{/^ /p;}' | xargs)" >&2
      echo "take the files of that version or a newer one, or allow it: engine.downgrade: true" >&2 ;;
    *)
      lacks=$(printf '%s\n' "$said" | sed -n '/unmet dependencies/,/^E:/{/^ /p;}')
      printf '%s\n' "${lacks:-$(printf '%s\n' "$said" | sed -n '/^[EW]:/,$p')}" >&2 ;;
  esac
  exit 65
}
