# shellcheck shell=sh disable=SC2016,SC2086
# through [NUMBER] pulls $IMAGE (as library/busybox:1.36) from each mirror that the engine has, or from that one, by
# itself: the engine itself goes on
# to Docker Hub where a mirror fails, and does not say so. It goes from this host, with the proxy, the certificates and the
# insecure registries that the engine has, by containerd's own client, and leaves nothing. It prints a line a mirror: its
# number, and ok; or http STATUS, timeout, tls REASON or failed REASON; or unchecked REASON. A mirror has $PATIENCE seconds
# (30), and as many again to say why not. Exit 66: no engine runs.

certs=/etc/docker/certs.d canaries=skep-canary
through() {
  process=$(systemctl show --property=MainPID docker.service); process=${process#MainPID=}
  case $process in '' | 0) echo "the engine does not run" >&2; return 66 ;; esac
  mirrors=$(timeout 20 docker info --format '{{range .RegistryConfig.Mirrors}}{{println .}}{{end}}') || return 66
  unsafe=$(timeout 20 docker info --format '{{range .RegistryConfig.InsecureRegistryCIDRs}}{{println .}}{{end}}{{
    range $name, $index := .RegistryConfig.IndexConfigs}}{{if not $index.Secure}}{{println $name}}{{end}}{{end}}') || return 66
  CONTAINERD_ADDRESS=/run/containerd/containerd.sock CONTAINERD_NAMESPACE=$canaries
  [ -S $CONTAINERD_ADDRESS ] || CONTAINERD_ADDRESS=/run/docker/containerd/containerd.sock
  export CONTAINERD_ADDRESS CONTAINERD_NAMESPACE
  unset HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy # those of the login
  proxy http_proxy http-proxy; proxy https_proxy https-proxy; proxy no_proxy no-proxy
  number=0
  for mirror in $mirrors; do
    number=$((number + 1))
    [ "${1:-$number}" = $number ] || continue
    printf '%s ' $number
    answer | tr -cd '[:print:]\n' | head -n 1 | cut -c 1-300
  done
}
proxy() { # NAME KEY: daemon.json goes before the environment
  value=$(tr -d '\n' 2>/dev/null </etc/docker/daemon.json | sed -n "s/.*\"$2\"[[:space:]]*:[[:space:]]*\"\\([^\"]*\\)\".*/\\1/p")
  [ "$value" ] || value=$(tr '\0' '\n' <"/proc/$process/environ" | sed -n "s/^$1=//Ip" | head -n 1)
  [ -z "$value" ] || export "$1=$value"
}
unsafe() { # whether the engine takes any certificate of $place
  host=${place%:*}
  address=$(getent ahostsv4 "$host" | { read -r one _ && echo "$one"; }) || address=$host
  printf '%s\n' "$unsafe" | awk -v place="$place" -v host="$host" -v address="$address" '
    function number(ip,   part) { split(ip, part, "."); return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4] }
    $0 == place || $0 == host { found = 1 }
    split($0, range, "/") == 2 && range[1] !~ /:/ && address ~ /^[0-9.]+$/ {
      size = 2 ^ (32 - range[2])
      if (int(number(address) / size) == int(number(range[1]) / size)) found = 1
    }
    END { exit !found }'
}
fetched() { timeout -k 5 "${PATIENCE:-30}" ctr content fetch $how --hosts-dir $certs "$@" "$place/$IMAGE"; }
asked() { timeout -k 5 20 ctr "$@"; }
forget() {
  for one in $(asked images ls -q); do asked images rm --sync "$one"; done
  for one in $(asked leases ls -q); do asked leases rm "$one"; done
  for one in $(asked content ls -q); do asked content rm "$one"; done
  asked namespaces rm $canaries
}
answer() {
  place=${mirror#*://} how=
  place=${place%/}
  command -v ctr >/dev/null || { echo "unchecked there is no ctr, containerd's client"; return; }
  case $place in */*) echo "unchecked it has a path, below which only the engine itself asks"; return ;; esac
  case $mirror in
    http://*) how=--plain-http ;;
    *) ! unsafe || how=--skip-verify ;;
  esac
  # What is there already would not be pulled, and any mirror would do.
  asked version >/dev/null 2>&1 || { echo "unchecked containerd does not answer"; return; }
  forget >/dev/null 2>&1 || true
  ! asked -n moby images ls -q 2>/dev/null | grep -qxF "docker.io/$IMAGE" ||
    { echo "unchecked the engine has this image already, in containerd's store"; return; }
  status=0
  fetched >/dev/null 2>&1 || status=$?
  case $status in
    0) echo ok ;;
    124 | 137) echo timeout ;;
    *)
      said=$(fetched --http-dump 2>&1 >/dev/null | grep -aoE 'msg="HTTP/[0-9.]+ [^"]*|^ctr: .*') || true
      last=$(printf '%s\n' "$said" | sed -n 's/^msg="HTTP[^ ]* //p' | tail -n 1)
      why=$(printf '%s\n' "$said" | sed -n 's/^ctr: //p' | tail -n 1 | sed 's/.*failed to do request: [A-Za-z]* "[^"]*": //')
      case $last:$why in
        [45]*) echo "http $last" ;;
        *tls:* | *x509:* | *certificate*) echo "tls $why" ;;
        *) echo "failed ${why:-status $status}" ;;
      esac ;;
  esac
  forget >/dev/null 2>&1 || true
}
