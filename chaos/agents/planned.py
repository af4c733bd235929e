"""What agents would be made of, without making them."""

from __future__ import annotations

from chaos.agents import manifests
from chaos.agents.bundle import build_bundle
from chaos.model.object import Object
from chaos.options.agents import AgentOptions, PodOptions

_NAME = "chaos-agents-rehearsal"


def agent_objects(namespace: str, deadline_s: int, agents: AgentOptions, pods: PodOptions) -> list[Object]:
    """The Job and its program, as a fleet makes them; where policies isolate pods it makes one or two of these too."""
    job = manifests.job(_NAME, namespace, deadline_s, agents, pods)
    owner = {**job, "metadata": {**job["metadata"], "uid": "00000000-0000-0000-0000-000000000000"}}
    return [job, manifests.program(_NAME, namespace, owner, build_bundle())]
