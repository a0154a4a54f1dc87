# shellcheck shell=sh
# Installs the engine from package files, and takes these away.

. roles/engine/offline/choose.sh
. roles/engine/put.sh
rm -rf /var/lib/skep/engine
