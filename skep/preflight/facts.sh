# shellcheck shell=sh
# The facts of a host, read-only. Takes $MODULES to look for, the same as the pattern $ANY_MODULE, $TOOLS, $PORT of the
# overlay networks, the addresses $TARGETS of all hosts, and what room.sh, standalone.sh and reach.sh take.

. skep/places.sh
. skep/interfaces.sh
date '+clock %s.%N'
machine=
read -r hostname </proc/sys/kernel/hostname; read -r release </proc/sys/kernel/osrelease
read -r machine </etc/machine-id || :
echo "hostname $hostname"
echo "machine-id $machine"
. skep/preflight/platform.sh
command -v dockerd >/dev/null && echo "installed yes"
there=' '
[ ! -e /proc/net/ip_vs ] || there="${there}ip_vs "
[ ! -d /proc/sys/net/bridge ] || there="${there}br_netfilter "
while read -r words; do case $words in overlay | *[[:space:]]overlay) there="${there}overlay " ;; esac; done </proc/filesystems
missing=
for module in $MODULES; do
  case "$there" in *" $module "*) ;; *) [ -d "/sys/module/$module" ] || { missing=yes; continue; } ;; esac
  echo "module $module"
done
if [ -d "/lib/modules/$release" ]; then
  echo "modules-known yes"
  [ ! $missing ] || grep -hosE "/($ANY_MODULE)\.ko" "/lib/modules/$release/modules.builtin" "/lib/modules/$release/modules.dep" |
    sed 's:/\(.*\)\.ko:module \1:'
fi
directory=/var/lib/docker; [ -d $directory ] || directory=/var/lib
. skep/preflight/free_space.sh
room=$(stat -f -c '%a %S' "$directory") && echo "free $((${room% *} * ${room#* } / 1024))"
[ -z "$engine" ] || echo "engine $engine"
while read -r protocol _ _ _ address _ users; do
  [ -z "$protocol" ] || echo "listen $protocol $address $users"
done <<LISTENERS
$(ss -Hlntup "( sport = :2377 or sport = :7946 or sport = :$PORT )" 2>/dev/null)
LISTENERS
printf '%s\n' "$interfaces"
routes=
for target in $TARGETS; do routes="${routes}route get $target$newline"; done
failed=$([ -z "$routes" ] || ip -force -batch - 2>&1 >/dev/null <<ROUTES
$routes
ROUTES
)
case $failed in *'Command failed -:'*)
  while read -r line; do
    case $line in 'Command failed -:'*) ;; *) continue ;; esac
    number=0
    for target in $TARGETS; do
      number=$((number + 1))
      [ $number -ne "${line##*:}" ] || echo "unroutable $target"
    done
  done <<FAILED
$failed
FAILED
  ;;
esac
. skep/preflight/standalone.sh
. skep/preflight/reach.sh
for tool in $TOOLS; do command -v "$tool" >/dev/null || echo "lacking $tool"; done
true
