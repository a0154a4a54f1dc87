"""Stacks deployed by Docker's CLI and by our specs, and what the Engine then holds of each."""

from __future__ import annotations

import base64
import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from swarms import FOLDER, NAMESPACE, Swarm

from roles.stacks.role import role
from roles.stacks.state import State, Told
from skep.compose import Document, Specs, convert, load, render
from skep.model import Cluster, Host, Rollout, Stack
from skep.plan import Finding, Step
from skep.swarm.references import with_ids

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(folder.name for folder in CORPUS.iterdir() if folder.is_dir())
VARIABLES = {
    "NAME": "shop", "TAG": "1.2", "EMPTY": "", "REPLICAS": "3", "RATIO": "0.5", "MEMORY": "64M", "YES": "yes",
    "NO": "off", "PORT": "12101", "PORT2": "12102", "Name_2": "x", "DOMAIN": "example.com", "HOME": "/root",
}  # fmt: skip
DEPLOY = """
export %s
deploy() {
  set -- -c compose.yml
  if [ -e compose.override.yml ]; then set -- "$@" -c compose.override.yml; fi
  if docker stack deploy --help | grep -q -e --detach; then set -- "$@" --detach=true; fi
  docker stack deploy --resolve-image never "$@" "$stack" >"/tmp/$stack.log" 2>&1 || echo "$stack"
}
for stack; do cd %s/"${stack#s}"; deploy; done
"""
MARK = "\x1e"
READ = r"""
rendered=$(mktemp -d)
tar -xC "$rendered"
cd "$rendered"
for case in *; do
  said=$(cd %s/"$case" && docker stack config -c - <"$rendered/$case" 2>&1 >/dev/null) ||
    printf '\036%%s\036%%s' "$case" "$said"
done
rm -r "$rendered"
"""
"""Prints each case that is refused and why, both behind ``MARK``."""
Held = dict[str, Any]


def fits(case: str, engine: str) -> bool:
    """Whether the engine's CLI knows the file's keys: a first line ``# engines: 28.5`` names those that do."""
    first = (CORPUS / case / "compose.yml").read_text().partition("\n")[0]
    return not first.startswith("# engines:") or engine in first


def stack_of(case: str) -> str:
    """The stack a case is deployed as."""
    return f"s{case}"


def files_of(case: str) -> dict[str, bytes]:
    """The files of a case, by their names in its folder."""
    folder = CORPUS / case
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def our_document(case: str) -> Document:
    """A case as we read it."""
    files = files_of(case)
    names = [name for name in ("compose.yml", "compose.override.yml") if name in files]
    return load(files, names, variables=VARIABLES, directory=f"{FOLDER}/{case}")


def our_specs(case: str) -> Specs:
    """The specs of a case by our own hands."""
    return convert(our_document(case), stack_of(case))


def read_by_theirs(swarm: Swarm, cases: list[str]) -> dict[str, str]:
    """Have Docker's CLI read what we render; its words on what it refuses."""
    texts = {case: render(our_document(case)).encode() for case in cases}
    done = swarm.run(READ % FOLDER, data=packed(texts))
    assert done.returncode == 0, done.stderr.decode()
    found = iter(done.stdout.decode().split(MARK)[1:])
    return dict(zip(found, found, strict=True))


def packed(files: Mapping[str, bytes]) -> bytes:
    """A tar archive of files by name."""
    archive = BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, BytesIO(content))
    return archive.getvalue()


def deploy_theirs(swarm: Swarm, cases: list[str]) -> dict[str, str]:
    """Deploy by Docker's CLI; the words of those that it refused."""
    words = " ".join(f"{name}='{value}'" for name, value in VARIABLES.items())
    done = swarm.run(DEPLOY % (words, FOLDER), *map(stack_of, cases))
    assert done.returncode == 0, done.stderr.decode()
    return {
        stack.removeprefix("s"): swarm.run(f"cat /tmp/{stack}.log").stdout.decode()
        for stack in done.stdout.decode().split()
    }


def deploy_ours(swarm: Swarm, cases: list[str]) -> dict[str, str]:
    """Send our specs to the Engine; the words of those that were refused."""
    refused: dict[str, str] = {}
    for case in cases:
        try:
            _send(swarm, our_specs(case))
        except Exception as error:
            refused[case] = str(error)
    return refused


def _send(swarm: Swarm, specs: Specs) -> None:
    for body in specs.networks.values():
        swarm.api("POST", "/networks/create", body)
    for kind, bodies in (("configs", specs.configs), ("secrets", specs.secrets)):
        for body in bodies.values():
            swarm.api("POST", f"/{kind}/create", body)
    ids = {
        kind: {one["Spec"]["Name"]: one["ID"] for one in swarm.api("GET", f"/{kind}")}
        for kind in ("configs", "secrets")
    }
    for spec in specs.services.values():
        swarm.api("POST", "/services/create", with_ids(spec, configs=ids["configs"], secrets=ids["secrets"]))


