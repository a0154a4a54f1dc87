# shellcheck shell=sh
# Installs what loads AppArmor's profiles. The engine looks for it each time it starts a container.

. roles/engine/apt.sh
more() { apt --no-install-recommends --no-remove install apparmor; }
more || { stand_back; update; more; }
