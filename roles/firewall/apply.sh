# shellcheck shell=sh disable=SC2153
# Lets Swarm's ports through in the firewall $KIND, by $FILES/rules, or for nftables by $V4, $V6, $TCP, $UDP and $ESP; takes
# out what was ours and is not any more, of ufw $FILES/gone. Where $KIND is empty, all of it goes. $MEMORY holds the kind and
# mark of what is in force, the port of overlay networks ($DATA), who is let in, and the rules: what is open is opened first,
# so that nothing of ours is ever shut that stays.

set -eu
. skep/replace.sh
. roles/firewall/nftables.sh
umask 022
unit=skep-firewall.service
was=''
[ ! -e "$MEMORY" ] || read -r was _ <"$MEMORY"
old() { sed 1d "$MEMORY" 2>/dev/null | grep -vxFf "$FILES/rules" || true; }
zones() {
  { firewall-cmd --get-default-zone; firewall-cmd --get-active-zones | awk '/^[^ \t]/ { zone = $1 } /interfaces:/ { print zone }'; } |
    grep -vx docker | sort -u
}
# rich add|remove ZONES: rules on stdin; firewall-cmd takes long to start, so that one takes all.
rich() {
  verb=$1 zones=$2; shift 2
  while IFS= read -r rule; do set -- "$@" "--$verb-rich-rule=$rule"; done
  [ $# -gt 0 ] || return 0
  for zone in $zones; do
    systemctl is-active --quiet firewalld.service || { firewall-offline-cmd --quiet --zone="$zone" "$@" || true; continue; }
    for how in '' --permanent; do firewall-cmd --quiet $how --zone="$zone" "$@" || [ "$verb" = remove ] || return; done
  done
}
open_nftables() {
  replace "$FILES/script" "$SCRIPT" 600
  replace "$FILES/unit" "$UNIT"
  systemctl daemon-reload
  systemctl enable --quiet $unit
  systemctl restart $unit || { journalctl --quiet --no-pager --unit=$unit --output=cat -n 6 >&2; exit 66; }
}
close_nftables() {
  systemctl disable --now --quiet $unit 2>/dev/null || true
  rm -f -- "$UNIT" "$SCRIPT"
  systemctl daemon-reload
  # shellcheck disable=SC2030
  ! command -v nft >/dev/null || (MARK='' V4='' V6='' TCP='' UDP='' ESP=''; nft_rules)
}
# shellcheck disable=SC2086 # words
open_ufw() {
  while IFS= read -r rule; do ufw prepend $rule comment skep >/dev/null; done <"$FILES/rules"
  close_ufw
}
# shellcheck disable=SC2086 # words
close_ufw() {
  ! command -v ufw >/dev/null || while IFS= read -r rule; do ufw delete $rule >/dev/null || true; done <"$FILES/gone"
}
open_firewalld() {
  rich add "$(zones)" <"$FILES/rules"
  close_firewalld
}
close_firewalld() { # also of one that is stopped: at its next start its rules would be back
  command -v firewall-offline-cmd >/dev/null || return 0
  gone=$(old)
  changed=$(for file in /etc/firewalld/zones/*.xml; do file=${file##*/}; echo "${file%.xml}"; done)
  [ -z "$gone" ] || printf '%s\n' "$gone" | rich remove "$changed" 2>/dev/null
}
[ -z "$was" ] || [ "$was" = "$KIND" ] || close_"$was"
[ -z "$KIND" ] || {
  { printf '%s - data=%s %s\n' "$KIND" "$DATA" "$ADDRESSES"; old; cat "$FILES/rules"; } >"$FILES/both"
  mkdir -p "${MEMORY%/*}" || exit 73
  replace "$FILES/both" "$MEMORY" 600
  open_"$KIND"
  # shellcheck disable=SC2031
  { printf '%s %s data=%s %s\n' "$KIND" "$MARK" "$DATA" "$ADDRESSES"; cat "$FILES/rules"; } >"$FILES/memory"
  replace "$FILES/memory" "$MEMORY" 600
  exit 0
}
[ -z "$was" ] || rm -f -- "$MEMORY"
