#!/bin/sh
# The floor: the same end state by plain ssh, one login and one script a host, all hosts at once. It checks nothing
# before or after, knows that the hosts are bare and which commands their engine takes. It waits for what the next
# command needs, and at the end until the stack's tasks run. Usage: floor.sh FOLDER (written by place.py)
# shellcheck disable=SC1091,SC2154 # what place.py writes into settings
set -eu
cd "$1"
. ./settings
answers=$(mktemp -d)
trap 'rm -rf "$answers"' EXIT

engine() { # what every host begins with
  cat <<END
set -e
say() { echo "\$* \$(date +%s.%N)"; }
mkdir -p /etc/docker
echo $(base64 -w0 daemon.json) | base64 -d >/etc/docker/daemon.json
export DEBIAN_FRONTEND=noninteractive
END
  [ -z "$repository" ] || cat <<END
mkdir -p /etc/apt/keyrings
/usr/lib/apt/apt-helper download-file $repository/gpg /etc/apt/keyrings/docker.asc </dev/null >/dev/null 2>&1
chmod 644 /etc/apt/keyrings/docker.asc
list=/etc/apt/sources.list.d/docker.list
echo "deb [signed-by=/etc/apt/keyrings/docker.asc] $repository \$(. /etc/os-release; echo \$VERSION_CODENAME) stable" >\$list
apt-get -qq -o Dir::Etc::sourcelist=\$list -o Dir::Etc::sourceparts=/dev/null -o APT::Get::List-Cleanup=0 update \
  </dev/null >/dev/null 2>&1
END
  cat <<END
apt-get -qq -y --no-install-recommends install $packages </dev/null >/dev/null 2>&1
END
  [ -z "$repository" ] || echo "apt-mark hold $packages </dev/null >/dev/null"
  echo 'say installed'
}

heard() { # HOST WORD: wait until that host has said the word
  until grep -qs "^$2" "$answers/$1"; do sleep 0.02; done
}

ours() { # label a node when it has joined
  heard "$1" joined
  echo "until docker node update $2 $1 </dev/null >/dev/null 2>&1; do sleep 0.05; done"
}

first() { # the first manager: swarm, network, labels, stack
  engine
  cat <<END
docker swarm init --advertise-addr $2 $pools $mask </dev/null >/dev/null
say joined
echo "tokens \$(docker swarm join-token -q manager </dev/null) \$(docker swarm join-token -q worker </dev/null)"
docker network create $network </dev/null >/dev/null
mkdir -p /tmp/stack
echo $(tar -C "stacks/$stack" -c . | base64 -w0) | base64 -d | tar -C /tmp/stack -x
END
  while read -r name _ role labels; do [ "$role" = worker ] && ours "$name" "$labels"; done <hosts
  cat <<END
docker stack deploy -c /tmp/stack/$compose $stack </dev/null >/dev/null 2>&1
say deployed
END
  while read -r name _ role labels; do [ "$role" = worker ] || ours "$name" "$labels"; done <hosts
  cat <<END
until [ "\$(docker stack ps -f desired-state=running --format '{{.CurrentState}}' $stack </dev/null |
  grep -c ^Running)" = $tasks ]; do sleep 0.1; done
say running
END
}

other() { # ROLE ADDRESS FIRST FIRST-ADDRESS: the engine, then into the swarm as soon as there is a token
  engine
  heard "$3" tokens
  token=$(awk -v column="$([ "$1" = manager ] && echo 2 || echo 3)" '/^tokens/ { print $column }' "$answers/$3")
  echo "docker swarm join --advertise-addr $2 --token $token $4:2377 </dev/null >/dev/null"
  echo 'say joined'
}

read -r leader leader_address _ <hosts
while read -r name address role _; do
  if [ "$name" = "$leader" ]; then
    first "$name" "$address"
  else
    other "$role" "$address" "$leader" "$leader_address"
  fi | ssh -F ssh_config "$address" sudo -n sh -s >"$answers/$name" &
done <hosts
wait
cat "$answers"/*
