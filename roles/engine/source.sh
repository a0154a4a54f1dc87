# shellcheck shell=sh disable=SC2086,SC2153
# Makes apt take packages from the vendor's repository: $SOURCE is the file that names it, $KEY the address of its key,
# $FINGERPRINT what that key must have, $DESIRED the version that must be on offer, $STALE other files that name it, a line
# each. All is tried aside first; the host is changed once the repository has answered with what is asked. Without
# $SOURCE, takes the file and the key away. Exit 69: the repository cannot be trusted or had; 65: it has not that version.

. roles/engine/apt.sh
. roles/engine/fits.sh
. roles/engine/trust.sh
. roles/engine/stale.sh
list=/etc/apt/sources.list.d/docker.sources kept=/etc/apt/keyrings/docker.asc
if [ -z "$SOURCE" ]; then
  rm -f "$list" "$kept"
  exit
fi
work=$(mktemp -d /run/skep.XXXXXXXX) || full /run
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM
mkdir -p "$work/lists/partial" || full /run
chmod 755 "$work"
brief='-o Acquire::Retries=1 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30'

case $KEY in https:*)
  if ! [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    more() { apt --no-install-recommends --no-remove install ca-certificates; }
    more || { update; more; }
  fi ;;
esac
said=$(/usr/lib/apt/apt-helper $brief download-file "$KEY" "$work/key" 2>&1) || refuse \
  "$(printf '%s\n' "$said" | grep '^E: ' | head -n 1)" \
  "the key $KEY cannot be had: see that this host reaches it, or set engine.repository to what it reaches"
trusted "$work/key"
if grep -q '^-----BEGIN' "$work/key"; then cp "$work/key" "$work/docker.asc" || full /run
else # apt takes a key in binary form for none in a file of that name
  { printf -- '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n'; base64 "$work/key"; echo '-----END PGP PUBLIC KEY BLOCK-----'; } \
    >"$work/docker.asc" || full /run
fi
chmod 644 "$work/docker.asc"

printf '%s' "$SOURCE" >"$work/new" || full /run
sed "s,^Signed-By:.*,Signed-By: $work/docker.asc," "$work/new" >"$work/try.sources"
aside="-o Dir::Etc::sourcelist=$work/try.sources -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=$work/lists
  -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Update::Error-Mode=any"
uri=$(sed -n 's/^URIs: //p' "$work/new") suite=$(sed -n 's/^Suites: //p' "$work/new")
said=$(apt-get -q $aside $brief update 2>&1) || {
  case $said in
    *"No space left"*) full "$work" ;;
    *NO_PUBKEY* | *BADSIG* | *EXPKEYSIG* | *"not signed"* | *"Missing key"* | *"isn't valid"* | *"is not valid"* | *Clearsigned* | \
      *"verify signature"*) hint="the release file of $suite at $uri is not signed by the key $FINGERPRINT, or is damaged: see what serves it" ;;
    *" 404 "* | *"does not have a Release file"*) hint="there are no packages for $suite at $uri: set engine.repository to a whole copy of Docker's, or take another release of the distribution or engine.source: distribution" ;;
    *"is expired"*) hint="the copy at $uri is too old, or this host's clock is wrong: it says $(date -u +%F)" ;;
    *"unexpected size"* | *"mismatch"*) hint="the index at $uri does not belong to its release file: the mirror is being updated, or broken; try again later" ;;
    *) hint="see that this host reaches $uri, or set engine.repository to what it reaches" ;;
  esac
  refuse "$(printf '%s\n' "$said" | grep -E '^(E|W): ' | head -n 3)" "$hint"
}
offers=$(apt-cache $aside madison docker-ce 2>/dev/null | awk -F ' *[|] *' '{ print $2 }')
[ -n "$offers" ] || refuse "there is no docker-ce for $suite on $(dpkg --print-architecture) at $uri" \
  "see that it is a whole copy of Docker's repository"
found=
for version in $offers; do ! fits "$version" || { found=$version; break; }; done
[ -n "$found" ] || { status=65; refuse "desired ${DESIRED:-none of $AVOID}, $uri offers" $offers; }

stand_back
install -d -m 755 /etc/apt/keyrings /var/lib/apt/lists # which is missing where somebody wanted room
put "$work/docker.asc" "$kept"
printf '%s\n' "$STALE" | while read -r path; do
  case $path in
    '') ;;
    *.list)
      grep -vE "$docker_line" "$path" >"$work/rest" || true
      if [ "$path" = /etc/apt/sources.list ] || grep -q '^[[:space:]]*[^#[:space:]]' "$work/rest"; then put "$work/rest" "$path"
      else rm -f "$path"; fi ;;
    *) rm -f "$path" ;;
  esac
done
put "$work/new" "$list"
for file in "$work/lists"/*; do # what apt has just verified: it names such files by their address alone
  case $file in */lock) ;; *) [ ! -f "$file" ] || put "$file" "/var/lib/apt/lists/${file##*/}" ;; esac
done
