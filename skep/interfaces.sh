# shellcheck shell=sh disable=SC2034
# interfaces is what iproute2 says of addresses and routes, asked once for all probes, a line each: "address NAME ADDRESS",
# "global NAME ADDRESS" once more of those that other hosts may use, "device NAME" of an interface that is up and of a kind
# of its own, such as a network card, and "route DESTINATION NAME", with "via" where a gateway is on the way.

# shellcheck disable=SC2016
lines='
  function text(key) {
    return match(part[i], "\"" key "\":\"[^\"]*") ? substr(part[i], RSTART + length(key) + 4, RLENGTH - length(key) - 4) : ""
  }
  function ended() {
    if (up) print "device", name
    up = 0
  }
  {
    target = ""
    count = split($0, part, "{")
    for (i = 2; i <= count; i++) {
      if (text("ifname") != "" && part[i] ~ /"flags":/) {
        ended()
        name = text("ifname")
        up = part[i] ~ /"flags":\[[^]]*"UP"/
      }
      if (text("info_kind") != "") up = 0
      if (text("local") != "" && text("family") != "") {
        print "address", name, text("local")
        if (text("scope") == "global") print "global", name, text("local")
      }
      if (text("dst") != "") { target = text("dst"); via = "" }
      if (target == "" || target == "default") continue
      if (text("gateway") != "" || part[i] ~ /"via":$/) via = " via"
      if (text("dev") != "") print "route", target, text("dev") via
    }
    ended()
  }'
interfaces=$(ip -force -json -details -batch - 2>/dev/null <<'BATCH' | awk "$lines"
addr show
route show
BATCH
)
