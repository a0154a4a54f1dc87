# shellcheck shell=sh
# What this host is in a swarm by its addresses and its certificate, be its engine running or not, and whether its overlay
# networks are there: on a node they may just be being set up. Of an engine that is no node, where it listens as if it were.

. skep/places.sh
. skep/interfaces.sh
. roles/swarm/listening.sh
command -v dockerd >/dev/null && echo "engine installed"
while read -r kind name address; do
  case "$kind $name" in 'global docker'* | 'global br-'???????????? | 'global veth'*) ;; 'global '*) echo "address $address" ;; esac
done <<INTERFACES
$interfaces
INTERFACES
node=
while IFS= read -r root; do
  echo "root $root"
  if [ -f "$root/swarm/certificates/swarm-node.crt" ]; then
    certificate=
    while read -r line || [ "$line" ]; do certificate=$certificate$line$newline; done <"$root/swarm/certificates/swarm-node.crt"
    node=$node$certificate
    printf '%s\n' "$certificate"
  fi
done <<ROOTS
$data_roots
ROOTS
case $node in *CERTIFICATE*) ;; *) node= ;; esac
if [ "$engine" ] && [ -d /run/docker/netns ]; then
  for _ in 1 2 3; do
    [ ! -e /run/docker/netns/ingress_sbox ] || break
    [ -n "$node" ] && sleep 1
  done
  [ -e /run/docker/netns/ingress_sbox ] || echo "overlay networks missing"
fi
[ -z "$engine" ] || [ -n "$node" ] || listens | sed 's/^/listens /'

true
