# shellcheck shell=sh
# Downloads the chosen packages. Changes nothing but apt's own lists and its store of downloaded packages.

. roles/engine/choose.sh
install --download-only || { in_the_way; update; install --download-only; }
