"""What somebody may have meant who wrote a word that is none of ours: misspelt, or as another tool calls it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

LONE = {
    "cluster.audit": "doctor scan",
    "cluster.down": "destroy teardown reset uninstall leave",
    "cluster.history": "events changes",
    "cluster.plan": "preview diff drift dry-run",
    "cluster.status": "info health get describe inspect top ping",
    "cluster.up": "join apply converge provision setup install bootstrap reconcile sync create upgrade start",
    "docs": "explain",
    "inventory.check": "validate lint config",
    "node.ls": "nodes node hosts",
    "schedule.ls": "cron timers",
    "site.init": "new",
    "stack.deploy": "redeploy release push",
    "stack.logs": "log tail",
    "stack.ls": "services service stacks list",
    "stack.ps": "tasks containers pods",
    "stack.refresh": "pull",
    "stack.rm": "delete remove",
    "stack.rollback": "undo revert",
}
"""Our tasks, and words that stand for them by themselves."""

NOUNS = {
    "cluster": "swarm env environment",
    "node": "nodes host hosts no",
    "schedule": "schedules cron",
    "stack": "stacks service services svc app apps deployment rollout container containers task tasks pod pods compose",
}
VERBS = {
    "down": "leave",
    "check": "validate lint config",
    "deploy": "up start update apply create redeploy release push",
    "history": "revisions",
    "logs": "log tail",
    "plan": "diff preview",
    "ps": "tasks status get describe inspect",
    "ls": "list get describe status show info",
    "refresh": "pull",
    "rollback": "undo revert",
    "scale": "stop resize",
    "rm": "remove delete del down stop kill",
    "status": "get info describe inspect show",
    "unlock": "release",
    "up": "apply create start update deploy init join bootstrap",
}
"""Our parts of a task's name, and what they are called elsewhere; likelier ones first."""

KEYS = {
    "hosts.availability": "drain undrain cordon uncordon availability",
    "hosts.labels": "label labels",
    "hosts.role": "promote demote",
}
"""Keys of the inventory, and words for what is no task because such a key says it."""

SECTIONS = {
    "images": "image images",
    "networks": "network networks",
    "secrets": "secret secrets",
    "volumes": "volume volumes",
}
"""Sections of the files, and what other tools call tasks on what stands there."""

ELSEWHERE = {
    "exec attach shell sh bash console": (
        "skep runs nothing in containers; stack.ps shows the host of each, and there docker exec does", "help stack.ps",
    ),
    "cp copy": ("skep copies nothing into containers; configs, secrets and volumes of stacks do", "docs configs"),
    "port-forward portforward forward tunnel": (
        "skep forwards no ports; those of services are published as their files say", "docs services.ports",
    ),
    "version": ("it is an option", "--version"),
}  # fmt: skip
"""What other tools do and ours does not, by the words for it: what does instead, and the words that show more."""

OPTIONS = {
    "file": "-f",
    "follow": "--watch -w",
    "inventory": "--env --environment -e --context --destination -d -f --file",
    "json": "--output -o --format",
    "last": "--lines --tail -n",
    "limit": "--host --hosts --node --nodes --target -H",
    "parallel-workers": "--forks --serial --parallelism",
    "plan": "--dry-run --check --diff --noop --what-if -n -C",
    "quiet": "--silent -s",
    "resolve": "--resolve-image --pull",
    "revision": "--to-revision",
    "service": "--services -s",
    "tail": "--lines --last -n",
    "timeout": "--wait --wait-timeout",
    "verbose": "--trace",
    "volumes": "--volume -V",
    "yes": "--force -f --auto-approve --assume-yes --confirmed --no-input --non-interactive",
}
"""Names of our options, and what they are called elsewhere."""


ALIKE = 0.76
"""How much a word has to be spelt like a task, of 1: other tools have many short words that mean something else."""


def _by_word(table: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for ours, words in table.items():
        for word in words.split():
            found.setdefault(word, []).append(ours)
    return found


def tasks_meant(words: Sequence[str], tasks: Collection[str], aliases: Iterable[str]) -> list[str]:
    """Tasks or aliases that the first of the words may stand for, together with the one behind it."""
    word = words[0]
    noun, dot, verb = word.partition(".")
    behind = next(iter(words[1:2]), "")
    for one in [(noun, verb)] if dot else [(word, behind), (behind, word)]:
        if found := _renamed(*one, tasks):
            return found
    parts: dict[str, list[str]] = {name: [name] for name in (*tasks, *aliases)}
    for task in tasks:
        left, _, right = task.rpartition(".")
        for part in filter(None, (right, left)):
            parts.setdefault(part, []).append(task)
    lone = [task for task in _by_word(LONE).get(word, ()) if task in tasks]
    if lone or word in parts:
        return [*dict.fromkeys([*lone, *parts.get(word, ())])]
    near = next(iter(nearest(word, list(parts), ALIKE)), "")
    return [f"{near}.{behind}"] if f"{near}.{behind}" in tasks else parts.get(near, [])


def _renamed(noun: str, verb: str, tasks: Collection[str]) -> list[str]:
    """The tasks of two parts, of which either may be called otherwise."""
    nouns = [noun, *_by_word(NOUNS).get(noun, ())]
    found = [task for one in nouns if (task := f"{one}.{verb}") in tasks]
    verbs = _by_word(VERBS).get(verb, ())
    return found or [task for one in nouns for other in verbs if (task := f"{one}.{other}") in tasks]


def answered(words: Sequence[str]) -> tuple[str, str] | None:
    """What stands for a task that there is not and will not be, and the words of ours that show more; or nothing."""
    if key := _key_meant(words):
        return f"{key} of the inventory says that", f"docs {key}"
    if section := _by_word(SECTIONS).get(words[0].partition(".")[0]):
        return f"files have a section {section[0]}, and cluster.up and stack.deploy do the rest", f"docs {section[0]}"
    last = words[0].rpartition(".")[2]
    return next((answer for called, answer in ELSEWHERE.items() if last in called.split()), None)


def _key_meant(words: Sequence[str]) -> str:
    """The key of the inventory that says what is no task of a node, if one does."""
    noun, dot, verb = words[0].partition(".")
    verb = verb if dot else next((one for one in words if one in _by_word(KEYS)), "")
    of_nodes = not dot or "node" in (noun, *_by_word(NOUNS).get(noun, ()))
    return next(iter(_by_word(KEYS).get(verb, ())), "") if of_nodes else ""


def called_otherwise(written: str, flags: Collection[str]) -> list[str]:
    """Those of the flags that other tools call so, the likeliest first."""
    return [flag for name in _by_word(OPTIONS).get(written, ()) if (flag := f"--{name}") in flags]


def nearest(word: str, known: Sequence[str], alike: float = 0.6) -> list[str]:
    """The one that is spelt most like the word, where one is; ``alike`` is the least, of 1."""
    near = get_close_matches(word, known, 3, alike)
    return sorted(near, key=lambda one: sorted(one) != sorted(word))[:1]  # letters that changed places are likelier
