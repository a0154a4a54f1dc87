# shellcheck shell=sh disable=SC2153
# For the scripts that make a vendor's repository known. $KEY is where its key is, $FINGERPRINT what that must have.
# refuse LINE ... ends the script with 69, or $status, and full PATH with 73; trusted FILE refuses what is not that key, or
# has expired; put FILE PATH places a file as a whole.

. roles/engine/key.sh
refuse() { printf '%s\n' "$@" "nothing was changed on this host" >&2; exit "${status:-69}"; }
full() { echo "no room to write below $1" >&2; exit 73; }
trusted() {
  [ -s "$1" ] || refuse "the key $KEY is empty: see what serves it"
  facts=$(key_facts "$1")
  [ -n "$facts" ] || ! grep -qa -e '-----BEGIN PGP PUBLIC KEY BLOCK-----' "$1" || refuse \
    "the key $KEY is damaged, or its file holds more than one block" "see what serves it"
  [ -n "$facts" ] || refuse "$KEY is no OpenPGP key but begins with: $(head -c 60 "$1" | tr -cd '[:print:]')" \
    "see what serves it: a proxy, or a page to log in"
  printf '%s\n' "$facts" | {
    while read -r fingerprint expires; do
      [ "$fingerprint" = "$FINGERPRINT" ] || refuse \
        "the key $KEY has the fingerprint $fingerprint, desired $FINGERPRINT" \
        "if that is the right key, which its owner must say: engine.fingerprint: $fingerprint"
      [ "$expires" = 0 ] || [ "$expires" -gt "$(date +%s)" ] || refuse \
        "the key $KEY has expired on $(date -u -d "@$expires" +%F), or this host's clock is wrong: it says $(date -u +%F)" \
        "see whether its owner has a newer one"
    done
  } || exit $?
}
put() {
  if cp -p "$1" "$2.skep-new" && chmod 644 "$2.skep-new" && mv -f "$2.skep-new" "$2"; then return; fi
  rm -f "$2.skep-new"
  full "$2"
}
