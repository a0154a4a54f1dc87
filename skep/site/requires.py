"""The versions of skep that a site allows: ``requires`` under ``skep`` in its invoke.yaml."""

from __future__ import annotations

from skep.errors import UsageError

EXAMPLE = ">=0.3,<0.4"


def refuse_other(requires: object, version: str) -> None:
    """Raise ``UsageError`` for a version that the site does not allow, or where what it allows is no range."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(requires if isinstance(requires, str) else "?")
    except InvalidSpecifier:
        raise UsageError(
            f"invoke.yaml: skep.requires: {requires!r} is no range of versions",
            next_action=f'write it such as requires: "{EXAMPLE}"',
        ) from None
    if not allowed.contains(version, prereleases=True):
        raise UsageError(
            f"this site is for skep {requires}, and this is skep {version}",
            cause="invoke.yaml: skep.requires",
            next_action=f"pip install 'skep{requires}' (or pipx install --force 'skep{requires}')",
        )
