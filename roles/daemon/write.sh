# shellcheck shell=sh
# Puts the file in place, before the first start of the engine, which then has it.

. roles/daemon/place.sh
validate
place
remember
