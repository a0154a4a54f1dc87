# shellcheck shell=sh disable=SC2154
# What there is of an engine from a tarball: its version and the tarball's sha256, what of it is missing or altered, links
# to it that are missing, and the sums of its units. A file whose status did not change since all were written needs no reading.
# Where the link to dockerd is missing, the process that runs names its place.

place=$(readlink /usr/local/bin/dockerd) || place=
[ "$place" ] || [ -e /usr/local/bin/dockerd ] || place=$(readlink "/proc/$engine/exe") || place=
place=${place%' (deleted)'}
case $place in /opt/skep/docker-*/dockerd)
  place=${place%/dockerd} version='' sum=''
  read -r version sum 2>/dev/null <"$place/.skep" || :
  echo "static ${version:-unknown} ${sum:-unknown}"
  [ -s "$place/SHA256SUMS" ] || echo "damaged SHA256SUMS"
  while read -r _ name; do
    if ! [ -f "$place/$name" ]; then echo "damaged $name"
    elif ! [ "/usr/local/bin/$name" -ef "$place/$name" ]; then echo "unlinked /usr/local/bin/$name"; fi
  done 2>/dev/null <"$place/SHA256SUMS"
  if [ "$(find "$place" -type f -cnewer "$place/.skep" -print -quit 2>/dev/null)" ]; then
    (cd "$place" && sha256sum -c SHA256SUMS 2>/dev/null) | sed -n 's/: FAILED.*//p' | sed 's/^/damaged /'
  fi
  (cd /etc/systemd/system && sha256sum docker.service docker.socket containerd.service 2>/dev/null) |
    while read -r sum name; do echo "unitfile $name $sum"; done ;;
esac
