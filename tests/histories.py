"""Builds histories by hand: the smallest that show a point, and a realistic one.

`Builder` records what a step function of time would have answered. `pod_replacement` tells the story of deleted pods
with numbers like those of a real cluster.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from chaos.model import ClusterEvent, FaultWindow, History, Outcome, PodIdentity, RunMeta, Samples, Series

NS_PER_S = 1_000_000_000
NEAR_S = 0.2
QUIET_FACTOR = 4
SUFFIX = "default.svc.cluster.local"
Truth = Callable[[float], Outcome]
NXDOMAIN = Outcome("NXDOMAIN", ttl=30)
TIMED_OUT = Outcome("TIMEOUT")


def ns(at_s: float) -> int:
    return round(at_s * NS_PER_S)


def a(*addresses: str) -> Outcome:
    """An answer with these addresses."""
    return Outcome("NOERROR", values=tuple(sorted(addresses)), ttl=30)


def steps(first: Outcome, *changes: tuple[float, Outcome]) -> Truth:
    """A step function: `first`, and from each instant on what stands beside it."""

    def at(instant_s: float) -> Outcome:
        found = first
        for since_s, outcome in changes:
            if instant_s >= since_s:
                found = outcome
        return found

    return at


class Builder:
    """A history under construction. Times are seconds of the run's clock."""

    def __init__(self, *, simulated: bool = True, **meta: Any) -> None:
        target = {"statefulset": "web", "namespace": "default", "service": "web", "port": 80, "replicas": 3}
        defaults: dict[str, Any] = {
            "target": target,
            "parameters": {"within_s": 60.0},
            "seed": 7 if simulated else None,
        }
        started_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.history = History(RunMeta("identity-persistence", simulated, started_at, **(defaults | meta)), "complete")
        self._ids: dict[Outcome, int] = {}

    def series(
        self, probe: str, record: str, view: str = "", pod: str = "", name: str = "", period_s: float = 0.01
    ) -> Series:
        """A series; the one that exists where it was opened before."""
        for known in self.history.series:
            if (known.probe, known.record, known.view, known.pod) == (probe, record, view, pod):
                return known
        series = Series(len(self.history.series), probe, record, view, pod, name or record, period_s, 1.0)
        self.history.series.append(series)
        self.history.samples[series.id] = Samples()
        return series

    def outcome(self, outcome: Outcome) -> int:
        if outcome not in self._ids:
            self._ids[outcome] = len(self.history.outcomes)
            self.history.outcomes.append(outcome)
        return self._ids[outcome]

    def add(self, series: Series, sent_s: float, received_s: float, outcome: Outcome) -> None:
        """One sample; samples of a series must come in order of receipt."""
        self.history.samples[series.id].append(ns(sent_s), ns(sent_s), ns(received_s), self.outcome(outcome))

    def sample(
        self,
        series: Series,
        from_s: float,
        to_s: float,
        truth: Truth,
        *,
        latency_s: float = 0.001,
        rng: random.Random | None = None,
        near: tuple[float, ...] = (),
    ) -> None:
        """Sample a truth on the series' schedule; with `rng`, latency and phase vary.

        Where `near` names instants, it is sampled less often away from them: nothing happens there.
        """
        rows = []
        sent_s = from_s + (rng.random() * series.period_s if rng else 0.0)
        while sent_s < to_s:
            took_s = latency_s * (0.5 + rng.random()) if rng else latency_s
            rows.append((sent_s + took_s, sent_s, truth(sent_s + took_s / 2)))
            quiet = near and all(abs(sent_s - at_s) > NEAR_S for at_s in near)
            sent_s += series.period_s * (QUIET_FACTOR if quiet else 1)
        for received_s, at_s, outcome in sorted(rows, key=lambda row: row[0]):
            self.add(series, at_s, received_s, outcome)

    def event(
        self, at_s: float, kind: str, obj: dict[str, Any], type_: str = "MODIFIED", *, initial: bool = False
    ) -> None:
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(version(at_s))}}
        meta = obj["metadata"]
        name, uid = meta["name"], meta.get("uid", "")
        self.history.events.append(ClusterEvent(ns(at_s), type_, kind, "default", name, uid, obj, initial))

    def fault(
        self,
        trial: int,
        target: PodIdentity,
        sent_s: float,
        accepted_s: float | None,
        ended_s: float | None,
        **more: Any,
    ) -> None:
        accepted_ns = None if accepted_s is None else ns(accepted_s)
        outcome = "refused" if accepted_s is None else "accepted"
        window = FaultWindow(
            "delete-pod",
            trial,
            (target,),
            outcome,
            ns(sent_s),
            accepted_ns,
            None if ended_s is None else ns(ended_s),
            **more,
        )
        self.history.faults.append(window)

    def asked_for_revisions(self) -> None:
        """As a run asks, ever more seldom after each fault."""
        for fault in self.history.faults:
            at_s, zero_s = 0.05, fault.sent_ns / NS_PER_S
            while zero_s + at_s < (fault.ended_ns or 0) / NS_PER_S:
                self.history.revisions.append((ns(zero_s + at_s), version(zero_s + at_s)))
                at_s = max(at_s + 0.05, 1.05 * at_s)

    def done(self) -> History:
        self.history.events.sort(key=lambda e: e.at_ns)
        return self.history


