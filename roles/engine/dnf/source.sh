# shellcheck shell=sh disable=SC2015,SC2153
# Makes dnf take packages from the vendor's repository: $SOURCE is the file that names it, $KEY the address of its key,
# $FINGERPRINT what that key must have, $DESIRED the version that must be on offer, none of $AVOID, $STALE other files that
# name it, a line each. All is tried aside first; the host is changed once the repository has answered with what is asked.
# Without $SOURCE, takes the file and the key away. Exit 69: the repository cannot be trusted or had; 65: it has not that
# version.

. roles/engine/dnf/dnf.sh
. roles/engine/fits.sh
. roles/engine/trust.sh
list=/etc/yum.repos.d/docker-ce.repo kept=/etc/pki/rpm-gpg/RPM-GPG-KEY-docker-ce
if [ -z "$SOURCE" ]; then
  rm -f "$list" "$kept"
  exit
fi
work=$(mktemp -d /run/skep.XXXXXXXX) || full /run
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM
mkdir "$work/repos" || full /run

command -v curl >/dev/null || dnf install curl >&2 || refuse "this host has no curl to fetch $KEY with"
# What dnf's proxy is goes to curl by its standard input: it may hold a password.
proxy=$(sed -n 's/^proxy *= *\(.*[^ ]\) *$/proxy = "\1"/p; s/^proxy_username *= *\(.*[^ ]\) *$/proxy-user = "\1/p' \
  /etc/dnf/dnf.conf 2>/dev/null) || proxy=
case $proxy in *proxy-user*)
  proxy="$proxy:$(sed -n 's/^proxy_password *= *\(.*[^ ]\) *$/\1/p' /etc/dnf/dnf.conf)\"" ;;
esac
case $SOURCE in *proxy=_none_*) proxy= ;; esac
said=$(printf '%s\n' "$proxy" |
  curl -K - -fsSL --connect-timeout 20 --max-time 120 --retry 1 -o "$work/key" "$KEY" 2>&1) || refuse "${said:-no answer}" \
  "the key $KEY cannot be had: see that this host reaches it, or set engine.repository to what it reaches"
trusted "$work/key"

printf '%s' "$SOURCE" >"$work/repos/docker-ce.repo" || full /run
uri=$(sed -n 's/^baseurl=//p' "$work/repos/docker-ce.repo" | head -n 1)
quiet='' # else dnf keeps to itself what a server answered
offers=$(dnf --setopt=reposdir="$work/repos" --setopt=cachedir="$work/cache" --setopt=retries=2 --setopt=timeout=30 \
  --setopt=skip_if_unavailable=False repoquery --qf "$evr" docker-ce 2>"$work/said") || {
  [ $? != 75 ] || { cat "$work/said" >&2; exit 75; }
  said=$(grep -E '^Error|^  - |Status code: |Curl error|Failed to download metadata' "$work/said" | sort -u | head -n 3)
  [ "$said" ] || said=$(tail -n 3 "$work/said")
  case $said in
    *"No space left"*) full "$work" ;;
    *"404"*) hint="there are no packages for this release at $uri: set engine.repository to a whole copy of Docker's" ;;
    *hecksum* | *"XML"* | *"xml"*parse*) hint="the index at $uri is damaged, or the mirror is being updated; try again later" ;;
    *) hint="see that this host reaches $uri, or set engine.repository to what it reaches" ;;
  esac
  refuse "$said" "$hint"
}
offers=$(printf '%s\n' "$offers" | grep -E '^[0-9]+:[^ ]+$' | newest_first)
[ -n "$offers" ] || refuse "there is no docker-ce for $(uname -m) at $uri" "see that it is a whole copy of Docker's repository"
found=
for version in $offers; do ! fits "$version" || { found=$version; break; }; done
[ -n "$found" ] || { status=65; refuse "desired ${DESIRED:-none of $AVOID}, $uri offers $(listed "$offers")"; }

stand_back
mkdir -p "${kept%/*}" "${list%/*}"
put "$work/key" "$kept"
rpm --import "$kept" >&2
printf '%s\n' "$STALE" | while read -r path; do [ -z "$path" ] || rm -f "$path"; done
put "$work/repos/docker-ce.repo" "$list"
