"""A stack's files change: what is served changes, and nothing is left over of what nobody needs any more."""

from __future__ import annotations

from tests.lab.rig.environment import Environment


def test_a_changed_file_of_a_stack_is_served_after_up(cluster: Environment) -> None:
    page = cluster.folder / "stacks/web/index.html"
    page.write_text(page.read_text() + "<p>changed</p>\n")
    cluster.up("--verify", "never")
    cluster.page_must_answer()
    kept = cluster.hosts.run("m1", "docker config ls --format '{{.Name}}'").split()
    assert len([name for name in kept if name.startswith("web_index_")]) <= 2, f"old configs are not collected: {kept}"
    cluster.must_be_as_described()
