"""One manager's Engine API, as much as stacks need of it: names, versions, defaults and refusals are moby's.

It answers what ``EngineClient`` asks, so that the real operations are played against it.
"""

from __future__ import annotations

import json
import marshal
import urllib.parse
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any

import requests
from docker.errors import APIError

from roles.networks.role import Settings
from tests.world.raft import Node, Overlay, Swarm

Raw = dict[str, Any]
PREDEFINED = ("host", "bridge", "none")
KINDS = ("services", "configs", "secrets")
NEWER = {"StartInterval": (25, 0), "Subpath": (26, 1)}
"""Fields that managers before that version drop without a word. Source: ``daemon/cluster/convert`` of moby/moby."""
LONGEST = {"services": 63, "configs": 64, "secrets": 64}
"""Characters of a name. Source: ``manager/controlapi`` of moby/swarmkit."""


def refusal(status: int, text: str) -> APIError:
    """What the SDK raises for an answer that is no success."""
    response = requests.Response()
    response.status_code = status
    return APIError(text, response=response, explanation=text)


class EngineApi:
    """``new_id`` makes identifiers, ``registry`` says what an image is now; ``None`` for one that is not there.

    ``writes`` is how many changes go through before the connection is lost (``ConnectionError``); ``permit`` is called
    before each.
    """

    def __init__(
        self,
        swarm: Swarm,
        new_id: Callable[[str], str],
        registry: Callable[[str], str | None],
        *,
        writes: int | None = None,
        permit: Callable[[], None] = lambda: None,
    ) -> None:
        self.swarm, self.new_id, self.registry, self.writes = swarm, new_id, registry, writes
        self._permit = permit

    def read(
        self, path: str, *, headers: Mapping[str, str] | None = None, filters: Mapping[str, Any] | None = None
    ) -> Any:
        """GET."""
        path, _, query = path.partition("?")
        if query.startswith("filters="):
            filters = json.loads(urllib.parse.parse_qs(query)["filters"][0])
        if path.startswith("/distribution/"):
            return self._distribution(path.removeprefix("/distribution/").removesuffix("/json"))
        if path == "/nodes":
            return [_node(self.swarm, node) for node in self.swarm.nodes.values()]
        if path.startswith("/networks/"):
            return self._inspect_network(path.removeprefix("/networks/"))
        if path == "/networks":
            return [
                _network(name, one) for name, one in self.swarm.networks.items() if _fits_network(name, one, filters)
            ]
        if path == "/tasks" and "node" in (filters or {}):
            held = [node for node in self.swarm.nodes.values() if node.id in (filters or {})["node"] and node.busy]
            return [{"NodeID": node.id, "ServiceID": "", "Status": {"State": "running"}} for node in held]
        if path == "/tasks":
            return [task for task in self.swarm.tasks if task["ServiceID"] in (filters or {})["service"]]
        found = [one for one in self._store(path[1:]).values() if _fits(one, filters)]
        if query == "status=true":
            found = [{**one, "ServiceStatus": self.swarm.status(one)} for one in found]
        said = [_untold(one) for one in found] if path == "/secrets" else found
        copied: list[Raw] = marshal.loads(marshal.dumps(said))  # plain values only: a tenth of what a deep copy takes
        return copied

    def write(self, path: str, body: Raw, *, headers: Mapping[str, str] | None = None, **params: Any) -> None:
        """POST."""
        self._lose()
        kind, *more = path[1:].split("/")
        body = json.loads(json.dumps(body))
        if kind == "networks":
            self._create_network(body)
        elif more == ["create"]:
            self._create(kind, body)
        else:
            self._update(kind, more[0], body, params["version"])

    def pause(self, seconds: float) -> bool:
        """No time goes by in this world."""
        return True

    def networks(self, filters: Mapping[str, Any]) -> list[Raw]:
        """As the SDK's."""
        return list(self.read("/networks", filters=filters))

    def remove_service(self, identifier: str) -> None:
        """Its tasks go a little later; nothing here looks at them."""
        self._remove("services", identifier)

    def remove_config(self, identifier: str) -> None:
        """Refused while a service names it."""
        self._remove("configs", identifier)

    def remove_secret(self, identifier: str) -> None:
        """Refused while a service names it."""
        self._remove("secrets", identifier)

    def remove_network(self, identifier: str) -> None:
        """Refused while a service is in it."""
        self._lose()
        for name, overlay in list(self.swarm.networks.items()):
            if identifier == overlay.id:
                if self.swarm.users(name):
                    raise refusal(400, f"rpc error: code = FailedPrecondition desc = network {identifier} is in use")
                del self.swarm.networks[name]
                return
        raise refusal(404, f"network {identifier} not found")

    def _lose(self) -> None:
        self._permit()
        if self.writes is not None:
            self.writes -= 1
            if self.writes < 0:
                raise ConnectionError("the connection was lost")

    def _store(self, kind: str) -> dict[str, Raw]:
        if kind == "plugins":
            return {}
        stores = {"services": self.swarm.services, "configs": self.swarm.configs, "secrets": self.swarm.secrets}
        return stores[kind]

    def _distribution(self, image: str) -> Raw:
        digest = self.registry(image)
        if digest is None:
            raise refusal(404, f"manifest for {image} not found: manifest unknown")
        return {"Descriptor": {"digest": digest}, "Platforms": [{"architecture": "amd64", "os": "linux"}]}

    def _create_network(self, body: Raw) -> None:
        if body["Name"] in self.swarm.networks:
            raise refusal(409, f"network with name {body['Name']} already exists")
        self.swarm.networks[body["Name"]] = Overlay(self.new_id("network"), as_settings(body), body)

    def _inspect_network(self, identifier: str) -> Raw:
        """Nodes' own networks, too, which no list shows."""
        for name, overlay in self.swarm.networks.items():
            if identifier == overlay.id:
                return _network(name, overlay)
        for name in PREDEFINED:
            if identifier == self._network_id(name):
                return {"Name": name, "Id": identifier, "Scope": "swarm", "Driver": name}
        raise refusal(404, f"network {identifier} not found")

    def _create(self, kind: str, spec: Raw) -> None:
        store = self._store(kind)
        if any(one["Spec"]["Name"] == spec["Name"] for one in store.values()):
            raise refusal(409, f"rpc error: code = AlreadyExists desc = {kind[:-1]} {spec['Name']} already exists")
        if len(spec["Name"]) > LONGEST[kind]:
            raise refusal(
                400, f"rpc error: code = InvalidArgument desc = invalid name, only {LONGEST[kind]} characters"
            )
        if kind == "services":
            spec = self._checked(spec)
            self._refuse_taken(spec)
        identifier = self.new_id(kind[:-1])
        self.swarm.index += 1
        store[identifier] = {"ID": identifier, "Version": {"Index": self.swarm.index}, "CreatedAt": "", "Spec": spec}

    def _update(self, kind: str, identifier: str, spec: Raw, version: int) -> None:
        have = self._store(kind).get(identifier)
        if have is None:
            raise refusal(404, f"{kind[:-1]} {identifier} not found")
        if have["Version"]["Index"] != version:
            raise refusal(500, "rpc error: code = Unknown desc = update out of sequence")
        if kind == "services":
            spec = self._checked(spec)
            if set(spec["Mode"]) != set(have["Spec"]["Mode"]):
                raise refusal(501, "rpc error: code = Unimplemented desc = service mode change is not allowed")
            if spec["EndpointSpec"] != have["Spec"]["EndpointSpec"]:
                self._refuse_taken(spec, identifier)
            have["PreviousSpec"], have["UpdateStatus"] = have["Spec"], {"State": "completed"}
            self.swarm.tasks = [task for task in self.swarm.tasks if task["ServiceID"] != identifier]
        elif {**have["Spec"], "Labels": None} != {**spec, "Labels": None}:
            raise refusal(400, "rpc error: code = InvalidArgument desc = only updates to Labels are allowed")
        self.swarm.index += 1
        have["Spec"], have["Version"] = spec, {"Index": self.swarm.index}

    def _refuse_taken(self, spec: Raw, identifier: str = "") -> None:
        """Published ports of others. Source: ``checkPortConflicts`` of moby/swarmkit."""
        for other in (one["Spec"] for one in self.swarm.services.values() if one["ID"] != identifier):
            for port, mode in _ports(spec):
                if any(port == taken and "ingress" in (mode, beside) for taken, beside in _ports(other)):
                    text = f"port '{port[1]}' is already in use by service '{other['Name']}'"
                    raise refusal(400, f"rpc error: code = InvalidArgument desc = {text}")

    def _remove(self, kind: str, identifier: str) -> None:
        self._lose()
        one = self._store(kind).get(identifier)
        if one is None:
            raise refusal(404, f"{kind[:-1]} {identifier} not found")
        for service in self.swarm.services.values() if kind != "services" else ():
            if identifier in used(service["Spec"]):
                name, by = one["Spec"]["Name"], service["Spec"]["Name"]
                raise refusal(
                    400, f"rpc error: code = InvalidArgument desc = {kind[:-1]} '{name}' is in use by the service: {by}"
                )
        del self._store(kind)[identifier]

    def _checked(self, spec: Raw) -> Raw:
        """The spec as the Engine keeps it. Source: ServiceSpecToGRPC and back, of moby/moby."""
        template = spec["TaskTemplate"]
        container = template["ContainerSpec"]
        for kind, key, what in (("configs", "Configs", "Config"), ("secrets", "Secrets", "Secret")):
            for one in container.get(key) or ():
                have = self._store(kind).get(one[f"{what}ID"])
                if have is None or have["Spec"]["Name"] != one[f"{what}Name"]:
                    raise refusal(400, f"rpc error: code = InvalidArgument desc = {kind[:-1]} not found")
        networks = [
            {**target, "Target": self._network_id(target["Target"])} for target in template.get("Networks") or ()
        ]
        container = {key: value for key, value in container.items() if value not in (None, [], {}, "")}
        container = _known(
            container, min(map(_version, map(self.swarm.engine_of, self.swarm.members)), default=(99, 0))
        )
        container |= {
            "Isolation": "default",
            "Privileges": {"CredentialSpec": None, "SELinuxContext": None, "NoNewPrivileges": False},
        }
        template = {key: value for key, value in template.items() if key != "Networks"} | {
            "ContainerSpec": container,
            "Resources": template.get("Resources") or {},
            "Placement": template.get("Placement") or {},
            "ForceUpdate": template.get("ForceUpdate", 0),
            "Runtime": "container",
        }
        mode = spec.get("Mode") or {"Replicated": {}}
        if "Replicated" in mode:
            mode = {"Replicated": {"Replicas": 1, **(mode["Replicated"] or {})}}
        endpoint = dict(spec.get("EndpointSpec") or {})
        ports = sorted(endpoint.get("Ports") or (), key=lambda port: port.get("PublishedPort") or 0)
        endpoint |= {"Mode": endpoint.get("Mode") or "vip"} | ({"Ports": ports} if ports else {})
        return {
            **spec,
            "TaskTemplate": template | ({"Networks": networks} if networks else {}),
            "Mode": mode,
            "EndpointSpec": endpoint,
        }

    def _network_id(self, word: str) -> str:
        for name, overlay in self.swarm.networks.items():
            if word in (name, overlay.id):
                return overlay.id
        if word in PREDEFINED:
            return word.ljust(25, "0")
        raise refusal(404, f"network {word} not found")


