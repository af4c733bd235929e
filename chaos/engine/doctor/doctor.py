"""Looks at one cluster, without changing anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from chaos.agents import manifests
from chaos.cluster.client import Cluster
from chaos.cluster.mirror import find_mirrors
from chaos.engine.doctor.dns import dns_findings
from chaos.engine.doctor.examined import Examined, Status, asked
from chaos.engine.doctor.namespace import OwnNamespace
from chaos.engine.permissions import Feature, denied, needed
from chaos.engine.reach import check_local
from chaos.engine.unfinished import what_is_changed
from chaos.engine.views import DnsInventory, find_dns
from chaos.errors import ChaosError, PreflightError
from chaos.options.agents import AgentOptions, PodOptions
from chaos.vantage import Vantage
from chaos.visible import visible

_SHOWN = 3
_DEADLINE_S = 600  # of a Job that is never made


class Doctor:
    """Looks at one cluster, from one vantage.

    Args:
        namespace: that a run would use; empty: it would make one.
        in_cluster: this process is in a pod of that cluster.
        agent_image: that agents would be started from.
    """

    def __init__(
        self, cluster: Cluster, vantage: Vantage, namespace: str, agent_image: str, *, in_cluster: bool
    ) -> None:
        self._cluster = cluster
        self._vantage = vantage
        self._namespace = namespace
        self._agent_image = agent_image
        self._in_cluster = in_cluster
        self._agents_allowed = False

    async def findings(self) -> AsyncIterator[Examined]:
        """All lines about the cluster, in the order in which a run would need what they are about."""
        cluster = self._cluster
        by_way = f" through {cluster.proxy}" if cluster.proxy else ""
        yield Examined(Status.OK, "cluster", f"{cluster.name}: {cluster.server}{by_way}, Kubernetes {cluster.version}")
        if cluster.heard_by:
            yield Examined(Status.WARNING, "login", cluster.heard_by, "use the https:// address of the API server")
        yield Examined(Status.OK, "fingerprint", cluster.fingerprint)
        yield await asked("clock", self._clock)
        for feature in self._features():
            yield await asked(f"permissions: {feature.value}", partial(self._permission, feature))
        yield await asked("not undone", self._not_undone)
        dns: DnsInventory | None = None
        try:
            dns = await find_dns(cluster, in_cluster=self._in_cluster)
        except PreflightError as exc:
            yield Examined(Status.PROBLEM, "DNS views", exc.message, exc.hint)
        if dns is not None:
            for finding in dns_findings(dns):
                yield finding
            yield await self._reach(dns)
        yield await asked("agent image", self._image)
        if self._namespace:
            agents = AgentOptions(image=self._agent_image)
            job = manifests.job("chaos-agents-doctor", self._namespace, _DEADLINE_S, agents, PodOptions())
            async for finding in OwnNamespace(cluster, self._namespace, job).findings():
                yield finding

    def _features(self) -> list[Feature]:
        own = [Feature.RUN] if self._namespace else [Feature.RUN, Feature.MAKE_NAMESPACE]
        return [*own, Feature.MIRROR, Feature.EVENTS, Feature.AGENTS, Feature.READ_DNS]

    async def _clock(self) -> Examined:
        before_s, said_s, after_s = await self._cluster.server_date()
        # The header counts whole seconds: the true time was up to one second later than it says.
        least_s, most_s = said_s - after_s, said_s + 1 - before_s
        text = f"the API server's is between {least_s:+.1f} and {most_s:+.1f} s from this machine's"
        if least_s <= 0 <= most_s:
            return Examined(Status.OK, "clock", f"{text} (its Date header counts whole seconds)")
        advice = "dates in reports are this machine's; durations do not depend on it"
        return Examined(Status.WARNING, "clock", text, advice)

    async def _permission(self, feature: Feature) -> Examined:
        what = f"permissions: {feature.value}"
        wanted = needed([feature], self._cluster.version)
        missing = await denied(self._cluster, wanted, self._namespace)
        if feature is Feature.AGENTS:
            self._agents_allowed = not missing
        if not missing:
            return Examined(Status.OK, what, f"all {len(wanted)} of {len(wanted)}")
        where = self._namespace or "every namespace"
        shown = ", ".join(permission.describe(where) for permission in missing[:_SHOWN])
        found = f"{len(missing)} of {len(wanted)} missing: {shown}{', …' if len(missing) > _SHOWN else ''}"
        own = self._namespace or "NAMESPACE"
        if feature in (Feature.RUN, Feature.MIRROR, Feature.EVENTS, Feature.AGENTS):
            advice = f"chaos manifests rbac -n {own} prints a Role"
        else:
            advice = f"chaos manifests rbac -n {own} --with {feature.value} prints a Role"
        if feature is Feature.MIRROR:
            advice += "; or without them: chaos run … --local-journal-only"
        if feature is Feature.EVENTS:
            advice += "; or without them: chaos run … --no-events"
        if feature is Feature.MAKE_NAMESPACE:
            advice += "; or use a namespace of yours: -n NAMESPACE"
        needed_always = feature in (Feature.RUN, Feature.MIRROR, Feature.MAKE_NAMESPACE)
        return Examined(Status.PROBLEM if needed_always else Status.WARNING, what, found, advice)

    async def _reach(self, dns: DnsInventory) -> Examined:
        try:
            await check_local(self._vantage, dns)
        except PreflightError as exc:
            if self._agents_allowed:
                advice = "nothing: agents in the cluster will probe instead (--vantage agent)"
                return Examined(Status.OK, "vantage", exc.message, advice)
            advice = "run it where they can be reached, or get the permissions for agents"
            return Examined(Status.PROBLEM, "vantage", exc.message, advice)
        return Examined(Status.OK, "vantage", f"{len(dns.views)} of {len(dns.views)} DNS views answer from here")

    async def _image(self) -> Examined:
        nodes, _ = await self._cluster.list("Node")
        ready = [node for node in nodes if not node["spec"].get("unschedulable")]
        have = [node for node in ready if _has_image(node, self._agent_image)]
        text = f"{self._agent_image} is on {len(have)} of {len(ready)} nodes"
        if len(have) == len(ready):
            return Examined(Status.OK, "agent image", text)
        advice = (
            "the others pull it; where they cannot: --image-mirror PREFIX, or --agent-image with an image they have"
        )
        return Examined(Status.WARNING, "agent image", text, advice)

    async def _not_undone(self) -> Examined:
        """Changes of runs that are not undone, by the mirrors in the cluster."""
        mirrors = await find_mirrors(self._cluster, self._namespace)
        if not mirrors.open:
            where = "" if mirrors.everywhere else f" in namespace {self._namespace}, and others may not be looked at"
            return Examined(Status.OK, "not undone", f"no run says that something is to be undone{where}")
        text = "; ".join(f"run {c.run['id']} ({c.whose}): {', '.join(what_is_changed(c))}" for c in mirrors.open)
        advice = "unless it is under way: chaos recover --context NAME"
        return Examined(Status.PROBLEM, "not undone", visible(text, line=True), advice)


def _has_image(node: dict[str, Any], image: str) -> bool:
    """Whether a node has pulled it; nodes list names with their registry, and only their largest images."""
    names = [name for one in node.get("status", {}).get("images") or [] for name in one.get("names") or []]
    return any(name == image or name.endswith(f"/{image}") for name in names)


def unreachable(error: ChaosError) -> Examined:
    """There is no cluster to look at."""
    return Examined(Status.PROBLEM, "cluster", error.message, error.hint)
