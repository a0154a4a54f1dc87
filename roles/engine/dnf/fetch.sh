# shellcheck shell=sh
# Downloads the chosen packages. Changes nothing but dnf's own lists and its store of downloaded packages.

. roles/engine/dnf/choose.sh
download
