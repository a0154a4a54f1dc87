# shellcheck shell=sh
# Takes a file from stdin, from its byte $FROM on (whole MiB), and puts it in place as $TO with $MODE once it has $SIZE
# bytes and $SHA256. What a link names is replaced. Until then it is a part beside it, which stays where the connection
# ends; bytes go to their own place in it, so that a reader whose connection is gone without its knowledge does no harm.
# Exit 65: something else arrived, and the part is gone; 66: it ended early; 73 (NO_ROOM): it cannot be written.

umask 022
[ -L "$TO" ] || mkdir -p -- "${TO%/*}" || exit 73
to=$(readlink -f -- "$TO") || { echo "$TO is a link that leads nowhere" >&2; exit 73; }
[ ! -d "$to" ] || { echo "$to is a folder where a file belongs" >&2; exit 73; }
part=$to.skep-$SHA256.part
umask 077
dd of="$part" bs=1M seek="$((FROM / 1048576))" conv=notrunc status=none || exit 73
[ "$(stat -c %s -- "$part")" -ge "$SIZE" ] || { echo "it ended early" >&2; exit 66; }
[ "$(sha256sum <"$part")" = "$SHA256  -" ] || { rm -f -- "$part"; exit 65; }
if ! { chmod "$MODE" "$part" && mv -fT -- "$part" "$to"; }; then exit 73; fi
rm -f -- "$to".skep-*.part
