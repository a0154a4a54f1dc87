# shellcheck shell=sh
# nft_rules puts a jump to a chain of ours first in every chain of a table that filters what comes in, and, where the rest
# is dropped, what goes out: a packet that one such chain drops is lost, whatever others say. $MARK tells one set of rules
# from another; $V4 and $V6 are addresses, parted by commas; $TCP and $UDP are ports; $ESP is yes where networks are
# encrypted. Without a mark, all of ours goes. It is one transaction, and run again it gives the same.

nft_rules() {
  nft -a list ruleset | awk -v mark="$MARK" -v four="$V4" -v six="$V6" -v tcp="$TCP" -v udp="$UDP" -v esp="$ESP" '
    function allow(to, who) {
      print "add rule", family, table, to, who, "tcp dport {", tcp, "} accept"
      print "add rule", family, table, to, who, "udp dport {", udp, "} accept"
      if (esp == "yes") print "add rule", family, table, to, who, "meta l4proto esp accept"
    }
    $1 == "table" { family = $2; table = $3 }
    $1 == "chain" { chain = $2 }
    $1 == "chain" && chain ~ /^skep_/ && mark == "" { ours[++count] = family " " table " " chain }
    $1 == "type" && $2 == "filter" && family ~ /^(inet|ip|ip6)$/ && chain !~ /^[A-Z]/ && mark != "" &&
      ($4 == "input" || ($4 == "output" && /policy drop/)) {
      to = "skep_" $4
      end = $4 == "input" ? "saddr" : "daddr"
      print "add chain", family, table, to
      print "flush chain", family, table, to
      if (family != "ip6" && four != "") allow(to, "ip " end " { " four " }")
      if (family != "ip" && six != "") allow(to, "ip6 " end " { " six " }")
      print "insert rule", family, table, chain, "jump", to, "comment \"skep " mark "\""
    }
    /jump skep_[a-z]+ comment "skep / { print "delete rule", family, table, chain, "handle", $NF }
    END { for (i = 1; i <= count; i++) { print "flush chain", ours[i]; print "delete chain", ours[i] } }' | nft -f -
}
