"""Whether the namespace takes agents, and what it makes of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from chaos.agents.mesh import mesh_by_sidecar
from chaos.cluster.client import Cluster
from chaos.engine.admission import admitted, pod_of
from chaos.engine.doctor.examined import Examined, Status

_WHAT = "admission"
_INSTEAD = "; without agents: --vantage local where this machine reaches pods and cluster DNS"


async def admission_findings(cluster: Cluster, agents: dict[str, Any]) -> AsyncIterator[Examined]:
    """By a dry run on the server of the agents' Job and of one of its pods."""
    for obj in (agents, pod_of(agents)):
        what = "agents' Job" if obj["kind"] == "Job" else "agents"
        found = await admitted(cluster, obj)
        if found.refused:
            yield Examined(
                Status.WARNING, _WHAT, f"{what} would not be taken: {found.refused}", found.advice + _INSTEAD
            )
            return
        if found.unknown:
            advice = "a refusal shows when a run makes its agents, before any fault"
            yield Examined(Status.UNKNOWN, _WHAT, f"whether {what} would be taken: {found.unknown}", advice)
            continue
        if obj["kind"] != "Pod":
            continue
        if not found.changed:
            yield Examined(Status.OK, _WHAT, "agents would be taken as they are, by a dry run on the server")
            continue
        added = mesh_by_sidecar(word for change in found.changed for word in change.split())
        advice = "what probes ask passes through what was added, and figures are as seen from there"
        if added:
            advice = f"{added} takes them in although they ask to stay outside: have its owner exempt the namespace"
        yield Examined(Status.WARNING, _WHAT, f"agents would be changed: {'; '.join(found.changed)}", advice)
