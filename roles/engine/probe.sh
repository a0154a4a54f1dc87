# shellcheck shell=sh
# What the package database and systemd say; where the vendor's packages come from; what there is of an engine from a
# tarball, and what is in the place of $NAMES, programs of one that is desired; where no engine is installed and the
# distribution's is desired ($DISTRIBUTION), what apt would remove to install it; whether files lie there that were sent for
# an installation; whether the kernel confines containers and nothing loads its profiles, and whether there is no iptables;
# and who started the engine that runs, where docker.service did not.

. skep/places.sh
. roles/engine/simulate.sh
. roles/engine/key.sh
. roles/engine/stale.sh
. roles/engine/static/strange.sh
if command -v dpkg-query >/dev/null; then
  # shellcheck disable=SC2086 # words
  dpkg-query -W -f '${Package} ${db:Status-Status} ${Version} ${db:Status-Want}\n' $PACKAGES 2>/dev/null
  [ ! -f /etc/apt/sources.list.d/docker.sources ] || sed 's/^/source /' /etc/apt/sources.list.d/docker.sources
  if [ -f /etc/apt/keyrings/docker.asc ]; then
    now=$(date +%s)
    key_facts /etc/apt/keyrings/docker.asc | while read -r facts; do echo "key $facts $now"; done
  fi
  stale
fi
. roles/engine/dnf/probe.sh
. roles/engine/static/probe.sh
[ ! -d /var/lib/skep/engine ] || echo "sent files"
[ -z "$NAMES" ] || { strange | sed 's/^/strange /'; ! rooted || echo rooted; }
echo "binary $(command -v dockerd)"
[ ! -e /snap/bin/docker ] || echo "snap docker"
if [ "$DISTRIBUTION" ] && ! command -v dockerd >/dev/null && command -v apt-get >/dev/null; then
  # apt writes its cache anew where it is older than what it was made of; then it is left alone, which takes longer.
  cache=/var/cache/apt/pkgcache.bin aside=''
  newer=$(find /var/lib/dpkg/status /var/lib/apt/lists /etc/apt/sources.list /etc/apt/sources.list.d \
    -newer $cache -print -quit 2>/dev/null) || true
  [ -s $cache ] && ! [ "$newer" ] || aside='-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache='
  # shellcheck disable=SC2086 # options
  if conflicts $aside docker.io docker-cli containerd runc; then
    { simulate $aside docker.io docker-cli || simulate $aside docker.io; } | awk '$1 == "Remv" { print "removes", $2 }'
  fi
fi
[ ! -d /sys/kernel/security/apparmor ] || ! command -v apt-get >/dev/null ||
  [ -e /sbin/apparmor_parser ] || [ -e /usr/sbin/apparmor_parser ] ||
  ! read -r confines </sys/module/apparmor/parameters/enabled || [ "$confines" != Y ] || echo "lacks apparmor_parser"
command -v iptables >/dev/null || echo "lacks iptables"
# systemd itself is asked last: its client takes longer than most of what is looked at.
units=/etc/systemd/system enabled=
if [ -e $units/multi-user.target.wants/docker.service ]; then
  enabled=enabled
  for place in $units /run/systemd/system; do
    { [ ! -e "$place/docker.service" ] && [ ! -L "$place/docker.service" ]; } || enabled=
  done
fi
echo "unit ${enabled:-$(systemctl is-enabled docker.service 2>/dev/null)} $unit_state"
case ${engine:+$unit_state} in inactive | failed)
  starter=
  while IFS= read -r line; do
    case $line in 0::/?* | *:name=systemd:/?*) starter=${line##*/} ;; esac
  done 2>/dev/null <"/proc/$engine/cgroup" && [ "$starter" != docker.service ] && echo "started-by ${starter:-nobody}" ;;
esac
true
