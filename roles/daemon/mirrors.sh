# shellcheck shell=sh
# Writes down in $MEMORY, behind what $FILES/asked says, what each mirror answered.

set -eu
. skep/replace.sh
. roles/daemon/through.sh
through >>"$FILES/asked"
replace "$FILES/asked" "$MEMORY" 600
