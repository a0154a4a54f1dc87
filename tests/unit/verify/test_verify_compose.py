"""What the witness of stacks reads from compose files."""

from roles.stacks import verify as stacks
from skep.model import Stack

COMPOSE = b"""
services:
  web:
    image: busybox:$TAG
    ports: ["80:80", {target: 80, published: "${PORT:-8080}", mode: host}, {target: 81, published: 81}]
    deploy: {replicas: 1}
  job: {image: busybox, x-skep: {hook: before}}
  all: {image: busybox, deploy: {mode: global}}
"""


def test_later_compose_files_win():
    more = b"services: {web: {deploy: {replicas: 3}, ports: [{target: 1, published: 53, protocol: udp, mode: host}]}}"
    merged = stacks._services(Stack("web", ("c.yml", "d.yml"), {"c.yml": COMPOSE, "d.yml": more}, {"TAG": "1"}))
    assert stacks._replicas(merged["web_web"]) == 3
    assert sorted(stacks._host_ports(merged["web_web"])) == [("tcp", 8080), ("udp", 53)]


def test_hooks_are_jobs():
    found = stacks._services(Stack("web", ("c.yml",), {"c.yml": COMPOSE}, {"TAG": "1"}))
    assert {name: stacks._is_job(spec) for name, spec in found.items()} == {
        "web_web": False, "web_job": True, "web_all": False
    }  # fmt: skip
    assert [stacks._replicas(found[name]) for name in ("web_web", "web_job", "web_all")] == [1, None, None]
