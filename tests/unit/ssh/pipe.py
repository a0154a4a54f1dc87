"""A ProxyCommand: writes its process id to a file and passes on what comes, both ways. ``pipe.py FILE HOST PORT``."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path


def main(file: str, host: str, port: str) -> None:
    """Until one of both sides ends."""
    Path(file).write_text(str(os.getpid()))
    sock = socket.create_connection((host, int(port)))

    def back() -> None:
        while data := sock.recv(65536):
            os.write(1, data)
        os._exit(0)

    threading.Thread(target=back, daemon=True).start()
    while data := os.read(0, 65536):
        sock.sendall(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
