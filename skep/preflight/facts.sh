# shellcheck shell=sh
# The facts of a host, read-only. Takes $MODULES to look for, the same as the pattern $ANY_MODULE, $TOOLS, $PORT of the
# overlay networks, the addresses $TARGETS of all hosts, and what room.sh, standalone.sh and reach.sh take.

. skep/places.sh
date '+clock %s.%N'
machine=
read -r hostname </proc/sys/kernel/hostname; read -r release </proc/sys/kernel/osrelease
read -r machine </etc/machine-id || :
echo "hostname $hostname"
echo "machine-id $machine"
. skep/preflight/platform.sh
command -v dockerd >/dev/null && echo "installed yes"
[ ! -e /proc/net/ip_vs ] || echo "module ip_vs"
[ ! -d /proc/sys/net/bridge ] || echo "module br_netfilter"
for module in $MODULES; do [ ! -d "/sys/module/$module" ] || echo "module $module"; done
grep -sw overlay /proc/filesystems | sed 's/.*/module overlay/'
if [ -d "/lib/modules/$release" ]; then
  echo "modules-known yes"
  grep -hosE "/($ANY_MODULE)\.ko" "/lib/modules/$release/modules.builtin" "/lib/modules/$release/modules.dep" |
    sed 's:/\(.*\)\.ko:module \1:'
fi
directory=/var/lib/docker; [ -d $directory ] || directory=/var/lib
. skep/preflight/room.sh
stat -f -c '%a %S' "$directory" | awk '{ printf "free %.0f\n", $1 * $2 / 1024 }'
ss -Hlntup 2>/dev/null | awk -v port="$PORT" '$5 ~ ":(2377|7946|" port ")$" { print "listen", $1, $5, $7 }'
ip -o addr show 2>/dev/null | awk '{ print "address", $2, $4 }'
ip -j -d link show 2>/dev/null | sed 's/},{"ifindex"/\n{"ifindex"/g' | grep -v '"info_kind"' |
  sed -n 's/.*"ifname":"\([^"]*\)","flags":\[[^]]*"UP".*/device \1/p'
ip -o route show 2>/dev/null | awk '$1 != "default" {
  via = ""
  for (i = 1; i < NF; i++) if ($i == "via") via = $i; else if ($i == "dev") print "route", $1, $(i + 1), via }'
for target in $TARGETS; do echo "route get $target"; done | ip -force -batch - 2>&1 >/dev/null |
  awk -v targets="$TARGETS" 'BEGIN { split(targets, all) }
    sub(/^Command failed -:/, "") { print "unroutable", all[$0 + 0] }'
. skep/preflight/standalone.sh
. skep/preflight/reach.sh
for tool in $TOOLS; do command -v "$tool" >/dev/null || echo "lacking $tool"; done
true
