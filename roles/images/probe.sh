# shellcheck shell=sh disable=SC2086
# Those of $IDS that the engine has, an identifier a line.

docker image inspect --format '{{.Id}}' $IDS
true
