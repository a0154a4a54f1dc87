# shellcheck shell=sh
# The running containers that are no task's (those have the label $TASK_ID), and their restart policies, as the engine
# keeps them: two calls of its client would cost more than all else that is looked at.

. skep/places.sh
if [ "$engine" ]; then
  while IFS= read -r root; do
    set -- "$root"/containers/*/config.v2.json
    [ -e "$1" ] || continue
    # shellcheck disable=SC2013 # names of Docker's, without blanks
    for file in $(grep -sL "\"$TASK_ID\":" "$@"); do
      grep -q '"Running":true' "$file" || continue
      name=$(sed -n 's|.*"Name":"/\([^"]*\)".*|\1|p' "$file")
      policy=$(sed -n 's/.*"RestartPolicy":{"Name":"\([^"]*\)".*/\1/p' "${file%config.v2.json}hostconfig.json")
      echo "container $name ${policy:-no}"
    done
  done <<ROOTS
$data_roots
ROOTS
fi
