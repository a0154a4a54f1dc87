"""What is sent to a host that runs schedules, and how these log in."""

from __future__ import annotations

import io
import json
import os
import tarfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit

from skep.apply.commit import COMMIT, commit
from skep.commands import call
from skep.commands.asking import Asking
from skep.commands.call import Call
from skep.commands.schedule import on_hosts, parcel
from skep.commands.schedule.parcel import contents, program, site
from skep.commands.schedule_login import with_own_key
from skep.errors import StepFailed, UsageError
from skep.inventory import Inventory, load
from skep.secret import Secret

INVENTORY = """
extends: base.yml
ssh: { user: admin, key: /elsewhere/key, known-hosts: /elsewhere/known_hosts, gateway: jump.example.com }
hosts:
  m1: { address: 10.0.0.1, role: manager }
stacks:
  web: {}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {
        "inventory/base.yml": "networks: {}",
        "inventory/prod.yml": INVENTORY,
        "inventory/other.yml": "hosts: {}",
        "stacks/web/compose.yml": "services: {web: {image: busybox}}",
        "stacks/web/.env": "A=1",
        "stacks/web/.git/config": "url = https://user:token@example.com/web",
        "roles/motd/role.py": "",
        "roles/motd/__pycache__/role.pyc": "",
        "backups/prod/x.tar": "",
        "invoke.yaml": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "stacks/web/hook").write_text("#!/bin/sh\n")
    (tmp_path / "stacks/web/hook").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder: Path) -> Inventory:
    return load(folder / "inventory/prod.yml")


def test_a_file_that_may_be_run_from_now_on_makes_another_site(folder: Path) -> None:
    before = site(read(folder), folder)
    (folder / "stacks/web/hook").chmod(0o644)
    after = site(read(folder), folder)
    assert before.sums == after.sums and before.folder != after.folder


def test_the_inventory_with_what_it_names_and_the_stacks_are_sent(folder: Path) -> None:
    made = site(read(folder), folder)
    with tarfile.open(fileobj=io.BytesIO(made.archive)) as tar:
        modes = {entry.name: entry.mode for entry in tar}
    assert made.inventory == "inventory/prod.yml" and set(modes) == set(made.sums)
    assert sorted(made.sums) == [
        COMMIT, "inventory/base.yml", "inventory/prod.yml", "invoke.yaml", "roles/motd/role.py", "stacks/web/.env",
        "stacks/web/compose.yml", "stacks/web/hook",
    ]  # fmt: skip
    assert modes["stacks/web/hook"] == 0o700 and modes["stacks/web/.env"] == 0o600
    assert site(read(folder), folder) == made


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("stacks: {web: {files-from: [/elsewhere]}}", "/elsewhere"),
        ("daemon: {log-opts: {labels: '${file:/etc/hostname}'}}", "/etc/hostname"),
    ],
)
def test_what_lies_outside_is_refused_by_name(folder: Path, line: str, named: str) -> None:
    file = folder / "inventory/prod.yml"
    text = INVENTORY.replace("stacks:\n  web: {}\n", "") if line.startswith("stacks") else INVENTORY
    file.write_text(f"{text}{line}\n")
    with pytest.raises(UsageError, match=f"{named} is not in"):
        site(read(folder), folder)


def test_a_site_that_is_too_large_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "LARGEST", 10)
    with pytest.raises(UsageError) as refused:
        site(read(folder), folder)
    assert "the largest file is inventory/prod.yml" in str(refused.value.cause)


def test_a_copy_of_a_site_knows_its_commit(folder: Path) -> None:
    assert commit() == ""
    (folder / COMMIT).write_text("0123456789ab-dirty\n")
    assert commit() == "0123456789ab-dirty"


def test_skep_goes_with_all_that_it_imports_and_nothing_else(tmp_path: Path) -> None:
    made = contents()
    assert {"skep/__main__.py", "skep/data/roles/engine/role.py", "paramiko/client.py", "yaml/__init__.py"} <= set(
        made.files
    )
    tops = {name.partition("/")[0] for name in made.files}
    assert not tops & {"mypy", "hypothesis", "tests", ".venv"}
    few = replace(made, files={name: path for name, path in made.files.items() if name.startswith("skep/a")})
    packed = program(few, tmp_path / "cache")
    first = Path(packed.archive).read_bytes()
    Path(packed.archive).unlink()
    (used, unused) = (tmp_path / "cache" / f"{name}.tar.gz" for name in ("used", "unused"))
    used.touch()
    unused.touch()
    os.utime(unused, (0, 0))
    assert program(few, tmp_path / "cache") == packed and Path(packed.archive).read_bytes() == first
    assert used.is_file() and not unused.exists(), "another run may be sending it"
    assert program(few, None).digest == packed.digest


def test_there_it_logs_in_straight_by_its_own_key(folder: Path, tmp_path: Path) -> None:
    found = read(folder)
    access = {"m1": replace(found.access["m1"], password=Secret("hunter22"))}
    with pytest.raises(UsageError) as refused:
        with_own_key(replace(found, access=access), tmp_path)
    assert "schedule.apply" in str(refused.value.next_action)
    (tmp_path / "access.json").write_text(json.dumps({"m1": {"user": "root"}}))
    with pytest.raises(UsageError, match=r"access\.json cannot be read"):
        with_own_key(replace(found, access=access), tmp_path)
    (tmp_path / "access.json").write_text(json.dumps({"m1": {"user": "root", "port": 2222}}))
    one = with_own_key(replace(found, access=access), tmp_path).access["m1"]
    assert (one.user, one.port, one.key, one.password, one.gateways) == ("root", 2222, tmp_path / "key", None, ())
    assert one.known_hosts == tmp_path / "known_hosts" and one.host_keys == "strict" and not one.agent


@pytest.mark.parametrize("earlier", ["", "prod.at"])
def test_hosts_are_remembered_though_a_run_is_cut_short(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: str
) -> None:
    found, at = read(folder), ["m1"]
    notes: list[str] = []
    tell = SimpleNamespace(note=notes.append)
    given = SimpleNamespace(found=found, asking=Asking(), tell=tell, site=nullcontext)

    def cut_short(*_: object) -> object:
        if at:
            raise StepFailed("cut short")
        return SimpleNamespace(silent={}, steps=())

    monkeypatch.setattr(on_hosts, "state_folder", lambda: tmp_path / "state")
    monkeypatch.setattr(on_hosts, "role", lambda *_, **__: SimpleNamespace(at=tuple(at)))
    monkeypatch.setattr(on_hosts, "_only", lambda *_: None)
    monkeypatch.setattr(on_hosts, "carry_out", cut_short)
    with pytest.raises(StepFailed):
        on_hosts.apply(cast("Call", given))
    assert on_hosts.concerned(found) and not notes
    (mark,) = (tmp_path / "state").iterdir()
    mark.rename(tmp_path / "state" / earlier) if earlier else None
    (tmp_path / "state" / (earlier or mark.name)).write_text("m1 m9\n")
    assert on_hosts.concerned(found)
    at.clear()
    on_hosts.apply(cast("Call", given))
    (note,) = notes
    assert note.startswith("m9 has schedules and is in the inventory no more") and "! -name backups" in note
    assert not on_hosts.concerned(found) and not (tmp_path / "state").exists()


def test_what_runs_on_a_host_say_can_be_typed_where_schedule_apply_was_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def body(_: Call) -> int:
        raise StepFailed("no", next_action="invoke cluster.plan")

    monkeypatch.setenv("SKEP_TYPED", "./inv")
    context = Context(Config({"skep": {"program": "skep --site /there/site/0123"}}))
    given = {"json": False, "verbose": False, "quiet": False, "inventory": "/there/site/0123/inventory/prod.yml"}
    with pytest.raises(Exit):
        call._run(body, context, given, {})
    assert "./inv cluster.plan -i prod" in "".join(capsys.readouterr())
