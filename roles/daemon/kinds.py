"""What there is to say of an engine's configuration."""

from skep.kinds import Kind, declared

MIRROR_FAILS = Kind(
    "mirror-fails",
    "A registry mirror did not give the image of engine.canary. The engine goes on to Docker Hub, and does not say so.",
    "do what the message names; cluster.up asks a mirror that failed again",
)

KINDS = declared(vars())
