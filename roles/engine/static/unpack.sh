# shellcheck shell=sh
# Unpacks the tarball $FROM beside where it is to be, $PLACE, and sees that its engine runs here and is $VERSION. $SHA256
# is the tarball's, $SENT its quoted path on the machine it came from. Changes nothing that is in use. Exit 69: it is no
# engine for this host, or cannot be unpacked; 73: no room.

set -e
for tool in tar gzip; do
  command -v $tool >/dev/null || { echo "this host has no $tool to unpack it with: install $tool; nothing was changed" >&2; exit 69; }
done
full() { rm -rf "$PLACE.new"; echo "no room to write below ${PLACE%/*}" >&2; exit 73; }
[ ! -e "$PLACE.new/.skep" ] || exit 0
rm -rf "$PLACE.new"
mkdir -p "$PLACE.new" || full
[ "$(sha256sum <"$FROM")" = "$SHA256  -" ] || { echo "$FROM is not the tarball that was sent" >&2; exit 69; }
said=$(tar -xzf "$FROM" -C "$PLACE.new" --strip-components=1 --no-same-owner 2>&1) || case $said in
  *"No space left"* | *"Read-only file system"* | *"uota exceeded"*) full ;;
  *) rm -rf "$PLACE.new"
    echo "tar cannot unpack $FROM: $(printf '%s\n' "${said:-it says nothing}" | head -n 3)" >&2
    echo "see that it is whole, on the machine it was sent from: tar -tzf $SENT; nothing was changed" >&2
    exit 69 ;;
esac
chmod 755 "$PLACE.new" "$PLACE.new"/*
said=$(timeout 60 "$PLACE.new/dockerd" --version 2>&1) || {
  rm -rf "$PLACE.new"
  echo "the dockerd in it does not run on this host: ${said:-it says nothing}" >&2
  echo "see whether the tarball is for this kind of host, and ${PLACE%/*} is not mounted noexec; nothing was changed" >&2
  exit 69
}
case $said in
  "Docker version $VERSION"[,+~-]*) ;;
  *) rm -rf "$PLACE.new"
    echo "the dockerd in it says '$said', expected is version $VERSION" >&2
    echo "name the tarball docker-VERSION.tgz by what it holds; nothing was changed" >&2
    exit 69 ;;
esac
sums=$(cd "$PLACE.new" && sha256sum -- *)
printf '%s\n' "$sums" >"$PLACE.new/SHA256SUMS" || full
echo "$VERSION $SHA256" >"$PLACE.new/.skep" || full
