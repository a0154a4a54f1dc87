"""What the witness of stacks reads from compose files."""

import pytest

from roles.stacks import verify as stacks
from skep.model import Stack

COMPOSE = b"""
services:
  web:
    image: busybox:$TAG
    ports: ["80:80", {target: 80, published: "${PORT:-8080}", mode: host}, {target: 81, published: 81}]
    deploy: {replicas: 1}
"""


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("$TAG-${TAG}", "1-1"),
        ("$${TAG} $$", "${TAG} $"),
        ("${NONE:-a}${NONE-b}${EMPTY:-c}${EMPTY-d}", "abc"),
        ("${NONE}${NONE:?must be}|", "|"),
        ([{"a": "$TAG"}, 5], [{"a": "1"}, 5]),
    ],
)
def test_variables_of_compose_files(text, filled):
    assert stacks._filled(text, {"TAG": "1", "EMPTY": ""}) == filled


def test_later_compose_files_win():
    more = b"services: {web: {deploy: {replicas: 3}, ports: [{target: 1, published: 53, protocol: udp, mode: host}]}}"
    merged = stacks._services(Stack("web", ("c.yml", "d.yml"), {"c.yml": COMPOSE, "d.yml": more}, {"TAG": "1"}))
    assert stacks._replicas(merged["web"]) == 3
    assert stacks._host_ports(merged["web"]) == [("tcp", 8080), ("udp", 53)]
    assert merged["web"]["image"] == "busybox:1"
