"""What stacks ask of an engine: conflicts are tried again, what is there stays, and nothing secret is shown."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from docker.errors import APIError

from skep.engine import OPERATIONS
from skep.engine.registry_logins import Logins
from skep.errors import StepFailed
from skep.model import Registry, Secret
from skep.swarm.labels import NAMESPACE
from skep.swarm.revision import Revision, read_revision
from tests.world.engine_api import EngineApi
from tests.world.raft import Swarm

REGISTRIES = [Registry("registry.example.com:5000", "ada", Secret("hush"))]
IMAGE = "registry.example.com:5000/shop/web:1"
DIGEST = f"sha256:{'5' * 64}"


class Engine(EngineApi):
    """An engine that notes what it is sent; ``between`` happens once, just before the next change."""

    def __init__(self, **more: Any) -> None:
        ids = iter(range(1, 1000))
        super().__init__(Swarm("swarm", {}), lambda kind: f"{kind}{next(ids)}", lambda image: DIGEST, **more)
        self.sent: list[tuple[str, dict[str, Any], dict[str, str], dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.between: Any = None

    def read(self, path: str, **more: Any) -> Any:
        if path.startswith("/distribution"):
            self.headers.append(dict(more.get("headers") or {}))
        return super().read(path, **more)

    def write(self, path: str, body: Any, *, headers: Any = None, **params: Any) -> None:
        self._happen()
        self.sent.append((path, json.loads(json.dumps(body)), dict(headers or {}), params))
        super().write(path, body, headers=headers, **params)

    def _remove(self, kind: str, identifier: str) -> None:
        self._happen()
        super()._remove(kind, identifier)

    def _happen(self) -> None:
        happen, self.between = self.between, None
        if happen:
            happen()

    @property
    def names(self) -> set[str]:
        stores = (self.swarm.services, self.swarm.configs, self.swarm.secrets)
        return {one["Spec"]["Name"] for store in stores for one in store.values()}


@pytest.fixture
def engine() -> Engine:
    return Engine()


def act(engine: Engine, operation: str, **arguments: Any) -> Any:
    return OPERATIONS[operation](engine, **arguments)  # type: ignore[arg-type]


def config(name: str, data: str = "one", **labels: str) -> dict[str, Any]:
    return {"Name": name, "Labels": labels, "Data": base64.b64encode(data.encode()).decode()}


def service(name: str = "web_app", image: str = IMAGE, **container: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "Labels": {NAMESPACE: name.partition("_")[0]},
        "TaskTemplate": {"ContainerSpec": {"Image": image, **container}},
        "Mode": {"Replicated": {"Replicas": 1}},
    }


def write(engine: Engine, spec: dict[str, Any], **more: Any) -> None:
    act(engine, "service_write", spec=spec, credentials=Logins(REGISTRIES), **more)


def uses(name: str) -> dict[str, Any]:
    return {"Configs": [{"File": {"Name": "/x", "UID": "0", "GID": "0", "Mode": 292}, "ConfigName": name}]}


def test_an_object_is_created_once(engine: Engine) -> None:
    for _ in range(2):
        act(engine, "object_create", kind="configs", body=config("web_page"))
    act(engine, "object_create", kind="configs", body=config("web_page_2"))
    act(engine, "object_create", kind="configs", body=config("web"))
    assert [body["Name"] for _, body, _, _ in engine.sent] == ["web_page", "web_page_2", "web"]


def test_what_a_secret_holds_is_sent_and_not_printed(engine: Engine) -> None:
    body = {**config("web_key"), "Data": Secret("aHVzaA==")}
    act(engine, "object_create", kind="secrets", body=body)
    assert engine.sent[0][1]["Data"] == "aHVzaA=="
    assert "aHVzaA" not in repr(body)


def test_a_service_is_created_with_identifiers_digest_and_login(engine: Engine) -> None:
    act(engine, "object_create", kind="configs", body=config("web_page"))
    images = act(engine, "images_resolve", images=[IMAGE], credentials=Logins(REGISTRIES))
    write(engine, service(**uses("web_page")), images=images)
    path, body, headers, _ = engine.sent[-1]
    assert path == "/services/create"
    assert body["TaskTemplate"]["ContainerSpec"]["Image"] == f"{IMAGE}@{DIGEST}"
    assert body["TaskTemplate"]["ContainerSpec"]["Configs"][0]["ConfigID"] == "config1"
    assert body["TaskTemplate"]["Placement"]["Platforms"] == [{"Architecture": "amd64", "OS": "linux"}]
    login = {"username": "ada", "password": "hush", "serveraddress": "registry.example.com:5000"}
    assert json.loads(base64.urlsafe_b64decode(headers["X-Registry-Auth"])) == login
    assert engine.headers == [headers]


@pytest.mark.parametrize("image", ["busybox:1", "registry.example.com/web:1", "other.example.com:5000/web:1"])
def test_no_login_goes_to_a_registry_it_is_not_for(engine: Engine, image: str) -> None:
    write(engine, service(image=image))
    assert engine.sent[0][2] == {}
    assert Logins(REGISTRIES).header(image) is None


def test_a_login_is_not_printed() -> None:
    assert "hush" not in repr(Logins(REGISTRIES).header(IMAGE))


def test_a_config_that_is_not_there_is_named(engine: Engine) -> None:
    with pytest.raises(KeyError, match="web_page"):
        write(engine, service(**uses("web_page")))


def test_an_update_out_of_sequence_looks_anew(engine: Engine) -> None:
    """Moby#39891: somebody scaled the service between our look and our write."""
    write(engine, service())
    (identifier,) = engine.swarm.services
    engine.between = lambda: engine.swarm.services[identifier].update(Version={"Index": 77})
    write(engine, service(Args=["x"]))
    assert [params.get("version") for _, _, _, params in engine.sent] == [None, 1, 77]
    assert engine.swarm.services[identifier]["Spec"]["TaskTemplate"]["ContainerSpec"]["Args"] == ["x"]
    assert engine.sent[-1][3]["registryAuthFrom"] == "spec"