def version(at_s: float) -> int:
    """The resourceVersion of an instant: some of the events arrive before the run's clock begins."""
    return round((at_s + 1000) * 1e6)


def pod(
    name: str, uid: str, address: str = "", node: str = "node-1", *, ready: bool = False, phase: str = "", **more: Any
) -> dict[str, Any]:
    """A pod object; `more`: ``grace_s`` marks it as being deleted, ``claims``, ``subdomain``."""
    meta: dict[str, Any] = {
        "name": name,
        "uid": uid,
        "labels": {"apps.kubernetes.io/pod-index": name.rpartition("-")[2]},
    }
    if more.get("grace_s") is not None:
        meta |= {"deletionTimestamp": "2026-01-02T03:05:05Z", "deletionGracePeriodSeconds": more["grace_s"]}
    phase = phase or ("Running" if ready else "Pending")
    status: dict[str, Any] = {"phase": phase, "conditions": [{"type": "Ready", "status": str(ready)}]}
    if address:
        status["podIP"] = address
        status["containerStatuses"] = [{"state": {"terminated" if phase == "Failed" else "running": {}}}]
    spec: dict[str, Any] = {"hostname": name, "subdomain": more.get("subdomain", "web")}
    spec["volumes"] = [{"name": c, "persistentVolumeClaim": {"claimName": c}} for c in more.get("claims", ())]
    if node:
        spec["nodeName"] = node
    return {"metadata": meta, "spec": spec, "status": status}


def endpoint_slice(*endpoints: tuple[str, str, bool]) -> dict[str, Any]:
    """The slice of service web; endpoints are (uid, address, ready)."""
    return {
        "metadata": {"name": "web-abcde", "uid": "slice", "labels": {"kubernetes.io/service-name": "web"}},
        "endpoints": [
            {"addresses": [address], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "uid": uid}}
            for uid, address, ready in endpoints
        ],
    }


@dataclass(frozen=True)
class Story:
    """When things happen in one trial: seconds since the deletion was accepted (defaults: a real cluster's)."""

    endpoint_not_ready_s: float = 0.009
    dns_lost_s: float = 0.011
    old_stops_s: float = 30.04
    old_failed_s: float | None = 30.2
    old_gone_s: float = 31.1
    created_s: float = 31.107
    scheduled_s: float = 31.113
    ready_s: float = 32.1
    endpoint_ready_s: float = 32.104
    dns_back_s: float = 32.107
    ends_s: float = 33.2
    grace_s: int = 30

    def shifted(self, by_s: float) -> Story:
        """The same with everything after termination later."""
        later = ("old_gone_s", "created_s", "scheduled_s", "ready_s", "endpoint_ready_s", "dns_back_s", "ends_s")
        return replace(self, **{name: getattr(self, name) + by_s for name in later})


FORCED = Story(
    old_stops_s=2.03, old_failed_s=None, old_gone_s=0.002, created_s=0.013, scheduled_s=0.018, ready_s=1.28,
    endpoint_ready_s=1.284, dns_back_s=1.288, ends_s=3.2, grace_s=0,
)  # fmt: skip


@dataclass
class Cast:
    """Who is in a trial."""

    name: str
    old: str
    new: str
    old_uid: str
    new_uid: str
    others: tuple[str, ...] = field(default=("10.244.2.10", "10.244.2.11"))


def pod_replacement(
    *stories: Story, simulated: bool = True, period_s: float = 0.01, contrast: bool = True, seed: int = 1
) -> History:
    """A whole run: one trial for each story (one by default), the deleted pods taking turns. A copy, to be changed."""
    return copied(_replacement(stories, simulated=simulated, period_s=period_s, contrast=contrast, seed=seed))


def copied(history: History) -> History:
    """A copy, to be changed; in half the time of `copy.deepcopy`."""
    copy: History = pickle.loads(pickle.dumps(history, pickle.HIGHEST_PROTOCOL))
    return copy


