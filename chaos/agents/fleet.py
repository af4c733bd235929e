"""All agents of a run: brings them up, talks with each, and knows what became of their pods."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chaos.agents import manifests
from chaos.agents.bundle import build_bundle
from chaos.agents.session import AgentSession
from chaos.agents.stream import LineStream
from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.exec import open_exec
from chaos.errors import ApiError, ChaosError, PreflightError
from chaos.model import ClusterEvent
from chaos.model.object import Object
from chaos.model.recording import Recorder
from chaos.options.agents import AgentOptions, PodOptions
from chaos.probes import DnsView

# An image that must be pulled takes its time.
START_WITHIN_S = 120.0
# A pod that no node has room for seldom finds any soon: longer than this the agents that do run are not kept waiting.
_UNSCHEDULABLE_S = 15.0
# The Job controller makes the pods within moments. Where it has made none by then, its events say why.
_NO_PODS_S = 10.0
_LOOK_S = 0.1
# The kubelet says these only after it has tried; more tries end the same way.
_HOPELESS = frozenset({"ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"})
_TERMINAL = ("Failed", "Succeeded")


@dataclass(slots=True)
class _Member:
    """One index of the Job, as the watches show its pod."""

    pod: Object | None = None
    gone: bool = False
    connected: bool = False

    @property
    def name(self) -> str:
        return str(self.pod["metadata"]["name"]) if self.pod is not None else ""

    @property
    def node(self) -> str:
        return str(self.pod["spec"].get("nodeName", "")) if self.pod is not None else ""


class Fleet:
    """The agents of one run. Feed it the watch events of its namespace.

    Args:
        changes: through which objects are created, so that they are undone.
        deadline_s: after which Kubernetes ends the agents, whatever happens to the runner.
        warn: tells somebody what the report will mention too.
    """

    def __init__(
        self,
        cluster: Cluster,
        changes: Changes,
        clock: RunClock,
        recorder: Recorder,
        namespace: str,
        options: AgentOptions,
        pods: PodOptions,
        deadline_s: int,
        warn: Callable[[str], None],
    ) -> None:
        self.name = f"chaos-agents-{secrets.token_hex(3)}"
        self.sessions: list[AgentSession] = []
        self._cluster = cluster
        self._changes = changes
        self._clock = clock
        self._recorder = recorder
        self._namespace = namespace
        self._options = options
        self._pods = pods
        self._deadline_s = deadline_s
        self._warn = warn
        self._members = [_Member() for _ in range(options.count)]

    # ---- bringing them up ----

    async def deploy(self, target_labels: dict[str, str]) -> None:
        """Create the Job and what it owns.

        Args:
            target_labels: of the pods that agents connect to.

        Raises:
            ApiError: the API server refuses.
        """
        bundle = build_bundle()
        name, namespace = self.name, self._namespace
        job = manifests.job(name, namespace, self._deadline_s, self._options, self._pods)
        owner = (await self._changes.create(job)).object
        with_job = f"Job {name}"
        await self._changes.create(manifests.program(name, namespace, owner, bundle), goes_with=with_job)
        policies, _ = await self._cluster.list("NetworkPolicy", namespace)
        if policies:
            policy = manifests.network_policy(name, namespace, owner)
            await self._changes.create(policy, goes_with=with_job)
            if any(_isolates(policy, target_labels) for policy in policies):
                policy = manifests.target_policy(name, namespace, owner, target_labels)
                await self._changes.create(policy, goes_with=with_job)

    def saw(self, event: ClusterEvent) -> None:
        """Take in a watch event."""
        labels = event.object["metadata"].get("labels") or {}
        if event.kind != "Pod" or labels.get("chaos-identity.io/agents") != self.name:
            return
        member = self._members[int(labels.get(manifests.INDEX_LABEL, "0")) % len(self._members)]
        if member.pod is None or member.pod["metadata"]["uid"] == event.uid:
            member.pod = event.object
            member.gone = event.type == "DELETED"

    async def connect(self, views: tuple[DnsView, ...], timeout_s: float) -> list[AgentSession]:
        """Wait for the pods and say hello to each; goes on without those that fail, as long as there is one.

        Raises:
            PreflightError: none came up; says why.
        """
        problems = await self._wait_for_pods()
        ready = [number for number in range(len(self._members)) if number not in problems]
        started = await asyncio.gather(*(self._start(number, views, timeout_s) for number in ready))
        problems |= {number: text for number, text in zip(ready, started, strict=True) if text}
        if not self.sessions:
            raise PreflightError(
                f"no agent came up in namespace {self._namespace}: {next(iter(problems.values()))}",
                hint="mend that, or probe from this machine with --vantage local where it reaches pods and cluster DNS",
            )
        for number, text in sorted(problems.items()):
            self._never_came(number, text)
        self.sessions.sort(key=lambda session: int(session.name.rpartition("-")[2]))
        return self.sessions

    async def _wait_for_pods(self) -> dict[int, str]:
        """Index → why its pod does not run; without those that do."""
        started_s, looks_s = self._clock.now_s(), _NO_PODS_S
        while True:
            waited_s = self._clock.now_s() - started_s
            waiting = {n: text for n, member in enumerate(self._members) if (text := _not_running(member))}
            hopeless = {n for n in waiting if _is_hopeless(self._members[n], waited_s)}
            if len(hopeless) == len(waiting):
                return waiting
            if all(member.pod is None for member in self._members) and waited_s > looks_s:
                looks_s += _NO_PODS_S
                text = await self._why_no_pods()
                if text or waited_s > START_WITHIN_S:
                    return dict.fromkeys(waiting, text or self._no_pods)
            if waited_s > START_WITHIN_S:
                return waiting
            await asyncio.sleep(_LOOK_S)

    async def _why_no_pods(self) -> str:
        """What the Job's controller says: a quota or an admission policy may refuse its pods; empty: nothing."""
        try:
            events, _ = await self._cluster.list("Event", self._namespace)
        except ApiError:
            events = []
        said = [e["message"] for e in events if _is_refusal(e, self.name)]
        return str(said[-1]) if said else ""

    @property
    def _no_pods(self) -> str:
        return f"Job {self.name} has no pods (kubectl -n {self._namespace} describe job tells why)"

    async def _start(self, number: int, views: tuple[DnsView, ...], timeout_s: float) -> str:
        """Empty, or why it could not be talked with."""
        member = self._members[number]

        async def open_stream() -> LineStream:
            return await open_exec(
                self._cluster, self._namespace, member.name, manifests.CONTAINER, manifests.attach_command()
            )

        name = f"agent-{number}"
        session = AgentSession(
            name, member.node, open_stream, self._clock, self._recorder, lambda: _fate(self._members[number])
        )
        try:
            await session.start(views, timeout_s)
        except ChaosError as exc:
            await session.finish()
            return _fate(member) or exc.message
        member.connected = True
        self.sessions.append(session)
        return ""

    def _never_came(self, number: int, reason: str) -> None:
        member = self._members[number]
        self._warn(f"agent-{number} ({member.node or 'no node'}) takes no part: {reason}")
        self._recorder.mark(
            self._clock.now_ns(),
            "vantage-lost",
            vantage=f"agent-{number}",
            node=member.node,
            reason=f"never came up: {reason}",
            samples=0,
            unplaced=0,
        )

    async def leave_out(self, session: AgentSession, reason: str) -> None:
        """Go on without an agent that cannot see what it should."""
        self.sessions.remove(session)
        await session.finish()
        self._never_came(int(session.name.rpartition("-")[2]), reason)

    # ---- while they work ----

    def describe(self) -> list[dict[str, Any]]:
        """For the report: who probes from where."""
        return [
            {
                "name": session.name,
                "node": session.node,
                "pod": self._members[int(session.name.rpartition("-")[2])].name,
                "image": self._pods.mirrored(self._options.image),
                "python": session.about.get("python", ""),
                "dnspython": session.about.get("dnspython", ""),
            }
            for session in self.sessions
        ]

    def traffic(self) -> tuple[int, int]:
        """Bytes sent to and received from all agents."""
        both = [session.traffic for session in self.sessions]
        return sum(sent for sent, _ in both), sum(received for _, received in both)

    async def finish(self) -> None:
        """Fetch what is left and let all agents go; never raises."""
        await asyncio.gather(*(session.finish() for session in self.sessions))


