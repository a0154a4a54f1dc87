# shellcheck shell=sh
# What an active firewall has of ours, where $ASKED says that it matters, or $MEMORY that something of ours is there.

if [ "$ASKED" ] || [ -e "$MEMORY" ]; then
  kind=''
  if [ -e "$MEMORY" ]; then
    read -r kind mark addresses <"$MEMORY"
    echo "remembers $kind $mark $addresses"
    [ ! -e "$UNIT_ON" ] || echo "unit on"
  fi
  active=''
  ! grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf || active=ufw
  if [ -d /sys/fs/cgroup/system.slice/firewalld.service ] || [ -d /sys/fs/cgroup/systemd/system.slice/firewalld.service ]
  then active=firewalld; fi
  if [ "$active" = ufw ] || [ "$kind" = ufw ]; then
    grep -hs '^### tuple ### allow ' /etc/ufw/user.rules /etc/ufw/user6.rules | sed 's/^### tuple ###/ufw/'
  fi
  if [ "$active" = firewalld ]; then
    for how in '' --permanent; do
      firewall-cmd $how --list-all-zones | awk -v how="${how:-now}" '
        /^[^ \t]/ { zone = $1; active = /active/; next }
        /interfaces: [^ ]/ { interfaces = $0 }
        /rule / && /source address/ { sub(/^[ \t]+/, ""); print "firewalld", how, zone, $0 }'
    done
    firewall-cmd --get-active-zones | awk '/^[^ \t]/ { zone = $1 } /interfaces:/ { print "zone", zone }'
    echo "zone $(firewall-cmd --get-default-zone)"
  elif [ "$active" != ufw ] && command -v nft >/dev/null; then
    nft list ruleset | awk '
      $1 == "table" { family = $2; table = $3 }
      $1 == "chain" { chain = $2; base = 0 }
      $1 == "type" && $2 == "filter" && (family == "inet" || family == "ip" || family == "ip6") && chain !~ /^[A-Z]/ &&
        ($4 == "input" || ($4 == "output" && /policy drop/)) { print "base", family, table, chain }
      /jump skep_[a-z]+ comment "skep / { sub(/.*comment "skep /, ""); sub(/".*/, ""); print "jump", family, table, chain, $0 }
      chain ~ /^skep_/ && / accept$/ { count[family " " table " " chain]++ }
      END { for (one in count) print "rules", one, count[one] }'
  fi
fi
true
