# shellcheck shell=sh
# Whether the chosen package files can be installed on this host as it is. Changes nothing.

. roles/engine/dnf/offline/choose.sh