def _is_refusal(event: Object, job: str) -> bool:
    return event.get("reason") == "FailedCreate" and (event.get("involvedObject") or {}).get("name") == job


def _not_running(member: _Member) -> str:
    """Why a pod cannot be talked with yet; empty where it can."""
    if fate := _fate(member):
        return fate
    if member.pod is None:
        return "its pod was not created"
    status = member.pod.get("status", {})
    for container in status.get("containerStatuses") or []:
        state = container.get("state") or {}
        if "running" in state:
            return ""
        waiting = state.get("waiting") or {}
        if waiting.get("reason"):
            return f"pod {member.name}: {waiting['reason']} {waiting.get('message', '')}".strip()
    for condition in status.get("conditions") or []:
        if condition["status"] == "False" and condition.get("message"):
            return f"pod {member.name}: {condition.get('reason', '')} {condition['message']}".strip()
    return f"pod {member.name} is {status.get('phase', 'Pending')}"


def _is_hopeless(member: _Member, waited_s: float) -> bool:
    if _fate(member):
        return True
    status = (member.pod or {}).get("status", {})
    reasons = {
        ((container.get("state") or {}).get("waiting") or {}).get("reason")
        for container in status.get("containerStatuses") or []
    }
    unschedulable = any(c.get("reason") == "Unschedulable" for c in status.get("conditions") or [])
    return bool(reasons & _HOPELESS) or (unschedulable and waited_s > _UNSCHEDULABLE_S)


def _fate(member: _Member) -> str:
    """Why a pod will not come back; empty while it may."""
    if member.pod is None:
        return ""
    status, name = member.pod.get("status", {}), member.name
    for container in status.get("containerStatuses") or []:
        ended = (container.get("state") or {}).get("terminated")
        if ended:
            words = " ".join(str(ended.get("message", "")).split())[-300:]
            text = f"pod {name}: its container ended: {ended.get('reason', '')}, exit code {ended.get('exitCode')}"
            return f"{text}: {words}" if words else text
    if status.get("phase") in _TERMINAL:
        return f"pod {name} is {status['phase']}: {status.get('reason', '')} {status.get('message', '')}".rstrip(": ")
    if member.gone:
        return f"pod {name} was deleted"
    if "deletionTimestamp" in member.pod["metadata"]:
        return f"pod {name} is being deleted"
    return ""


def _isolates(policy: Object, labels: dict[str, str]) -> bool:
    """Whether a policy restricts who may reach pods with these labels; one with expressions is taken to do so."""
    spec = policy.get("spec") or {}
    if "Ingress" not in (spec.get("policyTypes") or ["Ingress"]):
        return False
    selector = spec.get("podSelector") or {}
    wanted = selector.get("matchLabels") or {}
    return bool(selector.get("matchExpressions")) or all(labels.get(key) == value for key, value in wanted.items())