def test_a_name_that_was_just_taken_is_updated(engine: Engine) -> None:
    engine.between = lambda: EngineApi.write(engine, "/services/create", service(Args=["theirs"]))
    write(engine, service(Args=["ours"]))
    (one,) = engine.swarm.services.values()
    assert one["Spec"]["TaskTemplate"]["ContainerSpec"]["Args"] == ["ours"]


def test_conflicts_without_end_are_reported(fake: Any, refuse: Any) -> None:
    api = fake(read=[], write=refuse(409, "taken"))
    with pytest.raises(APIError, match="taken"):
        write(api, service())
    assert len(api.called("write")) > 1
    api = fake(read=[], write=refuse(400, "invalid reference format"))
    with pytest.raises(APIError, match="invalid"):
        write(api, service())
    assert len(api.called("write")) == 1


@pytest.mark.parametrize(("force", "count"), [(False, 3), (True, 4)])
def test_force_counts_on_from_what_is_there(engine: Engine, force: bool, count: int) -> None:
    write(engine, service())
    (one,) = engine.swarm.services.values()
    one["Spec"]["TaskTemplate"]["ForceUpdate"] = 3
    write(engine, {**service(), "Labels": {**service()["Labels"], "changed": "yes"}}, force=force)
    assert engine.sent[-1][1]["TaskTemplate"]["ForceUpdate"] == count


