"""The step that makes the key of secrets' names."""

from __future__ import annotations

import base64

from skep.milestones import SWARM_EXISTS
from skep.model import Cluster, Secret
from skep.plan import Call, Step
from skep.steps import EARLIER, Edge, StepId
from skep.swarm.labels import KEY

KEY_STEP = StepId("stacks", "key")


def key_step(cluster: Cluster, *, only_with: Edge | None) -> Step:
    """The key of secrets' marks, made with the first secret."""
    data = Secret(base64.b64encode(cluster.nonce.reveal().encode()).decode())
    return Call(
        id=KEY_STEP,
        title="make the key for the names of secrets",
        cause="there is none yet",
        operation="object_create",
        arguments={"kind": "configs", "body": {"Name": KEY, "Labels": {KEY: "1"}, "Data": data}},
        only_with=only_with,
        needs=(SWARM_EXISTS,),
        after=(EARLIER,),
    )
