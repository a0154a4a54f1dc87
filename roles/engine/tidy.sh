# shellcheck shell=sh
# Removes what was sent for an installation of the engine that is not to be any more.

rm -rf /var/lib/skep/engine
