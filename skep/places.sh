# shellcheck shell=sh disable=SC2034
# What every probe may use; it stands once before all of them, and starts no more than a handful of processes.
#
# engine is the process of the engine that runs, or nothing; unit_... is what systemd says of docker.service. A pidfile
# elsewhere hides the engine from /var/run/docker.pid, a unit of another name from systemd; a process of that name alone
# may be in a container. unit_environment may hold passwords: it is not printed.
#
# data_roots are the folders that may be the engine's data root, a line each, the likeliest first, links followed: what
# the process or its unit was given, what daemon.json says (written_root), Docker's default, and what userns-remap makes
# below each.

newline='
'
engine='' unit_command='' unit_files='' unit_environment='' unit_state='' pids=''
while IFS= read -r line; do
  case $line in
    MainPID=*) pids=${line#*=} ;;
    ExecStart=*) line=${line#*argv\[\]=}; unit_command=${line%% ; ignore_errors=*} ;;
    EnvironmentFiles=*) line=${line#*=}; unit_files="$unit_files ${line% (ignore_errors=*}" ;;
    Environment=*) unit_environment=${line#*=} ;;
    ActiveState=*) unit_state=${line#*=} ;;
  esac
done <<UNIT
$(systemctl show -p MainPID,ExecStart,EnvironmentFiles,Environment,ActiveState docker.service 2>/dev/null)
UNIT
pid=
read -r pid 2>/dev/null </var/run/docker.pid || :
for pid in $pids $pid; do
  if read -r line 2>/dev/null <"/proc/$pid/comm" && [ "$line" = dockerd ]; then engine=$pid; break; fi
done

if [ "$engine" ]; then words=$(tr '\0' '\n' <"/proc/$engine/cmdline")
else words="$(printf '%s\n' "$unit_command" | tr ' ' '\n')
$([ ! -f /etc/default/docker ] || sed -n 's/^ *DOCKER_OPTS=//p' /etc/default/docker | tr " \"'" '\n')"
fi
config=/etc/docker/daemon.json written_root='' data_roots='' option=''
set --
while IFS= read -r word; do
  case $option in -data-root | -graph | -g) set -- "$@" "$word" ;; -config-file) config=$word ;; esac
  option=${word#-}
  case $word in --*) ;; *) option=$word ;; esac
  case $option in -data-root=* | -graph=* | -g=*) set -- "$@" "${word#*=}" ;; -config-file=*) config=${word#*=} ;; esac
done <<WORDS
$words
WORDS
written=''
while read -r line || [ "$line" ]; do written="$written $line"; done 2>/dev/null <"$config"
case $written in *'"data-root"'* | *'"graph"'*)
  written_root=$(tr -d '\n' <"$config" |
    sed -n 's/.*"\(data-root\|graph\)"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\2/p' | sed 's:\\/:/:g') ;;
esac
count=$#
for root in "$@" "$written_root" /var/lib/docker; do
  for place in "$root" "$root"/[0-9]*.[0-9]*; do
    [ -z "$root" ] || [ ! -d "$place" ] || set -- "$@" "$place"
  done
done
shift $count
while IFS= read -r place; do
  case "$newline$data_roots$newline" in *"$newline$place$newline"*) ;; *)
    data_roots="$data_roots${data_roots:+$newline}$place" ;; esac
done <<PLACES
$(for place; do cd -P -- "$place" && pwd -P; done)
PLACES
set --
