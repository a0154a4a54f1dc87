"""Stacks deployed by Docker's CLI, and by our specs."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from cases import FOLDER, VARIABLES, Case
from swarms import Swarm

from skep.compose import ComposeError, Specs, render
from skep.swarm.references import with_ids

MARK = "\x1e"
DEPLOY = r"""
mkdir -p %(folder)s
tar -xC %(folder)s
export %(variables)s
detach=$(docker stack deploy --help | grep -q -e --detach && echo --detach=true || true)
deploy() {
  stack=$1; shift
  cd %(folder)s/"$stack"
  for file; do shift; set -- "$@" -c "$file"; done
  said=$(docker stack deploy --resolve-image never $detach "$@" "$stack" 2>&1) ||
    printf '\036%%s\036%%s' "$stack" "$said"
}
for case; do deploy $case; done
"""
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
"""Both print each case that is refused and why, behind ``MARK``."""
AT_ONCE = 4


def deploy_theirs(swarm: Swarm, cases: Iterable[Case]) -> dict[str, str]:
    """Deploy by Docker's CLI; the words of those that it refused."""
    made = [case.at(swarm.engine) for case in cases]
    words = " ".join(f"{name}='{value}'" for name, value in VARIABLES.items())
    files = {f"{case.name}/{name}": content for case in made for name, content in case.files.items()}
    script = DEPLOY % {"folder": FOLDER, "variables": words}
    return _refused(swarm, script, [" ".join((case.name, *case.compose)) for case in made], files)


def read_by_theirs(swarm: Swarm, cases: Iterable[Case]) -> dict[str, str]:
    """Have Docker's CLI read what we render of cases that were deployed; its words on what it refuses. The one of 20.10
    reads only what it deploys."""
    if swarm.engine == "20.10":
        return {}
    texts = {case.name: _text(case, swarm.engine) for case in cases}
    return _refused(swarm, READ % FOLDER, [], texts)


def _text(case: Case, engine: str) -> bytes:
    rendered = Case(case.name, {"compose.yml": render(case.document).encode()})
    return rendered.at(engine).files["compose.yml"]


def _refused(swarm: Swarm, script: str, words: list[str], files: Mapping[str, bytes]) -> dict[str, str]:
    done = swarm.run(script, *words, data=packed(files))
    assert done.returncode == 0, done.stderr.decode()
    found = iter(done.stdout.decode(errors="replace").split(MARK)[1:])
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


def deploy_ours(swarm: Swarm, cases: Iterable[Case]) -> dict[str, str]:
    """Send our specs to the Engine; the words of those that were refused, by us or by it."""

    def refused(case: Case) -> str:
        try:
            send(swarm, case.specs)
        except ComposeError as error:
            return "\n".join(error.problems)
        except AssertionError as error:
            return str(error)
        return ""

    found = list(cases)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        said = list(threads.map(refused, found))
    return {case.name: words for case, words in zip(found, said, strict=True) if words}


def send(swarm: Swarm, specs: Specs) -> None:
    """Create all of it. ``AssertionError`` with the Engine's words when it refuses."""
    for network in specs.networks.values():
        swarm.api("POST", "/networks/create", network)
    ids: dict[str, dict[str, str]] = {}
    for kind, bodies in (("configs", specs.configs), ("secrets", specs.secrets)):
        for body in bodies.values():
            swarm.api("POST", f"/{kind}/create", body)
        ids[kind] = {one["Spec"]["Name"]: one["ID"] for one in swarm.api("GET", f"/{kind}")}
    for spec in specs.services.values():
        swarm.api("POST", "/services/create", with_ids(spec, configs=ids["configs"], secrets=ids["secrets"]))
