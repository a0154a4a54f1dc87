"""A document -> what ``docker stack deploy`` sends: specs and create bodies of the Engine API.

Source: ``cli/compose/convert`` of docker/cli.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import cast

from skep.compose.configs import external
from skep.compose.loading import Document
from skep.compose.naming import Names, without_empty
from skep.compose.problems import ComposeError
from skep.compose.service import service_spec
from skep.dataclass import dataclass
from skep.reading.findings import Findings
from skep.reading.values import Fields, where
from skep.refusals import Context, faults
from skep.refusals.table import NAMES
from skep.swarm.objects import Ipam, Network, ObjectSpec
from skep.swarm.spec import ServiceSpec

LONGEST_STACK = 52
"""Characters of a stack's name: ``skep.STACK.N`` has to be a config's."""

_STACK = re.compile(rf"[a-zA-Z0-9][a-zA-Z0-9_-]{{0,{LONGEST_STACK - 1}}}")


@dataclass(frozen=True)
class Specs:
    """What the Engine is to hold for a stack, by its full names. JSON data, as the Engine API takes it.

    Services name configs and secrets; what is sent has the identifiers that the Engine gave them.
    """

    services: Mapping[str, ServiceSpec]
    networks: Mapping[str, Network]
    configs: Mapping[str, ObjectSpec]
    secrets: Mapping[str, ObjectSpec]
    volumes: Mapping[str, Mapping[str, object]]
    """Volumes that nodes make when a task first needs them; nothing is sent for them."""
    external_networks: tuple[str, ...]
    """Names of networks that must be there, swarm-wide, before."""

    def as_json(self) -> dict[str, object]:
        """All of it as one mapping."""
        return {
            "services": dict(self.services),
            "networks": dict(self.networks),
            "configs": dict(self.configs),
            "secrets": dict(self.secrets),
            "volumes": dict(self.volumes),
            "external_networks": list(self.external_networks),
        }


def convert(document: Document, stack: str) -> Specs:
    """The specs of a document under a stack's name. Raises ``ComposeError`` when a name does not do for Swarm."""
    if not _STACK.fullmatch(stack):
        raise ComposeError([f"{stack!r} is not a stack's name: letters, digits, '-' and '_', at most {LONGEST_STACK}"])
    names = Names(document, stack)
    services = {
        names.scoped(name): service_spec(name, service, names)
        for name, service in sorted(document.section("services").items())
    }
    findings = Findings((), set(document.hidden))
    for fault in faults(NAMES, Context(document.data, stack, quote=findings.value)):
        findings.error(fault.path, fault.message, where(document.data, fault.path))
    if findings.errors:
        raise ComposeError(findings.errors)
    networks, others = _networks(names)
    return Specs(
        services=services,
        networks=networks,
        configs=_objects(names, "configs"),
        secrets=_objects(names, "secrets"),
        volumes=_volumes(names),
        external_networks=others,
    )


def _networks(names: Names) -> tuple[dict[str, Network], tuple[str, ...]]:
    """Those that services use, and no others."""
    defined = names.document.section("networks")
    used = {
        name
        for service in names.document.section("services").values()
        for name in service.get("networks") or ("default",)
    }
    own: dict[str, Network] = {}
    others: list[str] = []
    for name in sorted(used):
        network = defined.get(name) or Fields(defined.place)
        full = names.of("networks", name)
        if external(network):
            others.append(full)
        else:
            own[full] = _network(full, network, names)
    return own, tuple(others)


def _network(full: str, network: Fields, names: Names) -> Network:
    ipam = network.get("ipam") or {}
    body: Network = {
        "Name": full,
        "Driver": network.get("driver") or "overlay",
        "Internal": network.get("internal", False),
        "Attachable": network.get("attachable", False),
        "Labels": names.labelled(network.get("labels")),
    }
    if network.get("driver_opts"):
        body["Options"] = dict(network["driver_opts"])
    if network.get("enable_ipv6"):
        body["EnableIPv6"] = True
    if ipam.get("driver") or ipam.get("config"):
        pools = [
            without_empty(
                {"Subnet": pool.get("subnet"), "IPRange": pool.get("ip_range"), "Gateway": pool.get("gateway")}
            )
            for pool in ipam.get("config", ())
        ]
        body["IPAM"] = cast(Ipam, without_empty({"Driver": ipam.get("driver"), "Config": pools}))
    return body


def _objects(names: Names, section: str) -> dict[str, ObjectSpec]:
    """Configs or secrets; ``Data`` in base64."""
    found = {}
    for name, one in sorted(names.document.section(section).items()):
        if external(one):
            continue
        full = names.of(section, name)
        spec: ObjectSpec = {"Name": full, "Labels": names.labelled(one.get("labels"))}
        content = names.document.contents[section, name]
        if content:
            spec["Data"] = base64.b64encode(content).decode()
        if one.get("driver"):
            spec["Driver"] = without_empty({"Name": one["driver"], "Options": dict(one.get("driver_opts") or {})})
        if one.get("template_driver"):
            spec["Templating"] = {"Name": one["template_driver"]}
        found[full] = spec
    return found


def _volumes(names: Names) -> dict[str, dict[str, object]]:
    return {
        names.of("volumes", name): without_empty(
            {
                "Name": names.of("volumes", name),
                "Driver": volume.get("driver"),
                "DriverOpts": dict(volume.get("driver_opts") or {}),
                "Labels": names.labelled(volume.get("labels")),
            }
        )
        for name, volume in sorted(names.document.section("volumes").items())
        if not external(volume)
    }
