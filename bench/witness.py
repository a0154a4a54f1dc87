"""Whether two tools arrived at the same: nodes, labels, network, tasks and daemon.json as the engines tell them."""

from __future__ import annotations

import json

from bench.place import Place
from skep.errors import SkepError

_CLUSTER = r"""
docker node ls -q | xargs docker node inspect -f '{{.Description.Hostname}} {{.Spec.Role}} {{.Spec.Availability}}
 {{- " "}}{{.Status.State}}{{with .ManagerStatus}} {{.Reachability}}{{end}}
 {{- range $k, $v := .Spec.Labels}}{{if ne $k "skep.labels"}} {{$k}}={{$v}}{{end}}{{end}}' | sort
docker network ls -q --filter driver=overlay | xargs docker network inspect -f \
  '{{.Name}} {{range .IPAM.Config}}{{.Subnet}}{{end}} attachable={{.Attachable}}' | sort
docker service ls -q | xargs docker service ps -f desired-state=running \
  --format '{{.Name}} {{.Node}} {{.CurrentState}}' | sed 's/\.[a-z0-9]* / /; s/Running .*/Running/' | sort
"""
_HOST = "systemctl is-enabled docker; systemctl is-active docker; cat /etc/docker/daemon.json"


def end_state(place: Place) -> str:
    """The cluster as text, equal for equal end states."""
    manager = place.lab.hosts[0].name
    hosts = []
    for name, text in place.everywhere(f"sudo sh -c '{_HOST}'").items():
        enabled, active, keys = text.split("\n", 2)
        hosts.append(f"{name} {enabled} {active} {json.dumps(json.loads(keys), sort_keys=True)}")
    script = _CLUSTER.replace("'", "'\\''")
    return "\n".join([place.on(manager, f"sudo sh -c '{script}'").strip(), *hosts])


def refuse_different(what: str, ours: str, theirs: str) -> None:
    """Raise ``SkepError`` with the first lines that differ."""
    if ours == theirs:
        return
    one, other = (set(text.splitlines()) for text in (ours, theirs))
    lines = [*(f"skep: {line}" for line in sorted(one - other)), *(f"{what}: {line}" for line in sorted(other - one))]
    raise SkepError(f"skep and {what} did not arrive at the same", cause="\n".join(lines[:12]))
