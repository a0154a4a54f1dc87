"""The units of an engine from a tarball, as Docker's packages and containerd have them."""

from __future__ import annotations

import hashlib

LINKS = "/usr/local/bin"
"""Where the binaries are linked to."""

_CONTAINERD = f"""\
# Written by skep.
[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target dbus.service

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart={LINKS}/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
"""
_SOCKET = """\
# Written by skep.
[Unit]
Description=Docker Socket for the API

[Socket]
ListenStream=/run/docker.sock
SocketMode=0660
SocketUser=root
SocketGroup=docker

[Install]
WantedBy=sockets.target
"""
_DOCKER = f"""\
# Written by skep.
[Unit]
Description=Docker Application Container Engine
Documentation=https://docs.docker.com
After=network-online.target docker.socket firewalld.service containerd.service time-set.target
Wants=network-online.target containerd.service
Requires=docker.socket

[Service]
Type=notify
ExecStart={LINKS}/dockerd -H fd:// --containerd=/run/containerd/containerd.sock
ExecReload=/bin/kill -s HUP $MAINPID
TimeoutStartSec=0
RestartSec=2
Restart=always
StartLimitBurst=3
StartLimitInterval=60s
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
Delegate=yes
KillMode=process
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
"""

UNITS = {"containerd.service": _CONTAINERD, "docker.socket": _SOCKET, "docker.service": _DOCKER}
"""By name, in the order of starting; they lie in ``/etc/systemd/system``."""
SUMS = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in UNITS.items()}
"""The sha256 of each."""
