# shellcheck shell=sh
# How much of a file has arrived that is sent to $TO: the bytes of its part; or "whole", and the mode, where it stands in
# its place. It is known by $SIZE in bytes and $SHA256.

to=$(readlink -f -- "$TO") || to=$TO
if [ -f "$to" ] && [ "$(stat -c %s -- "$to")" = "$SIZE" ] && [ "$(sha256sum <"$to")" = "$SHA256  -" ]; then
  echo "whole $(stat -c %a -- "$to")"
else
  stat -c %s -- "$to.skep-$SHA256.part" 2>/dev/null || echo 0
fi