@cache
def _replacement(stories: tuple[Story, ...], *, simulated: bool, period_s: float, contrast: bool, seed: int) -> History:
    rng = random.Random(seed)
    build = Builder(simulated=simulated)
    told = stories or (Story(),)
    starts_s, at_s = [], 1.5
    for story in told:
        starts_s.append(at_s)
        at_s += story.ends_s + 1.1
    total_s = at_s
    for number, (story, t0) in enumerate(zip(told, starts_s, strict=True), 1):
        name = f"web-{(number - 1) % 3}"
        cast = Cast(name, f"10.244.1.{number + 3}", f"10.244.1.{number + 40}", f"uid-{number}-old", f"uid-{number}-new")
        _tell(build, number, story, t0, cast, rng, period_s)
    build.history.marks.append((ns(1.4), "steady-state", _steady("before", 0, 0.4)))
    for number, (story, t0) in enumerate(zip(told, starts_s, strict=True), 1):
        build.history.marks.append(
            (ns(t0 + story.ends_s - 0.01), "steady-state", _steady("after", number, story.dns_back_s + 0.05))
        )
    if contrast:
        details = {
            "deployment": "web-demo",
            "deleted": "web-demo-6c-x2x",
            "replacement": "web-demo-6c-k9q",
            "per_pod_record": "NXDOMAIN",
            "replacement_record": "NXDOMAIN",
            "address_shaped_record": "NOERROR",
        }
        build.history.marks.append((ns(total_s), "contrast", details))
    build.history.meta.environment = {
        "kubernetes": "v1.37.2",
        "dns_views": {"coredns-a": "10.244.0.2", "coredns-b": "10.244.0.3", "service": "10.96.0.10"},
        "dns_image": "coredns:v1.14.6",
        "cluster_fingerprint": "f00d",
        "corefile": ".:53 {\n    kubernetes cluster.local in-addr.arpa {\n        ttl 30\n    }\n    cache 30\n}\n",
    }
    build.history.meta.measurement = {"dns_queries": 1234, "dns_missed_slots": 0, "loop_lag": {"p99_ms": 1.1}}
    if simulated:
        build.history.meta.model = [{"name": "kubelet.start", "low": 0.04, "high": 0.085, "unit": "s", "source": "lab"}]
    build.asked_for_revisions()
    return build.done()


def _steady(phase: str, trial: int, took_s: float) -> dict[str, Any]:
    return {"reached": True, "within_s": 60.0, "took_s": took_s, "missing": [], "phase": phase, "trial": trial}


def _tell(build: Builder, trial: int, story: Story, t0: float, cast: Cast, rng: random.Random, period_s: float) -> None:
    identity = PodIdentity(cast.name, cast.old_uid, cast.old, "node-1", cast.name, cast.name.rpartition("-")[2])
    build.fault(
        trial, identity, t0 - 0.004, t0, t0 + story.ends_s, parameters={"grace_s": None if story.grace_s else 0}
    )
    _events(build, story, t0, cast)
    begin_s, end_s = t0 - 1.0, t0 + story.ends_s
    _dns(build, story, t0, cast, begin_s, end_s, period_s, rng)
    _clients(build, story, t0, cast, begin_s, end_s, rng)


def _events(build: Builder, story: Story, t0: float, cast: Cast) -> None:
    name = cast.name
    build.event(t0 - 1.0, "Pod", pod(name, cast.old_uid, cast.old, ready=True), "ADDED", initial=True)
    for number, address in enumerate(cast.others, 8):
        build.event(t0 - 1.0, "Pod", pod(f"web-{number}", f"uid-{number}", address, ready=True), "ADDED", initial=True)
    build.event(t0 - 1.0, "EndpointSlice", endpoint_slice((cast.old_uid, cast.old, True)), "ADDED", initial=True)
    if story.grace_s:
        build.event(t0 + 0.001, "Pod", pod(name, cast.old_uid, cast.old, ready=True, grace_s=story.grace_s))
    build.event(t0 + story.endpoint_not_ready_s, "EndpointSlice", endpoint_slice((cast.old_uid, cast.old, False)))
    if story.old_failed_s is not None:
        build.event(
            t0 + story.old_failed_s, "Pod", pod(name, cast.old_uid, cast.old, phase="Failed", grace_s=story.grace_s)
        )
    build.event(t0 + story.old_gone_s, "Pod", pod(name, cast.old_uid, cast.old, phase="Failed", grace_s=0), "DELETED")
    build.event(t0 + story.created_s, "Pod", pod(name, cast.new_uid, node=""), "ADDED")
    build.event(t0 + story.scheduled_s, "Pod", pod(name, cast.new_uid))
    build.event(t0 + story.ready_s, "Pod", pod(name, cast.new_uid, cast.new, ready=True))
    build.event(t0 + story.endpoint_ready_s, "EndpointSlice", endpoint_slice((cast.new_uid, cast.new, True)))


