# shellcheck shell=sh
# What this host is in a swarm by its addresses and its certificate, be its engine running or not, and whether its overlay
# networks are there: on a node they may just be being set up.

. skep/places.sh
command -v dockerd >/dev/null && echo "engine installed"
ip -o addr show scope global 2>/dev/null | awk '$2 !~ /^(docker|br-|veth)/ { print "address", $4 }'
node=
while IFS= read -r root; do
  echo "root $root"
  if [ -f "$root/swarm/certificates/swarm-node.crt" ]; then
    certificate=$(cat "$root/swarm/certificates/swarm-node.crt")
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

true
