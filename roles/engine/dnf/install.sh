# shellcheck shell=sh
# Installs the engine from a repository.

. roles/engine/dnf/choose.sh
. roles/engine/dnf/put.sh