def our_stack(case: str) -> Stack:
    """A case as an inventory's stack, its images not asked for."""
    files = files_of(case)
    compose = tuple(name for name in ("compose.yml", "compose.override.yml") if name in files)
    return Stack(stack_of(case), compose, files, VARIABLES, rollout=Rollout(resolve="never"))


def listed(swarm: Swarm) -> Told:
    """The raw lists as a manager tells them to the role, binds beside the files as it knows them."""

    def told(path: str) -> tuple[dict[str, Any], ...]:
        text = json.dumps(swarm.api("GET", path)).replace(f"{FOLDER}/15-binds", "").replace(FOLDER, "")
        return tuple(json.loads(text))

    kinds = {kind: told(f"/{kind}") for kind in ("services", "configs", "secrets", "nodes")}
    return Told(**kinds, networks=told("/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D"))


def steps(case: str, told: Told) -> list[str]:
    """What the planner would do, each field that differs a line; errors it finds too."""
    ids = {one["Spec"]["Name"]: one["ID"] for one in told.secrets}
    mounted = {
        ids[name]: hashlib.sha256(base64.b64decode(body["Data"])).hexdigest()
        for name, body in our_specs(case).secrets.items()
        if "Data" in body
    }
    cluster = Cluster("oracle", (Host("m1", "10.95.0.11", "manager"),), stacks=(our_stack(case),))
    items = role.plan(cluster, {"m1": None}, {"m1": State(mounted, told)})
    lines = [[str(item)] if isinstance(item, Finding) else [item.id, *item.detail] for item in items if _counts(item)]
    return [line for one in lines for line in one]


def _counts(item: Step | Finding) -> bool:
    return isinstance(item, Step) or item.level == "error"


def held(swarm: Swarm) -> dict[str, Held]:
    """What the Engine holds of each stack: services, networks, configs and secrets by name, without identifiers."""
    networks = {one["Id"]: one for one in swarm.api("GET", "/networks")}
    names = {identifier: one["Name"] for identifier, one in networks.items()}
    stacks: dict[str, Held] = {}
    for one in networks.values():
        _keep(stacks, "networks", one["Name"], _network(one), one.get("Labels"))
    for kind in ("configs", "secrets"):
        for one in swarm.api("GET", f"/{kind}"):
            names[one["ID"]] = one["Spec"]["Name"]
            _keep(stacks, kind, one["Spec"]["Name"], one["Spec"], one["Spec"].get("Labels"))
    for one in swarm.api("GET", "/services"):
        spec = _named(one["Spec"], names)
        # Docker's CLI has ports with the same published one, and files of the same name, in no certain order.
        container = spec["TaskTemplate"]["ContainerSpec"]
        for items in (spec.get("EndpointSpec", {}).get("Ports"), container.get("Configs"), container.get("Secrets")):
            (items or []).sort(key=lambda item: json.dumps(item, sort_keys=True))
        _keep(stacks, "services", spec["Name"], spec, spec["Labels"])
    return stacks


def _keep(stacks: dict[str, Held], kind: str, name: str, value: Any, labels: Mapping[str, str] | None) -> None:
    stack = (labels or {}).get(NAMESPACE)
    if stack:
        stacks.setdefault(stack.removeprefix("s"), {}).setdefault(kind, {})[name] = value


def _network(one: dict[str, Any]) -> dict[str, Any]:
    """Without what the Engine made up: identifier, times, members, addresses where none were asked for."""
    kept = {key: value for key, value in one.items() if key not in ("Id", "Created", "Containers", "Peers", "Status")}
    kept["IPAM"] = {**one["IPAM"], "Config": [pool for pool in one["IPAM"]["Config"] or () if _asked(pool)]}
    options = one.get("Options") or {}
    kept["Options"] = {key: value for key, value in options.items() if not key.endswith("vxlanid_list")}
    return kept


def _asked(pool: dict[str, Any]) -> bool:
    return str(pool.get("Subnet")).startswith("10.211.")


def _named(value: Any, names: Mapping[str, str]) -> Any:
    """Identifiers replaced by the names of what they identify."""
    if isinstance(value, dict):
        return {key: _named(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def differences(theirs: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Each field that differs, a line."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted({*theirs, *ours}):
            if key not in ours:
                yield f"{path}.{key}: only theirs: {theirs[key]!r}"
            elif key not in theirs:
                yield f"{path}.{key}: only ours: {ours[key]!r}"
            else:
                yield from differences(theirs[key], ours[key], f"{path}.{key}")
    elif theirs != ours:
        yield f"{path}: theirs {theirs!r}, ours {ours!r}"
