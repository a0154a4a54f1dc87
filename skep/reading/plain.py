"""A YAML file as plain data, without places or checks: for files of our own, and for names that are only offered."""

from __future__ import annotations


def plain(content: bytes) -> object:
    """What a file holds. Raises ``ValueError`` for what is no YAML."""
    import yaml

    try:
        return yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error