def _dns(
    build: Builder,
    story: Story,
    t0: float,
    cast: Cast,
    begin_s: float,
    end_s: float,
    period_s: float,
    rng: random.Random,
) -> None:
    name = f"{cast.name}.web.{SUFFIX}"
    near = tuple(t0 + at_s for at_s in (0.0, story.dns_lost_s, story.dns_back_s))
    lag_s = {"coredns-a": 0.0, "coredns-b": 0.002}
    other = [f"web-8.web.{SUFFIX}", f"web-9.web.{SUFFIX}"]

    def srv(*pairs: tuple[str, str]) -> Outcome:
        every = [*pairs, *zip(other, cast.others, strict=True)]
        return Outcome(
            "NOERROR",
            values=tuple(sorted(n for n, _ in every)),
            additional=tuple(sorted(f"{n}={x}" for n, x in every)),
            ttl=30,
        )

    by_record = {
        f"A {cast.name}.web": (cast.name, a(cast.old), NXDOMAIN, a(cast.new)),
        "A web": ("", a(cast.old, *cast.others), a(*cast.others), a(cast.new, *cast.others)),
        "SRV web": ("", srv((name, cast.old)), srv(), srv((name, cast.new))),
        f"PTR {cast.old}": (cast.name, Outcome("NOERROR", values=(name,), ttl=30), NXDOMAIN, NXDOMAIN),
        f"PTR {cast.new}": (cast.name, NXDOMAIN, NXDOMAIN, Outcome("NOERROR", values=(name,), ttl=30)),
    }
    for record, (about, old, gone, new) in by_record.items():
        truths = {
            view: steps(old, (t0 + story.dns_lost_s + lag, gone), (t0 + story.dns_back_s + lag, new))
            for view, lag in lag_s.items()
        }

        def balanced(at_s: float, truths: dict[str, Truth] = truths) -> Outcome:
            return truths[rng.choice(("coredns-a", "coredns-b"))](at_s)

        for view in ("coredns-a", "coredns-b", "service"):
            reverse = record.startswith("PTR")
            series = build.series(
                "dns", record, view, about, record.partition(" ")[2], period_s * (10 if reverse else 1)
            )
            starts_s = t0 + story.ready_s if record == f"PTR {cast.new}" else begin_s
            build.sample(series, starts_s, end_s, truths.get(view, balanced), rng=rng, near=near)


def _clients(
    build: Builder, story: Story, t0: float, cast: Cast, begin_s: float, end_s: float, rng: random.Random
) -> None:
    who = (cast.name,)
    record = f"{cast.name}.web:80"

    def ok(address: str, phase: str = "response") -> Outcome:
        return Outcome("OK", phase, who, address=address)

    unresolved = Outcome("NXDOMAIN", "resolve", ttl=30)
    lost_s, back_s = t0 + story.dns_lost_s + 0.001, t0 + story.dns_back_s + 0.001
    stops_s, ready_s = t0 + story.old_stops_s, t0 + story.ready_s
    for probe in ("tcp", "http"):
        phase = "connect" if probe == "tcp" else "response"
        truth = steps(ok(cast.old, phase), (lost_s, unresolved), (back_s, ok(cast.new, phase)))
        build.sample(build.series(probe, record, "service", cast.name, record, 0.1), begin_s, end_s, truth, rng=rng)
    vip = f"10.96.0.{cast.name[-1]}"
    refused = Outcome("ECONNREFUSED", "connect", address=vip)
    clusterip = steps(ok(vip), (min(stops_s, back_s), refused), (back_s, ok(vip)))
    build.sample(build.series("clusterip", f"{vip}:80", "", cast.name, vip, 0.1), begin_s, end_s, clusterip, rng=rng)
    down = Outcome("ECONNREFUSED", "connect", address=cast.old)
    silent = Outcome("TIMEOUT", "connect", address=cast.old)
    old = steps(ok(cast.old), (stops_s, down), (max(stops_s, t0 + story.old_gone_s), silent))
    build.sample(build.series("address", f"{cast.old}:80", "", cast.name, cast.old, 0.1), begin_s, end_s, old, rng=rng)
    new = build.series("address", f"{cast.new}:80", "", cast.name, cast.new, 0.1)
    build.sample(new, ready_s, end_s, steps(ok(cast.new)), rng=rng)
    eof = Outcome("EOF", "idle", address=cast.old)
    stream = steps(
        ok(cast.old), (stops_s, eof), (stops_s + 0.5, unresolved), (max(back_s, stops_s + 0.5), ok(cast.new))
    )
    build.sample(build.series("stream", record, "service", cast.name, record, 0.5), begin_s, end_s, stream, rng=rng)
