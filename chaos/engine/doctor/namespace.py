"""What a run would meet in its namespace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from chaos.agents.mesh import MEANS, mesh_of
from chaos.cluster.client import Cluster
from chaos.cluster.journal import RUN_LABEL
from chaos.engine.consent import clocks, consent_of
from chaos.engine.doctor.admission import admission_findings
from chaos.engine.doctor.examined import Examined, Status, asked
from chaos.engine.lease import holder_of
from chaos.engine.room import lacking
from chaos.errors import ApiError

_PSS_LABEL = "pod-security.kubernetes.io/enforce"


class OwnNamespace:
    """Looks at one.

    Args:
        agents: the Job that a run would make of agents there.
    """

    def __init__(self, cluster: Cluster, namespace: str, agents: dict[str, Any]) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._agents = agents

    async def findings(self) -> AsyncIterator[Examined]:
        name = self._namespace
        try:
            found = await self._cluster.get("Namespace", name)
        except ApiError as exc:
            yield Examined(Status.PROBLEM, "namespace", exc.message, exc.hint)
            return
        if found is None:
            advice = f"chaos manifests namespace -n {name}, or leave -n out: one is made then"
            yield Examined(Status.PROBLEM, "namespace", f"there is no namespace {name}", advice)
            return
        labels = found["metadata"].get("labels") or {}
        yield await self._consent(name, found)
        if labels.get(_PSS_LABEL) == "restricted":
            advice = "agents pass it; a workload that runs as root, such as the unit's, does not"
            yield Examined(Status.WARNING, "Pod Security", f"{name} enforces restricted", advice)
        if mesh := mesh_of(found):
            yield Examined(Status.WARNING, "mesh", f"{name} asks for {mesh}", MEANS)
        async for finding in admission_findings(self._cluster, self._agents):
            yield finding
        for kind, advice in (
            ("NetworkPolicy", "agents make what they need; for others: chaos manifests networkpolicy"),
            ("LimitRange", "agents have requests and limits; --agent-cpu and --agent-memory change them"),
        ):
            finding = await asked(kind, partial(self._objects, kind, advice))
            if finding.status is not Status.OK:
                yield finding
        finding = await asked("ResourceQuota", self._room)
        if finding.status is not Status.OK:
            yield finding
        yield await asked("leftovers", self._leftovers)

    async def _consent(self, name: str, namespace: dict[str, Any]) -> Examined:
        consent = consent_of(namespace)
        advice = f"its owner allows them with: chaos allow -n {name} --context NAME --for 8h"
        if not consent.given:
            why = f": {consent.wrong}" if consent.wrong else ""
            return Examined(Status.PROBLEM, "namespace", f"{name} does not allow experiments{why}", advice)
        if consent.until is None:
            return Examined(Status.OK, "namespace", f"{name} allows experiments")
        until = f"{consent.until:%Y-%m-%d %H:%M:%S} UTC"
        if (await clocks(self._cluster)).latest >= consent.until:
            return Examined(Status.PROBLEM, "namespace", f"{name} allowed experiments until {until}", advice)
        return Examined(Status.OK, "namespace", f"{name} allows experiments until {until}")

    async def _objects(self, kind: str, advice: str) -> Examined:
        found, _ = await self._cluster.list(kind, self._namespace)
        if not found:
            return Examined(Status.OK, kind, "none")
        return Examined(Status.WARNING, kind, ", ".join(obj["metadata"]["name"] for obj in found), advice)

    async def _room(self) -> Examined:
        quotas, _ = await self._cluster.list("ResourceQuota", self._namespace)
        if not quotas:
            return Examined(Status.OK, "ResourceQuota", "none")
        count, names = self._agents["spec"]["completions"], ", ".join(obj["metadata"]["name"] for obj in quotas)
        agents = f"{count} agent{'s' if count > 1 else ''}"
        advice = (
            "a larger quota; or --agents, --agent-cpu and --agent-memory, or --vantage local where that reaches all"
        )
        if short := list(lacking(quotas, self._agents["spec"]["template"]["spec"], count)):
            return Examined(Status.WARNING, "ResourceQuota", f"no room for {agents}: {'; '.join(short)}", advice)
        advice = "a workload needs room too: chaos run … --dry-run asks for its objects"
        return Examined(Status.WARNING, "ResourceQuota", f"{names}: room for {agents}", advice)

    async def _leftovers(self) -> Examined:
        left = []
        for kind in ("Lease", "Job", "ConfigMap", "StatefulSet", "Service"):
            found, _ = await self._cluster.list(kind, self._namespace, RUN_LABEL)
            left += [f"{kind} {obj['metadata']['name']}" for obj in found]
        if not left:
            return Examined(Status.OK, "leftovers", "nothing of an earlier run")
        there = await holder_of(self._cluster, self._namespace)
        if there is not None:
            left.append(f"held by {there.describe()}")
        alive = there is not None and there.is_alive
        advice = "wait for that run" if alive else "a run was killed: chaos recover, where its reports are"
        return Examined(Status.WARNING, "leftovers", ", ".join(left), advice)
