# shellcheck shell=sh
# What is there of the files $PATHS (a line each) and of those that $MEMORY/TOPIC names, the lines of $TEXTS among them,
# which of $MODULES are loaded, or can be, and the values of $SYSCTLS; of $DNF only our lines count, from $BEGIN to $END, and
# whether there is another proxy. Starts nothing where none is asked for.

if [ "$PATHS$MODULES$SYSCTLS" ] || [ -d "$MEMORY" ]; then
  [ ! -e /run/systemd/container ] || echo "container yes"
  there() {
    [ ! -e "$path.before-skep" ] || echo "kept $path"
    [ ! -f "$path" ] || [ "$path" = "$DNF" ] || known="$known$path
"
  }
  known=''
  for topic in "$MEMORY"/*; do
    [ -f "$topic" ] || continue
    echo "remembers ${topic##*/}"
    while IFS= read -r path; do echo "owned ${topic##*/} $path"; there; done <"$topic"
  done
  while IFS= read -r path; do there; done <<PATHS
$PATHS
PATHS
  if [ "$known" ]; then
    printf %s "$known" | sort -u | tr '\n' '\0' | xargs -0 sha256sum -- | sed 's/^\\*/sum /'
    printf %s "$known" | sort -u | tr '\n' '\0' | xargs -0 stat -L -c 'mode %a %n' --
  fi
  if [ -f "$DNF" ]; then
    ours=$(awk -v begin="$BEGIN" -v end="$END" '
      $0 == begin { inside = 1; lines = "" }
      inside { lines = lines $0 "\n" }
      inside && $0 == end { inside = 0; printf "%s", lines; whole = 1 }
      END { if (inside && !whole) print begin }' "$DNF")
    if [ "$ours" ]; then
      printf '%s\n' "$ours" | sha256sum | sed "s,-\$,$DNF,; s,^,sum ,"
      stat -L -c 'mode %a %n' "$DNF"
      printf '%s\n' "$ours" | sed "s,^,text $DNF ,"
    fi
    awk -v begin="$BEGIN" -v end="$END" '
      $0 == begin { ours = 1 }
      $0 == end { ours = 0; next }
      /^\[/ { main = /^\[main\]/ }
      !ours && main && /^[ \t]*proxy[ \t]*=/ && !/=[ \t]*_none_/ { found = 1 }
      END { exit !found }' "$DNF" && echo "proxied $DNF"
  fi
  for text in $TEXTS; do
    [ -f "$text" ] && [ "$text" != "$DNF" ] || continue
    while IFS= read -r line || [ "$line" ]; do printf 'text %s %s\n' "$text" "$line"; done <"$text"
  done
  read -r release </proc/sys/kernel/osrelease
  for module in $MODULES; do
    if [ -d "/sys/module/$module" ] || grep -qsw "$module" /proc/filesystems ||
      { [ "$module" = br_netfilter ] && [ -d /proc/sys/net/bridge ]; } || grep -qsE "/$(printf %s "$module" | sed 's/_/[_-]/g')\.ko" "/lib/modules/$release/modules.builtin"
    then echo "loaded $module"
    elif modprobe -n -q "$module"; then echo "loadable $module"; fi
  done
  set --
  for key in $SYSCTLS; do
    # shellcheck disable=SC2086
    place=/proc/sys/$(IFS=.; set -- $key; IFS=/; echo "$*")
    [ -f "$place" ] || continue
    [ -w "$place" ] || echo "fixed $key"
    set -- "$@" "$place"
  done
  # The shell's own read takes such a file byte by byte, and gets only the first.
  [ $# = 0 ] || grep -H '' "$@" | sed 's/^/sysctl /'
fi
true
