"""Engines from package files of the operator's machine, which the host's package manager installs without a network."""
