"""Registry mirrors that fail, each in its own way: the host asks each by itself, and the run says what it answered."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab.rig.environment import Document, Environment

ANSWERS = {401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


def _untrusted(path: Path) -> Path:
    """A key and its own certificate."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mirror")])
    until = now + datetime.timedelta(days=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, until).sign(key, hashes.SHA256())
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(plain + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def _mirror(address: str, status: int, certificate: Path | None = None) -> Iterator[str]:
    """A server that answers everything with one status; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.send_header("WWW-Authenticate", 'Basic realm="lab"')
            self.end_headers()

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer((address, 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://{address}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def mirrors(cluster: Environment, tmp_path: Path) -> Iterator[list[str]]:
    address = cluster.hosts.spec.gateway
    certificate = _untrusted(tmp_path / "mirror.pem")
    with ExitStack() as stack:
        yield [
            *(stack.enter_context(_mirror(address, status)) for status in ANSWERS),
            stack.enter_context(_mirror(address, 200, certificate)),
        ]


def test_a_mirror_that_fails_is_named_with_what_it_answered(cluster: Environment, mirrors: list[str]) -> None:
    def change(document: Document) -> None:
        daemon = {**document["daemon"], "insecure-registries": []}
        daemon["registry-mirrors"] = [*document["daemon"]["registry-mirrors"], *mirrors]
        document["hosts"]["w1"] |= {"engine": {"canary": "busybox:1.36"}, "daemon": daemon}

    tool = cluster.with_inventory("mirrored", change)
    ran = tool("cluster.up", "--limit", "w1", "--verify", "never").must()
    assert "daemon/mirrors@w1" in ran.done
    said = [one["text"] for event in ran.named("findings") for one in event["findings"] if one["id"] == "mirror-fails"]
    assert len(said) == len(mirrors), f"{said}\n{ran}"
    answers = [*(f"answered {status} {word}" for status, word in ANSWERS.items()), "certificate"]
    for text, mirror, answer in zip(said, mirrors, answers, strict=True):
        assert text.startswith(mirror) and answer in text, ran
    checks = tool("cluster.verify", "--limit", "w1").must(8).bad_checks
    assert [mirror in checks[0]["message"] for mirror in mirrors] == [True] * len(mirrors), checks
    assert "skep-canary" not in cluster.hosts.run("w1", "ctr namespaces ls")

    def accept(document: Document) -> None:
        change(document)
        document["accept"] = [{"id": "mirror-fails", "reason": "of this test"}]

    assert not cluster.with_inventory("accepted", accept)("cluster.plan", "--limit", "w1").must().steps
    cluster.up("--limit", "w1")
