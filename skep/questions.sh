# shellcheck shell=sh
# The raw answers of the engine that runs here; nothing where none does. Takes $OTHERS, the requests beyond /info, and
# the seconds $SOON, $ALIVE, $LATE and $ELECTION, and $SLOWER. Exit 3: an engine runs and gives no sign of life.
#
# The engine is asked only where its process lives: its socket alone would start it. A manager that has just lost its
# leader says nothing of the swarm, after up to 20 s of its own: it is asked again while a new one is elected.

. skep/places.sh
. skep/ask.sh
if [ "$engine" ] && { command -v perl || command -v docker; } >/dev/null; then
  echo '--engine runs--'
  first() { info=$(ask 'GET /info HTTP/1.0\r\nHost: docker\r\n\r\n' "$1"); }
  extra=0
  info='' until=''
  look_at_process
  case $state in T*) ;; *)
    first "$SOON"
    case $info in HTTP/* | --no-room--*) ;; *) ! lives || first $((LATE + extra)) ;; esac ;;
  esac
  while :; do
    case $info in
      *'"Cluster":{"ID":""'*) ;; *'"Cluster":'*) break ;; *'"ControlAvailable":true'*) ;; *) break ;;
    esac
    now=$(date +%s)
    [ "$now" -lt "${until:=$((now + ELECTION))}" ] || break
    sleep 1
    first $((LATE + extra))
  done
  case $info in HTTP/* | --no-room--*) ;; *)
    info=$(echo '--listens--'; tr '\0' '\n' <"/proc/$engine/cmdline"
      echo '--unit--'; systemctl show --property=Listen docker.socket
      echo '--file--'; cat /etc/docker/daemon.json
      look_at_process; printf '\n--state--\n%s\n' "$state") ;;
  esac
  printf '%s\n--more--\n' "$info"
  case $info in --listens--*) exit 3 ;; esac
  case $info in *'"ControlAvailable":true'*) [ -z "$OTHERS" ] || ask "$OTHERS" $((LATE + extra)) ;; esac
fi
