# shellcheck shell=sh
# Installs the engine from package files, and takes these away.

. roles/engine/dnf/offline/choose.sh
. roles/engine/dnf/put.sh
rm -rf /var/lib/skep/engine
