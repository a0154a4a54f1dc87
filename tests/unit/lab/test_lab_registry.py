"""Uploading to a registry: what is there already is not sent again."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from skep.errors import LabError
from skep.lab.images import busybox, digest
from skep.lab.registry import push

IMAGE = busybox(b"program", ["sh"], "1.35", "amd64")


class FakeRegistry(BaseHTTPRequestHandler):
    """Blobs and manifests in memory, of the registry HTTP API just what a push needs."""

    blobs: dict[str, bytes]
    tags: dict[str, bytes]
    refuse = False

    def do_HEAD(self) -> None:
        found = self.tags.get(self.path) or self.blobs.get(self.path.rsplit("/", 1)[-1])
        self._answer(200 if found else 404, {"Docker-Content-Digest": digest(found)} if found else {})

    def do_POST(self) -> None:
        self._answer(500 if self.refuse else 202, {"Location": f"http://{self.headers['Host']}/up/1?_state=x"})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "digest=" in self.path:
            self.blobs[self.path.split("digest=")[1]] = body
        else:
            self.tags[self.path] = body
        self._answer(201, {})

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()


@pytest.fixture
def fake() -> Iterator[tuple[str, type[FakeRegistry]]]:
    handler = type("Handler", (FakeRegistry,), {"blobs": {}, "tags": {}})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_image_arrives_and_is_not_sent_twice(fake: tuple[str, type[FakeRegistry]]) -> None:
    address, registry = fake
    push(address, "library/busybox", "1.35", IMAGE)
    assert registry.tags == {"/v2/library/busybox/manifests/1.35": IMAGE.manifest}
    assert set(registry.blobs) == {digest(blob) for blob in IMAGE.blobs}
    registry.refuse = True
    push(address, "library/busybox", "1.35", IMAGE)
    push(address, "library/busybox", "latest", IMAGE)
    assert registry.tags["/v2/library/busybox/manifests/latest"] == IMAGE.manifest


def test_a_refused_upload_is_an_error(fake: tuple[str, type[FakeRegistry]]) -> None:
    address, registry = fake
    registry.refuse = True
    with pytest.raises(LabError, match="answered 500"):
        push(address, "library/busybox", "1.35", IMAGE)
