"""What an inventory says of a machine by itself: how to log in, its engine, and what stands around that."""

from __future__ import annotations

from skep.reading.documented import Key
from skep.reading.mapping_kinds import Record
from skep.reading.settings import (
    DURATION,
    FLAG,
    HIDDEN,
    ONE_OR_MORE,
    PORT,
    SECRET,
    TEXT,
    TEXTS,
    WRITTEN,
    Choice,
    PublicText,
    Whole,
    named,
    texts,
)

SSH = Record(
    {
        "user": Key(TEXT, "Login user.", "admin", shown="from ssh_config, else your own name"),
        "port": Key(PORT, "Port of sshd.", 22, shown="from ssh_config, else 22"),
        "key": Key(
            TEXT,
            "Private key file; `~` is your home, a relative path starts at the inventory's folder.",
            "~/.ssh/id_ed25519",
            shown="from ssh_config, else the agent's and the usual files",
        ),
        "password": Key(SECRET, "Login password; only as a reference.", "${env:SSH_PASSWORD}"),
        "agent": Key(FLAG, "Whether to ask the SSH agent for keys.", False, True),
        "config": Key(
            TEXT,
            "The ssh_config to honour, instead of the usual ones. `ssh -G` is asked what is in force where it is "
            "installed.",
            "~/.ssh/config",
            shown="~/.ssh/config and /etc/ssh/ssh_config where they are",
        ),
        "gateway": Key(
            ONE_OR_MORE,
            "A host to jump through, or a list of them in the order they are passed: `user@host:port`, or the "
            "name of a host of this file. A host never jumps through itself.",
            ["admin@bastion.example.com:22", "m1"],
            shown="from ssh_config (ProxyJump, ProxyCommand), else none",
        ),
        "sudo": Key(FLAG, "Whether to become root by sudo; `false` where the login user is root.", False, True),
        "sudo-password": Key(
            SECRET, "Password for sudo; only as a reference.", "${file:secrets/sudo}", shown="none: sudo asks for none"
        ),
        "host-keys": Key(
            Choice("strict", "accept-new"),
            "`strict`: a host's key must be known; `accept-new`: one never seen is noted, a changed one refused.",
            "accept-new",
            "strict",
        ),
        "known-hosts": Key(
            TEXT,
            "File of known host keys, beside the global ones; patterns, hashes, `@revoked` and `@cert-authority` "
            "count.",
            "known_hosts",
            shown="from ssh_config (UserKnownHostsFile), else ~/.ssh/known_hosts",
        ),
        "connect-timeout": Key(DURATION, "How long to wait for a connection.", "10s", 10.0, shown="10s"),
        "retries": Key(Whole(0, 20), "How often to try again when a connection fails.", 2, 1),
    },
    empty=True,
    name="Ssh",
    about="How to log in.",
)

ENGINE = Record(
    {
        "source": Key(
            Choice("distribution", "vendor", "static", "offline"),
            "Where the engine comes from. `distribution`: docker.io, on Fedora moby-engine. `vendor`: docker-ce, from "
            "Docker's repository or a mirror. `static`: the binaries in `tarball`. `offline`: the package files in "
            "`packages`. An engine from elsewhere is replaced by what is named here.",
            "vendor",
            shown="as it is; the distribution's where there is none",
        ),
        "version": Key(WRITTEN, "Version desired, whole or its first parts, also as `26.1.*`.", "26.1", shown="any"),
        "tarball": Key(
            TEXT,
            "Of `static`: an archive in the layout of Docker's `docker-VERSION.tgz`, relative to the inventory's "
            "folder. It is sent to hosts and needs no network there.",
            "../engines/docker-28.5.2.tgz",
            shown="none",
        ),
        "sha256": Key(
            TEXT,
            "Of `tarball`, beside it: what `sha256sum` prints. Checked here, and again on each host before anything is "
            "unpacked.",
            "0" * 64,
            shown="none",
        ),
        "packages": Key(
            TEXT,
            "Of `offline`: a folder, relative to the inventory's, with the package files (.deb or .rpm) of an engine, "
            "its client and containerd, what of their dependencies the hosts lack, and their `SHA256SUMS`. They are "
            "sent to hosts and need no network there.",
            "../engines/debian-13",
            shown="none",
        ),
        "repository": Key(
            TEXT,
            "Of the vendor's packages: base URL of Docker's repositories or of a mirror of them, below which "
            "`linux/debian` and the others lie.",
            "https://mirror.example.com/docker-ce",
            shown="https://download.docker.com",
        ),
        "fingerprint": Key(
            TEXT,
            "Of the key that signs there, checked before anything trusts it; for a repository with a key of its own.",
            "9DC8 5822 9FC7 DD38 854A E2D8 8D81 803C 0EBF CD88",
            shown="that of Docker's key",
        ),
        "channel": Key(
            Choice("stable", "test"), "Of the vendor's packages: `test` has release candidates, too.", "test", "stable"
        ),
        "hold": Key(
            FLAG,
            "Whether its packages are held, so that nothing but skep upgrades them, which would restart the engine.",
            False,
            shown="true for `vendor` and `offline`; left as it is for `distribution`",
        ),
        "downgrade": Key(
            FLAG,
            "Whether an older version may replace a newer one. It may not read what the newer one wrote.",
            True,
            False,
        ),
        "plugins": Key(
            texts(Choice("buildx", "compose")),
            "Plugins of Docker's CLI that come with the vendor's packages; others are left alone.",
            ["buildx", "compose"],
            shown="none",
        ),
        "canary": Key(
            TEXT,
            "A small image of Docker Hub. When `daemon.registry-mirrors` change, each host pulls it through each of "
            "them, and a warning says which answered what: the engine itself goes on to Docker Hub without a word.",
            "busybox:1.36",
            shown="none: mirrors are not asked",
        ),
    },
    empty=True,
    name="Engine",
    about="The Docker Engine desired.",
)

