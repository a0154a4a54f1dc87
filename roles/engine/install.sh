# shellcheck shell=sh
# Installs the engine from a repository.

. roles/engine/choose.sh
. roles/engine/put.sh