def _ports(spec: Raw) -> list[tuple[tuple[str, int], str]]:
    ports = (spec.get("EndpointSpec") or {}).get("Ports") or ()
    return [
        ((port.get("Protocol", "tcp"), port["PublishedPort"]), port.get("PublishMode", "ingress"))
        for port in ports
        if port.get("PublishedPort")
    ]


def _version(text: str) -> tuple[int, int]:
    major, _, rest = text.partition(".")
    return (int(major), int(rest.partition(".")[0])) if major.isdigit() else (99, 0)


def _known(value: Any, version: tuple[int, int]) -> Any:
    """A spec as managers of that version keep it."""
    if isinstance(value, list):
        return [_known(one, version) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _known(one, version) for key, one in value.items() if NEWER.get(key, (0, 0)) <= version}


def used(spec: Raw) -> set[str]:
    """Identifiers of the configs and secrets a service names."""
    container = spec["TaskTemplate"]["ContainerSpec"]
    return {one["ConfigID"] for one in container.get("Configs") or ()} | {
        one["SecretID"] for one in container.get("Secrets") or ()
    }


def as_settings(body: Mapping[str, Any]) -> Settings:
    """A network's settings from the body it was created with."""
    pool = ((body.get("IPAM") or {}).get("Config") or [{}])[0]
    options = dict(body.get("Options") or {})
    return {
        "driver": body.get("Driver", "overlay"),
        "subnet": pool.get("Subnet", "10.0.99.0/24"),
        "gateway": pool.get("Gateway", "10.0.99.1"),
        "ipv6": body.get("EnableIPv6", False),
        "attachable": body.get("Attachable", False),
        "internal": body.get("Internal", False),
        "encrypted": options.pop("encrypted", None) is not None,
        "labels": dict(body.get("Labels") or {}),
        "options": options,
    }