@pytest.mark.parametrize(("labels", "owner"), [({}, "no stack"), ({NAMESPACE: "shop"}, "stack shop")])
def test_a_service_of_others_is_left_alone(engine: Engine, labels: dict[str, str], owner: str) -> None:
    engine.write("/services/create", {**service(image="postgres:9"), "Labels": labels})
    with pytest.raises(StepFailed, match=f"another service web_app exists, of {owner}"):
        write(engine, service())
    (one,) = engine.swarm.services.values()
    assert one["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] == "postgres:9"


def test_another_of_the_nodes_own_networks_is_a_change(engine: Engine) -> None:
    def joining(network: str) -> dict[str, Any]:
        made = service()
        return {**made, "TaskTemplate": {**made["TaskTemplate"], "Networks": [{"Target": network}]}}

    for network in ("host", "none", "none"):
        write(engine, joining(network))
    assert [path.partition("/")[2] for path, _, _, _ in engine.sent] == ["services/create", "services/service1/update"]


def test_a_service_of_a_longer_name_is_another_one(engine: Engine) -> None:
    write(engine, service("web_app2"))
    write(engine, service("web_app"))
    assert engine.names == {"web_app", "web_app2"}
    act(engine, "service_remove", service="web_app")
    act(engine, "service_remove", service="web_app")
    assert engine.names == {"web_app2"}


def test_images_that_do_not_resolve_are_reported_all_at_once(engine: Engine) -> None:
    engine.registry = lambda image: DIGEST if image == "b" else None
    with pytest.raises(StepFailed) as failure:
        act(engine, "images_resolve", images=["a", "b", "c"], credentials=Logins([]))
    assert failure.value.message == "2 of 3 images do not resolve"
    assert "a: manifest for a not found" in (failure.value.cause or "")
    assert "c: manifest for c not found" in (failure.value.cause or "")
    assert "--no-resolve" in (failure.value.next_action or "")


def test_objects_in_use_stay_and_others_go(engine: Engine) -> None:
    for name in ("web_a", "web_b", "web_c"):
        act(engine, "object_create", kind="configs", body=config(name))
    act(engine, "object_create", kind="secrets", body=config("web_s"))
    write(engine, service(**uses("web_a")))
    act(engine, "objects_remove", configs=["web_a", "web_b", "gone"], secrets=["web_s"])
    assert engine.names == {"web_app", "web_a", "web_c"}


def test_an_object_that_goes_meanwhile_is_no_failure(engine: Engine) -> None:
    for name in ("web_a", "web_b"):
        act(engine, "object_create", kind="configs", body=config(name))
    engine.between = engine.swarm.configs.clear
    act(engine, "objects_remove", configs=["web_a", "web_b"], secrets=[])
    assert engine.names == set()


def test_a_refusal_to_remove_is_reported(fake: Any, refuse: Any) -> None:
    api = fake(read=[{"ID": "1", "Spec": {"Name": "web_a"}}], remove_config=refuse(500, "no leader"))
    with pytest.raises(APIError, match="no leader"):
        OPERATIONS["objects_remove"](api, configs=["web_a"], secrets=[])


def test_removing_a_stack_leaves_all_that_is_not_its_own(engine: Engine) -> None:
    for stack in ("web", "web2"):
        engine.write("/networks/create", {"Name": f"{stack}_default", "Labels": {NAMESPACE: stack}})
        body = config(f"{stack}_a", **{NAMESPACE: stack})
        act(engine, "object_create", kind="configs", body=body)
        act(engine, "object_create", kind="secrets", body={**body, "Name": f"{stack}_s"})
        write(engine, service(f"{stack}_app", **uses(f"{stack}_a")))
    for _ in range(2):
        act(engine, "stack_remove", stack="web")
    assert engine.names == {"web2_app", "web2_a", "web2_s"}
    assert set(engine.swarm.networks) == {"web2_default"}


def test_removing_a_stack_goes_on_past_what_others_use(engine: Engine) -> None:
    for name in ("web_a", "web_b"):
        act(engine, "object_create", kind="configs", body=config(name, **{NAMESPACE: "web"}))
        act(engine, "object_create", kind="secrets", body=config(f"{name}_s", **{NAMESPACE: "web"}))
    for name in ("web_shared", "web_default"):
        engine.write("/networks/create", {"Name": name, "Labels": {NAMESPACE: "web"}})
    write(engine, service("other_app", **uses("web_a")))
    (one,) = engine.swarm.services.values()
    one["Spec"]["TaskTemplate"]["Networks"] = [{"Target": engine.swarm.networks["web_shared"].id}]
    write(engine, service("web_app", **uses("web_b")))
    act(engine, "stack_remove", stack="web", keep=["web_shared"])
    assert engine.names == {"other_app", "web_a"}
    assert set(engine.swarm.networks) == {"web_shared"}


def test_a_network_that_others_hold_keeps_no_other_from_going(engine: Engine) -> None:
    for name in ("web_shared", "web_default"):
        engine.write("/networks/create", {"Name": name, "Labels": {NAMESPACE: "web"}})
    engine.swarm.users = lambda name: ("other",) if name == "web_shared" else ()  # type: ignore[method-assign]
    with pytest.raises(StepFailed, match="the network web_shared cannot be removed") as reported:
        act(engine, "stack_remove", stack="web")
    assert "is in use" in (reported.value.cause or "")
    assert set(engine.swarm.networks) == {"web_shared"}


def test_a_task_that_holds_a_network_is_reported_with_its_node(fake: Any, refuse: Any) -> None:
    held = {
        "/networks": [{"Id": "n1", "Name": "web_default"}],
        "/tasks/t1": {"NodeID": "w3"},
        "/nodes/w3": {"ID": "w3", "Description": {"Hostname": "worker3"}},
    }
    refusal = refuse(400, "rpc error: code = FailedPrecondition desc = network n1 is in use by task t1")

    def read(path: str, **_: Any) -> Any:
        if path.count("/") > 1 and path not in held:
            raise refuse(404)
        return held.get(path, [])

    api = fake(read=read, remove_network=refusal)
    with pytest.raises(StepFailed) as reported:
        OPERATIONS["stack_remove"](api, stack="web")
    assert reported.value.cause == "web_default is in use by task t1 on worker3"
    del held["/nodes/w3"]
    with pytest.raises(StepFailed) as reported:
        OPERATIONS["stack_remove"](api, stack="web")
    assert "in use by task t1" in (reported.value.cause or "")


def test_a_network_that_is_still_held_is_tried_again(engine: Engine) -> None:
    engine.write("/networks/create", {"Name": "web_default", "Labels": {NAMESPACE: "web"}})
    tries: list[str] = []

    def busy(identifier: str) -> None:
        tries.append(identifier)
        if len(tries) < 3:
            engine.swarm.users = lambda name: ("web_app",)  # type: ignore[method-assign]
        else:
            engine.swarm.users = lambda name: ()  # type: ignore[method-assign]
        EngineApi.remove_network(engine, identifier)

    engine.remove_network = busy  # type: ignore[method-assign]
    act(engine, "stack_remove", stack="web")
    assert len(tries) == 3
    assert engine.swarm.networks == {}


def record(number: int) -> dict[str, Any]:
    return {
        "Name": f"skep.web.{number}",
        "Labels": {"skep.stack": "web", "skep.revision": str(number), "skep.state": "begun", "skep.cause": "why"},
        "content": {"services": {"web_app": service()}, "changes": []},
    }


def test_a_revision_is_begun_pinned_and_done_once_seen_to_run(engine: Engine) -> None:
    images = act(engine, "images_resolve", images=[IMAGE], credentials=Logins(REGISTRIES))
    for _ in range(2):
        act(engine, "revision_begin", records=[record(1), record(11)], images=images, who="ada", commit="abc")
    for _ in range(2):
        act(engine, "revision_done", name="skep.web.1")
    found = {revision.number: revision for one in engine.read("/configs") if (revision := read_revision(one))}
    assert {number: revision.done for number, revision in found.items()} == {1: True, 11: False}
    assert (found[1].who, found[1].commit, found[1].cause) == ("ada", "abc", "why")
    for revision in found.values():
        container = revision.content["services"]["web_app"]["TaskTemplate"]["ContainerSpec"]
        assert container["Image"] == f"{IMAGE}@{DIGEST}"
    act(engine, "revision_done", name="skep.web.2")
    act(engine, "stack_forget", stack="web")
    assert engine.names == set()


def test_what_kept_a_revision_from_running_is_noted_until_it_runs(engine: Engine) -> None:
    def revision() -> Revision | None:
        return read_revision(engine.read("/configs")[0])

    act(engine, "revision_begin", records=[record(1)], images=None, who="ada", commit="abc")
    for error in ("exit 1", "exit 2"):
        act(engine, "revision_failed", name="skep.web.1", error=error)
        found = revision()
        assert found
        assert (found.error, found.done, found.who) == (error, False, "ada")
    act(engine, "revision_done", name="skep.web.1")
    found = revision()
    assert found
    assert (found.error, found.done) == ("", True)


def test_a_revision_is_done_though_others_write_it(engine: Engine) -> None:
    act(engine, "revision_begin", records=[record(1)], images=None, who="", commit="")
    (identifier,) = engine.swarm.configs
    engine.between = lambda: engine.swarm.configs[identifier].update(Version={"Index": 9})
    act(engine, "revision_done", name="skep.web.1")
    assert engine.swarm.configs[identifier]["Spec"]["Labels"]["skep.state"] == "done"
