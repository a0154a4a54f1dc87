"""skep: infrastructure as code for Docker Swarm. The machinery; what it manages lives in ``roles/``."""

__version__ = "0.1.0"
