"""Hypothesis profiles, ``SKEP_PROPERTIES=many`` for a long search; the simulated world on the path as ``world``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile(
    "default", derandomize=True, deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("many", settings.get_profile("default"), derandomize=False, max_examples=20_000)
settings.load_profile(os.environ.get("SKEP_PROPERTIES", "default"))
