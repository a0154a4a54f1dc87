"""Made-up pictures of clusters: a small one in trouble, a large one, and one whose names are hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from skep.audit.html import page
from skep.audit.results import results_of
from skep.picture.model import (
    Audit,
    AuditFinding,
    Difference,
    Disk,
    Machine,
    NetworkLine,
    Note,
    Outlook,
    Picture,
    PlacedTask,
    Run,
    ServiceLine,
)
from skep.verify.check import Check

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(2)>",
    "x" * 200,
    "\u202eمرحبا\u202c rtl",
    "]]></style></script>&amp;{{ 7 * 7 }}",
)


def picture(
    machines: int = 3, tasks: int = 6, *, names: tuple[str, ...] = (), zones: int = 2, ill: bool = True
) -> Picture:
    """Nodes with tasks dealt out among them; ``ill``: the third node is down, two tasks do not run. Where ``names`` are
    given, they stand for all texts, in turn."""

    def name(text: str, number: int = 0) -> str:
        return names[number % len(names)] if names else text

    found: list[list[PlacedTask]] = [[] for _ in range(machines)]
    for number in range(tasks):
        state = {1: "failed", 2: "preparing"}.get(number, "running") if ill else "running"
        error = name("task: non-zero exit (137)", number) if state == "failed" else ""
        task = PlacedTask(name(f"shop_web.{number + 1}", number), "shop_web", state, NOW - timedelta(minutes=9), error)
        found[number % machines].append(task)
    nodes = tuple(
        Machine(
            name=name(f"node{number + 1}", number),
            role="manager" if number < 3 else "worker",
            state="down" if ill and number == 2 else "ready",
            availability="active",
            leader=number == 0,
            reachability="reachable" if number < 3 else "",
            zone=name(f"zone{number % zones + 1}", number % zones) if zones else "",
            engine="28.5.2",
            address=f"10.0.0.{number + 1}",
            silent=name("Connection refused") if ill and number == 2 else "",
            outlook=Outlook(NOW + timedelta(days=60), (Disk("/var", 12 << 30, 0.4, 0.1),)),
            tasks=tuple(found[number]),
        )
        for number in range(machines)
    )
    service = ServiceLine(
        stack=name("shop"),
        name=name("shop_web", 1),
        mode="replicated",
        running=tasks - 2 * ill,
        desired=tasks,
        update="completed",
        image=name("registry.example/shop/web:1.4", 2),
        digest="4f5a",
        updated=NOW - timedelta(days=9),
        networks=(name("front"),),
    )
    label = Difference(name("node3", 2), name("set label zone", 1), name("is unset", 3), (name("zone: + b", 1),))
    disk = Note("warning", "disk-low", name("node2", 1), name("has only 3 MiB free", 1), name("docker system prune", 2))
    run = Run(NOW - timedelta(hours=3), name("cluster.up"), name("ana@desk", 3), "abc123", "failed", 4, 1, name("no"))
    finding = AuditFinding(
        "high", name("disk-use", 1), (name("node2", 2), name("node3", 3)), name("/var is 93 % full"),
        name("docker system prune", 1), NOW - timedelta(days=2),
    )  # fmt: skip
    audits = tuple(
        Audit(NOW - timedelta(days=day), "--profile cis", name("ana@desk", day), {"finding": found, "passed": 90},
              {"high": found}, (finding,))
        for day, found in enumerate((2, 2, 5, 0, 3))
    )  # fmt: skip
    return Picture(
        environment=name("prod"),
        taken=NOW,
        version="0.1.0",
        commit="abc123",
        quorum="3 of 3 managers reachable; 1 more may be lost before changes stop",
        at_risk=False,
        machines=nodes,
        networks=(NetworkLine(name("front"), "10.20.0.0/24", True, False, False, (name("shop_web"),)),),
        services=(service,) if tasks else (),
        differences=(label,) if ill else (),
        notes=(disk,),
        runs=(run,),
        audits=audits,
        unasked=(name("node3: Connection refused", 1),) if ill else (),
    )


def audit_page(names: tuple[str, ...] = (), checks: int = 24) -> str:
    """The page of an audit that found this and that. Where ``names`` are given, they stand for all texts, in turn."""

    def name(text: str, number: int = 0) -> str:
        return names[number % len(names)] if names else text

    outcomes = ("failed", "error", "skipped", *("passed",) * 5)
    results = results_of(
        [
            Check(
                "hosts", name(f"node{number % 5 + 1}", number), name("no disk is more than 90% full", number),
                outcomes[number % len(outcomes)],  # type: ignore[arg-type]
                name("/var is 93 % full, and 4 GiB are free", number + 1) if number % len(outcomes) < 3 else "",
                0.1, id=name(f"own-disk-{number % 9}", number), severity=("high", "medium", "low")[number % 3],
                remedy=name("docker system prune --force", number + 2),
                evidence=((name("df -P /var"), name("/dev/vda 40 37 3 93% /var", number)),),
            )
            for number in range(checks)
        ],
        [],
        NOW.date(),
    )  # fmt: skip
    return page(results, cluster=name("prod"), now=NOW, about="--profile cis", audits=picture().audits)
