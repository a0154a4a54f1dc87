"""A YAML file as plain data, without places or checks: for files of our own, and for names that are only offered."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE


def text_of(content: bytes, errors: str = "strict") -> str:
    """A file's text without a mark at its head: in UTF-8, or in UTF-16 where it is marked as such."""
    marked = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    return content.decode("utf-16" if marked else "utf-8-sig", errors)


def plain(content: bytes) -> object:
    """What a file holds. Raises ``ValueError`` for what is no YAML."""
    import yaml

    try:
        return yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error
