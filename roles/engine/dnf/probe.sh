# shellcheck shell=sh disable=SC2086
# What the rpm database says of $RPMS, as probe.sh prints it of packages; what dnf4 and dnf5 keep from being upgraded and
# whether they can, and where the vendor's packages come from.

. roles/engine/dnf/can_hold.sh

if ! command -v dpkg-query >/dev/null && command -v rpm >/dev/null; then
  can_hold || echo "lacks versionlock"
  held=$(sed -n 's/^\([a-z].*\)-[0-9]*:.*/\1/p' /etc/dnf/plugins/versionlock.list 2>/dev/null
    awk -F '"' '/^name *=/ { name = $2 } /comparator *= *"=/ { print name }' /etc/dnf/versionlock.toml 2>/dev/null)
  rpm -q --qf '%{NAME} installed %{VERSION}-%{RELEASE}\n' $RPMS 2>/dev/null |
    awk -v held="$held" 'BEGIN { split(held, names); for (i in names) hold[names[i]] = 1 }
      $2 == "installed" && NF == 3 { print $0, $1 in hold ? "hold" : "install" }'
  list=/etc/yum.repos.d/docker-ce.repo kept=/etc/pki/rpm-gpg/RPM-GPG-KEY-docker-ce
  [ ! -f $list ] || sed 's/^/source /' $list
  [ ! -f $kept ] || { now=$(date +%s); key_facts $kept | while read -r facts; do echo "key $facts $now"; done; }
  for file in /etc/yum.repos.d/*.repo; do
    [ "$file" != $list ] || continue
    grep -qsE '^[^#]*/linux/(centos|rhel|fedora|rocky)/[^ ]*/(stable|test|nightly)/?$' "$file" || continue
    if grep '^\[' "$file" | grep -qv '^\[docker-ce'; then echo "shared $file"; else echo "stale $file"; fi
  done
fi
