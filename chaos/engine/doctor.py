"""What a run could and could not do here, found out without changing anything."""

from __future__ import annotations

import platform
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

import chaos
from chaos.analysis.corefile import caching
from chaos.cluster.client import Cluster
from chaos.cluster.journal import RUN_LABEL
from chaos.cluster.mirror import find_mirrors
from chaos.engine.consent import clocks, consent_of
from chaos.engine.lease import holder_of
from chaos.engine.permissions import Feature, denied, needed
from chaos.engine.reach import check_local
from chaos.engine.unfinished import what_is_changed
from chaos.engine.views import ClusterDns, find_dns
from chaos.errors import ApiError, ChaosError, PreflightError
from chaos.vantage import Vantage
from chaos.visible import visible


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"  # the main experiment cannot run because of it
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes:
        what: was looked at.
        found: there.
        advice: what to do; empty where nothing is to be done.
    """

    status: Status
    what: str
    found: str
    advice: str = ""


_PSS_LABEL = "pod-security.kubernetes.io/enforce"
_SHOWN = 3


def local_findings() -> Iterator[Finding]:
    """What concerns this machine alone."""
    used = ", ".join(f"{name} {version(name)}" for name in ("kubernetes", "dnspython", "aiohttp"))
    yield Finding(
        Status.OK, "versions", f"chaos-identity {chaos.__version__}, Python {platform.python_version()}, {used}"
    )
    yield _other_script()


def _other_script() -> Finding:
    """Chaos Toolkit installs a script of the same name."""
    what, path = "script `chaos`", shutil.which("chaos")
    try:
        other = distribution("chaostoolkit")
    except PackageNotFoundError:
        other = None
    if other is not None:
        found = f"Chaos Toolkit {other.version} is installed beside it and has a script `chaos` too"
        return Finding(Status.WARNING, what, found, "use `chaos-identity` or `python -m chaos`")
    if path is None:
        return Finding(Status.WARNING, what, "not on PATH", "use `python -m chaos`, or add its folder to PATH")
    if not _is_ours(Path(path)):
        return Finding(Status.WARNING, what, f"{path} is another program", "use `chaos-identity` or `python -m chaos`")
    return Finding(Status.OK, what, path)


def _is_ours(script: Path) -> bool:
    try:
        text = script.read_bytes()[:4096]
    except OSError:
        return False
    return b"chaos.__main__" in text or b"chaos.cli.main" in text  # as versions before wrote it


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

    async def findings(self) -> AsyncIterator[Finding]:
        """All lines about the cluster, in the order in which a run would need what they are about."""
        cluster = self._cluster
        by_way = f" through {cluster.proxy}" if cluster.proxy else ""
        yield Finding(Status.OK, "cluster", f"{cluster.name}: {cluster.server}{by_way}, Kubernetes {cluster.version}")
        if cluster.heard_by:
            yield Finding(Status.WARNING, "login", cluster.heard_by, "use the https:// address of the API server")
        yield Finding(Status.OK, "fingerprint", cluster.fingerprint)
        yield await self._asked("clock", self._clock)
        for finding in [await self._permission(feature) for feature in self._features()]:
            yield finding
        yield await self._asked("not undone", self._not_undone)
        dns: ClusterDns | None = None
        try:
            dns = await find_dns(cluster, in_cluster=self._in_cluster)
        except PreflightError as exc:
            yield Finding(Status.PROBLEM, "DNS views", exc.message, exc.hint)
        if dns is not None:
            for finding in self._dns(dns):
                yield finding
            yield await self._reach(dns)
        yield await self._asked("agent image", self._image)
        if self._namespace:
            async for finding in self._in_namespace():
                yield finding

    def _features(self) -> list[Feature]:
        own = [Feature.RUN] if self._namespace else [Feature.RUN, Feature.MAKE_NAMESPACE]
        return [*own, Feature.MIRROR, Feature.EVENTS, Feature.AGENTS, Feature.READ_DNS]

    async def _asked(self, what: str, look: Callable[[], Awaitable[Finding]]) -> Finding:
        """A look that may be forbidden: then nothing is known."""
        try:
            return await look()
        except ApiError as exc:
            return Finding(Status.UNKNOWN, what, exc.message, exc.hint)

    async def _clock(self) -> Finding:
        before_s, said_s, after_s = await self._cluster.server_date()
        # The header counts whole seconds: the true time was up to one second later than it says.
        least_s, most_s = said_s - after_s, said_s + 1 - before_s
        text = f"the API server's is between {least_s:+.1f} and {most_s:+.1f} s from this machine's"
        if least_s <= 0 <= most_s:
            return Finding(Status.OK, "clock", f"{text} (its Date header counts whole seconds)")
        advice = "dates in reports are this machine's; durations do not depend on it"
        return Finding(Status.WARNING, "clock", text, advice)

    async def _permission(self, feature: Feature) -> Finding:
        what = f"permissions: {feature.value}"
        wanted = needed([feature], self._cluster.version)
        missing = await denied(self._cluster, wanted, self._namespace)
        if feature is Feature.AGENTS:
            self._agents_allowed = not missing
        if not missing:
            return Finding(Status.OK, what, f"all {len(wanted)} of {len(wanted)}")
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
        return Finding(Status.PROBLEM if needed_always else Status.WARNING, what, found, advice)

    def _dns(self, dns: ClusterDns) -> Iterator[Finding]:
        views = ", ".join(f"{view.name} {view.address}" for view in dns.views)
        if dns.limited:
            advice = "recoveries have no lower bound then; chaos manifests rbac --with read-dns prints the Role"
            yield Finding(Status.WARNING, "DNS views", f"{views}; {dns.limited}", advice)
        else:
            yield Finding(Status.OK, "DNS views", f"{views}; domain {dns.domain}")
        found = caching(dns.corefile, dns.domain)
        if found is None:
            text = "no Corefile with a kubernetes plugin was found" if not dns.limited else "not readable"
            yield Finding(Status.UNKNOWN, "DNS caching", text, "lifetimes of answers stand in the report all the same")
            return
        text = f"answers carry a TTL of {found.ttl_s} s; "
        if not found.success_s and not found.denial_s:
            yield Finding(Status.OK, "DNS caching", text + f"the servers themselves keep nothing of {dns.domain}")
            return
        text += f"the servers keep answers for {found.success_s} s and denials for {found.denial_s} s"
        advice = "what a probe asks while a name is missing fills that cache: recoveries may look longer by so much"
        yield Finding(Status.WARNING, "DNS caching", text, advice)

    async def _reach(self, dns: ClusterDns) -> Finding:
        try:
            await check_local(self._vantage, dns)
        except PreflightError as exc:
            if self._agents_allowed:
                advice = "nothing: agents in the cluster will probe instead (--vantage agent)"
                return Finding(Status.OK, "vantage", exc.message, advice)
            advice = "run it where they can be reached, or get the permissions for agents"
            return Finding(Status.PROBLEM, "vantage", exc.message, advice)
        return Finding(Status.OK, "vantage", f"{len(dns.views)} of {len(dns.views)} DNS views answer from here")

    async def _image(self) -> Finding:
        nodes, _ = await self._cluster.list("Node")
        ready = [node for node in nodes if not node["spec"].get("unschedulable")]
        have = [node for node in ready if _has_image(node, self._agent_image)]
        text = f"{self._agent_image} is on {len(have)} of {len(ready)} nodes"
        if len(have) == len(ready):
            return Finding(Status.OK, "agent image", text)
        advice = (
            "the others pull it; where they cannot: --image-mirror PREFIX, or --agent-image with an image they have"
        )
        return Finding(Status.WARNING, "agent image", text, advice)

    async def _in_namespace(self) -> AsyncIterator[Finding]:
        name = self._namespace
        try:
            found = await self._cluster.get("Namespace", name)
        except ApiError as exc:
            yield Finding(Status.PROBLEM, "namespace", exc.message, exc.hint)
            return
        if found is None:
            advice = f"chaos manifests namespace -n {name}, or leave -n out: one is made then"
            yield Finding(Status.PROBLEM, "namespace", f"there is no namespace {name}", advice)
            return
        labels = found["metadata"].get("labels") or {}
        yield await self._consent(name, found)
        if labels.get(_PSS_LABEL) == "restricted":
            advice = "agents pass it; a workload that runs as root, such as the unit's, does not"
            yield Finding(Status.WARNING, "Pod Security", f"{name} enforces restricted", advice)
        for kind, advice in (
            ("NetworkPolicy", "agents make what they need; for others: chaos manifests networkpolicy"),
            ("ResourceQuota", "agents have requests and limits; --agent-cpu and --agent-memory change them"),
            ("LimitRange", "agents have requests and limits; --agent-cpu and --agent-memory change them"),
        ):
            finding = await self._asked(kind, partial(self._objects, kind, advice))
            if finding.status is not Status.OK:
                yield finding
        yield await self._asked("leftovers", self._leftovers)

    async def _consent(self, name: str, namespace: dict[str, Any]) -> Finding:
        consent = consent_of(namespace)
        advice = f"its owner allows them with: chaos allow -n {name} --context NAME --for 8h"
        if not consent.given:
            why = f": {consent.wrong}" if consent.wrong else ""
            return Finding(Status.PROBLEM, "namespace", f"{name} does not allow experiments{why}", advice)
        if consent.until is None:
            return Finding(Status.OK, "namespace", f"{name} allows experiments")
        until = f"{consent.until:%Y-%m-%d %H:%M:%S} UTC"
        if (await clocks(self._cluster)).latest >= consent.until:
            return Finding(Status.PROBLEM, "namespace", f"{name} allowed experiments until {until}", advice)
        return Finding(Status.OK, "namespace", f"{name} allows experiments until {until}")

    async def _objects(self, kind: str, advice: str) -> Finding:
        found, _ = await self._cluster.list(kind, self._namespace)
        if not found:
            return Finding(Status.OK, kind, "none")
        return Finding(Status.WARNING, kind, ", ".join(obj["metadata"]["name"] for obj in found), advice)

    async def _not_undone(self) -> Finding:
        """What runs changed that they did not make, by what they wrote into the cluster."""
        mirrors = await find_mirrors(self._cluster, self._namespace)
        if not mirrors.open:
            where = "" if mirrors.everywhere else f" in namespace {self._namespace}, and others may not be looked at"
            return Finding(Status.OK, "not undone", f"no run says that something is to be undone{where}")
        text = "; ".join(f"run {c.run['id']} ({c.whose}): {', '.join(what_is_changed(c))}" for c in mirrors.open)
        advice = "unless it is under way: chaos recover --context NAME"
        return Finding(Status.PROBLEM, "not undone", visible(text, line=True), advice)

    async def _leftovers(self) -> Finding:
        left = []
        for kind in ("Lease", "Job", "ConfigMap", "StatefulSet", "Service"):
            found, _ = await self._cluster.list(kind, self._namespace, RUN_LABEL)
            left += [f"{kind} {obj['metadata']['name']}" for obj in found]
        if not left:
            return Finding(Status.OK, "leftovers", "nothing of an earlier run")
        there = await holder_of(self._cluster, self._namespace)
        if there is not None:
            left.append(f"held by {there.describe()}")
        alive = there is not None and there.is_alive
        advice = "wait for that run" if alive else "a run was killed: chaos recover, where its reports are"
        return Finding(Status.WARNING, "leftovers", ", ".join(left), advice)


def _has_image(node: dict[str, Any], image: str) -> bool:
    """Whether a node has pulled it; nodes list names with their registry, and only their largest images."""
    names = [name for one in node.get("status", {}).get("images") or [] for name in one.get("names") or []]
    return any(name == image or name.endswith(f"/{image}") for name in names)


def unreachable(error: ChaosError) -> Finding:
    """There is no cluster to look at."""
    return Finding(Status.PROBLEM, "cluster", error.message, error.hint)
