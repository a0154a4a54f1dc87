# shellcheck shell=sh
# key_facts FILE prints of each OpenPGP key in a file, armored or not, its fingerprint, in capitals, and when it expires, in
# seconds since 1970, 0 for never; nothing of a file that holds no key. It takes coreutils and awk alone: a host may have
# no gpg, and nothing that trusts keys is asked before this one is known.
#
# RFC 4880: the fingerprint of a key of version 4 is the SHA-1 of 0x99, two bytes of length and its body. Subpacket 9 of its
# own newest signature says after how many seconds it expires; subpacket 27, its uses, only its own signatures have.
#
# apt and rpm would find more in some files than is found here: another key behind what ends the reading. So a file counts
# as a whole or not at all: one armored block, and only packets of a public key, with lengths that all read alike.

key_bytes() { # a line feed, which begins no packet, where not all of it can be read
  if grep -qa -e '-----BEGIN' "$1"; then
    [ "$(grep -ao -e '-----BEGIN' "$1" | wc -l)" -eq 1 ] || echo
    sed 's/[[:space:]]*$//' "$1" | sed -n '/^-----BEGIN/,/^-----END/p' | sed '1,/^$/d; /^-----/d; /^=/d' |
      base64 -d 2>/dev/null || echo
  else
    cat "$1"
  fi
}
key_packets() { # of each key, where its body starts, how long that is, and when it expires
  key_bytes "$1" | od -An -v -tu1 | awk '
    { for (i = 1; i <= NF; i++) byte[n++] = $i }
    function number(at, size,   sum) { for (; size > 0; size--) sum = sum * 256 + byte[at++]; return sum + 0 }
    function length_at(first) {
      if (first == 255) { at += 4; return number(at - 4, 4) }
      if (first >= 192) return (first - 192) * 256 + byte[at++] + 192
      return first
    }
    function signature(end,   size, kind, made, life, own) {
      while (at < end) {
        size = length_at(byte[at++])
        kind = byte[at] % 128
        if (kind == 2) made = number(at + 1, 4)
        if (kind == 9) life = number(at + 1, 4)
        if (kind == 27) own = 1
        at += size
      }
      if (own && made >= newest) { newest = made; expires = life ? created + life : 0 }
    }
    function tell() { if (long) found = found sprintf("%d %d %.0f\n", start, long, expires) }
    END {
      while (at < n) {
        head = byte[at++]
        if (head < 128) exit
        if (head >= 192) {
          tag = head - 192; first = byte[at++]
          if (first >= 224 && first < 255) exit # in pieces
          size = length_at(first)
        } else {
          tag = int((head - 128) / 4); width = 2 ^ (head % 4)
          if (width == 8) exit
          size = number(at, width); at += width
        }
        next_at = at + size
        if (next_at > n || !index(" 2 6 13 14 17 ", " " tag " ")) exit
        if (tag == 6) { tell(); start = at; long = size; created = number(at + 1, 4); newest = expires = 0 }
        if (tag == 2 && byte[at] == 4 && (byte[at + 1] == 31 || (byte[at + 1] >= 16 && byte[at + 1] <= 19))) {
          at += 6
          signature(at + number(at - 2, 2))
        }
        at = next_at
      }
      tell()
      printf "%s", found
    }'
}
key_facts() {
  key_packets "$1" | while read -r start long expires; do
    fingerprint=$({
      # shellcheck disable=SC2059
      printf "\\231\\$(printf %03o $((long / 256)))\\$(printf %03o $((long % 256)))"
      key_bytes "$1" | tail -c "+$((start + 1))" | head -c "$long"
    } | sha1sum | tr a-f A-F)
    echo "${fingerprint%% *} $expires"
  done
}
