# shellcheck shell=sh
# Downloads the chosen packages and has rpm test what installing them would do. Changes nothing but dnf's own lists and its
# store of downloaded packages.

. roles/engine/dnf/choose.sh
try