PROXY = Record(
    {
        "http": Key(
            HIDDEN,
            'Proxy for plain HTTP; a password in it only as a reference. `""` for none, against a group\'s or the '
            "file's.",
            "http://proxy.example.com:3128",
            shown="none",
        ),
        "https": Key(HIDDEN, "Proxy for HTTPS, the same.", "http://skep:${env:PROXY_PASSWORD}@proxy.example.com:3128"),
        "no-proxy": Key(
            TEXTS,
            "Names, addresses, `.domains` and ranges that are reached without it. Loopback, all hosts of the file and "
            "registries that are inside (private addresses, names without a dot) are so anyway.",
            [".example.com", "10.0.0.0/8"],
            shown="none",
        ),
    },
    empty=True,
    name="Proxy",
    about="The proxy for the engine (a systemd drop-in) and the package manager.",
)

REGISTRY_CERTIFICATES = Record(
    {
        "ca": Key(
            HIDDEN,
            "The CA of the registry's certificate: a PEM file, relative to the inventory's folder, or a reference that "
            "gives the PEM itself.",
            "../certificates/registry-ca.pem",
            shown="the host's CAs",
        ),
        "client-cert": Key(HIDDEN, "Certificate to log in with, the same.", "../certificates/client.pem", shown="none"),
        "client-key": Key(HIDDEN, "Its key, the same; not encrypted.", "../certificates/client.key", shown="none"),
    },
    empty=True,
    name="RegistryCertificates",
    about="What `/etc/docker/certs.d` holds for a registry; put in place without a restart.",
)

CERTIFICATES = Record(
    {
        "registries": Key(
            named(REGISTRY_CERTIFICATES),
            "By registry, as it stands before the image's name.",
            {"registry.example.com:5000": {"ca": "../certificates/registry-ca.pem"}},
            shown="none",
        ),
        "trust": Key(
            ONE_OR_MORE,
            "PEM files of CAs that the whole host trusts; a running engine does from its next start on.",
            ["../certificates/company-ca.pem"],
            shown="none",
        ),
    },
    empty=True,
    name="Certificates",
    about="Certificates of the site on the hosts.",
)

KERNEL = Record(
    {
        "modules": Key(
            TEXTS,
            "Modules to load, now and at each boot.",
            ["overlay", "br_netfilter", "vxlan", "ip_vs"],
            shown="none: the engine loads what it needs",
        ),
        "sysctls": Key(
            named(PublicText(loose=True, who="everybody on the host can read it")),
            "Kernel parameters, now and after each boot.",
            {"net.ipv4.ip_forward": 1},
            shown="none",
        ),
    },
    empty=True,
    name="Kernel",
    about="Modules and parameters of the kernel.",
)

OPEN_FIREWALL = Key(
    FLAG,
    "Whether a firewall that is active (ufw, firewalld, nftables) lets Swarm's ports through from the other hosts of "
    "the file, and from nobody else. None is ever installed or switched on.",
    True,
    False,
    shown="false: left alone",
)
