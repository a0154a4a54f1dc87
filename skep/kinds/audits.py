"""How bad a finding of an audit is, and what an audit may be asked for: words of the inventory and of audits alike."""

from __future__ import annotations

from typing import Literal

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
"""The worst first."""
PROFILES = ("cis",)
"""What may be asked for beside the operational facts."""
