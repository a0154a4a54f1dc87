# shellcheck shell=sh
# strange names the units, and of $NAMES the programs, that are where those of an engine from a tarball belong and are not
# skep's, a path a line. rooted is whether the engine has its data root from its command line, which skep/places.sh read.

strange() {
  for name in containerd.service docker.socket docker.service; do
    file=/etc/systemd/system/$name line=''
    [ -s "$file" ] || continue
    read -r line <"$file" || :
    [ "$line" = '# Written by skep.' ] || echo "$file"
  done
  for name in $NAMES; do
    file=/usr/local/bin/$name
    [ -e "$file" ] || [ -L "$file" ] || continue
    case $(readlink "$file") in /opt/skep/docker-*) ;; *) echo "$file" ;; esac
  done
}
# shellcheck disable=SC2154
rooted() { printf '%s\n' "$words" | grep -qE '^-(g|-graph|-?data-root)(=|$)'; }
