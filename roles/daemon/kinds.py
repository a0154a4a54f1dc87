"""What there is to say of an engine's configuration."""

from skep.kinds import Kind, declared

MIRROR_FAILS = Kind(
    "mirror-fails",
    "A registry mirror did not give the image of engine.canary. The engine goes on to Docker Hub, and does not say so.",
    "do what the message names; cluster.up asks a mirror that failed again",
)

LOOPBACK_REGISTRIES = Kind(
    "loopback-registries",
    "insecure-registries is set, and the engine is 29.10 or later: registries of the host itself need TLS, too.",
    "name those that have none in insecure-registries: localhost:5000",
)

KINDS = declared(vars())