def _node(swarm: Swarm, node: Node) -> Raw:
    return {
        "ID": node.id,
        "Spec": {"Role": node.role, "Availability": node.availability, "Labels": dict(node.labels)},
        "Description": {"Hostname": node.hostname, "Engine": {"EngineVersion": swarm.engine_of(node)}},
        "Status": {"State": "ready" if node.ready else "down", "Addr": node.address},
    }


def _network(name: str, overlay: Overlay) -> Raw:
    settings = overlay.settings
    number = overlay.id.strip("networkx") or "0"
    ipam = overlay.body.get("IPAM") or {}
    pool = {"Subnet": settings["subnet"], "Gateway": settings["gateway"]}
    if (ipam.get("Config") or [{}])[0].get("IPRange"):
        pool["IPRange"] = str(ip_network(ipam["Config"][0]["IPRange"], strict=False))
    return {
        "Name": name,
        "Id": overlay.id,
        "Scope": "swarm",
        "Driver": settings["driver"],
        "Internal": settings["internal"],
        "Attachable": settings["attachable"],
        "EnableIPv6": overlay.body.get("EnableIPv6", False),
        "Options": {**(overlay.body.get("Options") or {}), "com.docker.network.driver.overlay.vxlanid_list": number},
        "IPAM": {"Driver": ipam.get("Driver") or "default", "Config": [pool]},
        "Labels": dict(settings["labels"]),
    }


def _untold(secret: Raw) -> Raw:
    """A secret as it is listed: nobody is shown what it holds."""
    return {**secret, "Spec": {key: value for key, value in secret["Spec"].items() if key != "Data"}}


def _fits(one: Raw, filters: Mapping[str, Any] | None) -> bool:
    """Names are matched as prefixes, as swarmkit does."""
    labels, names = one["Spec"].get("Labels") or {}, (filters or {}).get("name")
    return _labelled(labels, filters) and (not names or any(one["Spec"]["Name"].startswith(name) for name in names))


def _fits_network(name: str, overlay: Overlay, filters: Mapping[str, Any] | None) -> bool:
    names = (filters or {}).get("name")
    return _labelled(overlay.settings["labels"], filters) and (not names or any(part in name for part in names))


def _labelled(labels: Mapping[str, str], filters: Mapping[str, Any] | None) -> bool:
    for desired in (filters or {}).get("label", ()):
        key, equals, value = desired.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True
