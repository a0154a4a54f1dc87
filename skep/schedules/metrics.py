"""How schedules ended and how the cluster stands, as OpenMetrics text for node_exporter's textfile collector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from skep.dataclass import dataclass
from skep.files import put

Sample = tuple[Mapping[str, str], float]
Family = tuple[str, str, str, Sequence[Sample]]
"""Name, unit, meaning, samples."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What managers say: ``nodes`` by state, such as ``ready``, and services with fewer tasks than desired."""

    nodes: Mapping[str, int]
    below: int


def text(inventory: str, results: Iterable[Mapping[str, object]], standing: Standing | None) -> str:
    """All of one inventory. ``results`` are how each schedule ended last; what is not known is left out."""
    ended = [(str(one.get("schedule")), one) for one in results if one.get("schedule")]
    drift = [one for _, one in ended if one.get("run") == "drift" and one.get("result") in ("ok", "drift")]
    audits = [(name, one) for name, one in ended if one.get("severities")]
    families: list[Family] = [
        *_of_schedules(inventory, ended),
        ("skep_drift_steps", "", "Steps that cluster.up would do, at the last look for drift.",
         [({"inventory": inventory}, _number(one.get("drift"))) for one in drift[:1]]),
        ("skep_findings", "", "Findings of the last look for drift, by level.",
         [({"inventory": inventory, "level": level}, count) for one in drift[:1] for level, count in _findings(one)]),
        ("skep_audit_findings", "", "Findings of the last audit, by severity.",
         [({"inventory": inventory, "schedule": name, "severity": level}, count) for name, one in audits
          for level, count in _findings(one, "severities")]),
        ("skep_nodes", "", "Nodes of the swarm, by state.",
         [({"inventory": inventory, "state": name}, count) for name, count in sorted(standing.nodes.items())]
         if standing else []),
        ("skep_services_below_desired", "", "Services with fewer running tasks than desired.",
         [({"inventory": inventory}, standing.below)] if standing else []),
    ]  # fmt: skip
    lines = [line for family in families if family[3] for line in _family(*family)]
    return "\n".join([*lines, "# EOF", ""])


def write(folder: str, inventory: str, content: str) -> None:
    """For everybody to read; a collector never sees half of it. Raises ``OutputLost``."""
    put(file_of(folder, inventory), content, mode=0o644)


def remove(folder: str, inventory: str) -> None:
    """Take it away, if it is there. Raises ``OSError``."""
    file_of(folder, inventory).unlink(missing_ok=True)


def file_of(folder: str, inventory: str) -> Path:
    """Where an inventory's metrics are."""
    return Path(folder, f"skep-{inventory}.prom")


def _of_schedules(inventory: str, ended: list[tuple[str, Mapping[str, object]]]) -> Iterator[Family]:
    def each(key: str) -> list[Sample]:
        at = {"inventory": inventory}
        return [({**at, "schedule": name}, value) for name, one in ended if (value := _number(one.get(key))) == value]

    yield "skep_schedule_last_run_timestamp_seconds", "seconds", "When the last run ended.", each("ended")
    yield "skep_schedule_last_success_timestamp_seconds", "seconds", "When a run last ended well.", each("success")
    yield "skep_schedule_last_duration_seconds", "seconds", "How long the last run took.", each("seconds")
    failed: list[Sample] = [
        ({"inventory": inventory, "schedule": name}, float(one.get("result") == "failed")) for name, one in ended
    ]
    yield "skep_schedule_failed", "", "Whether the last run failed.", failed
    yield (
        "skep_schedule_left_undone",
        "",
        "What the last run left undone.",
        [
            ({"inventory": inventory, "schedule": name}, float(len(left)))
            for name, one in ended
            if isinstance(left := one.get("undone"), list)
        ],
    )


def _family(name: str, unit: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# TYPE {name} gauge"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {meaning}"
    for labels, value in samples:
        written = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{written}}} {value:g}" if value < 1e5 else f"{name}{{{written}}} {value:.0f}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _findings(one: Mapping[str, object], key: str = "findings") -> list[tuple[str, float]]:
    found = one.get(key)
    return [(str(level), float(count)) for level, count in found.items()] if isinstance(found, dict) else []


def _number(value: object) -> float:
    """A number, or a time as seconds since 1970."""
    if isinstance(value, str) and value:
        return datetime.fromisoformat(value).timestamp()
    return float(value) if isinstance(value, int | float) else float("nan")
