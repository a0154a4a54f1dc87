# shellcheck shell=sh
# What will run out on a host: its node certificate, and room on the file systems that matter. "$@" are folders.
# `df` counts kibibytes and inodes; a folder that is not there, or that `df` cannot look at, is left out.
cert=/var/lib/docker/swarm/certificates/swarm-node.crt
for root in "$@"; do
  [ ! -f "$root/swarm/certificates/swarm-node.crt" ] || cert=$root/swarm/certificates/swarm-node.crt
done
printf 'certificate\n'
[ ! -f "$cert" ] || sed -n '/BEGIN CERT/,/END CERT/{p;/END CERT/q;}' "$cert"
printf 'space\n'
for folder in "$@"; do
  [ -d "$folder" ] || continue
  blocks=$(df -Pk "$folder" | tail -n 1) inodes=$(df -Pi "$folder" | tail -n 1)
  [ -z "$blocks" ] || [ -z "$inodes" ] || printf '%s %s\n' "$folder" "$blocks" "$folder" "$inodes"
done
