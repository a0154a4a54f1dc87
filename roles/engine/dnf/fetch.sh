# shellcheck shell=sh
# Downloads the chosen packages and has rpm test what installing them would do. Changes nothing but dnf's own lists, its
# store of downloaded packages and, where $HOLD says so, what holds packages.

. roles/engine/dnf/choose.sh
try
