"""Hypothesis profiles: ``SKEP_PROPERTIES=many`` makes the property tests search for long."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", derandomize=True, deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("many", settings.get_profile("default"), derandomize=False, max_examples=20_000)
settings.load_profile(os.environ.get("SKEP_PROPERTIES", "default"))
