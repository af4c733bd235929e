"""What the watches saw of one pod's replacement.

All instants are arrivals of watch events on the run's clock: upper bounds, since the change itself was earlier. From
below a change is bounded by what a list had shown by then (`Reading.not_before_ns`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chaos.analysis.gaps import gap_at
from chaos.analysis.reading import Reading
from chaos.model import ClusterEvent, FaultWindow, PodIdentity, WatchGap
from chaos.model.fault import ipv6_of

_SERVICE_LABEL = "kubernetes.io/service-name"


@dataclass(slots=True)
class Replacement:
    """The old pod's end and the new pod's start. An instant is None where no event showed it.

    Attributes:
        watched: whether any event of a pod of that name arrived at all.
        terminating: whether the old pod was seen with a deletionTimestamp, or gone.
        already: whether it was seen so before the fault, and no earlier fault of the run had hit it.
        deleted_ns: when it was first seen so, since the fault's request left; None where it was seen so before that.
        old_pod: the old pod object as last seen.
        old_ended_first: the watch showed every container of the old pod terminated before it showed the object gone.
            A new pod of the same name can only be created afterwards, so the two cannot have served at once.
        grace_s: the grace period in force, as the API server first showed it; None where it showed none.
        new_pod: the pod object that replaced it, as last seen in the trial; None where there was none.
        new_gone: whether it was gone again at the trial's end.
        not_before_ns: for each of these instants by its name (``created_ns``), when a list was asked for that still
            showed the state before it.
        others: addresses of all pods that the watch showed up to the trial's end, but for successors of this one.
        moved: whether a pod of another name was seen with the old address after the fault: then an answer with it may
            be about that one.
        gaps: of the watches of pods, endpoints and claims, that reach into the trial.
        blind: whether the trial ended in a gap of the watch of pods: then nothing follows from what was not seen.
        hidden: whether pods may have come and gone in the trial without being shown.
    """

    watched: bool = False
    terminating: bool = False
    already: bool = False
    deleted_ns: int | None = None
    old_pod: dict[str, Any] | None = None
    old_ended_first: bool = False
    old_gone_ns: int | None = None
    grace_s: int | None = None
    endpoint_not_ready_ns: int | None = None
    new_pod: dict[str, Any] | None = None
    new_gone: bool = False
    new_uid: str = ""
    new_address: str = ""
    new_ipv6: str = ""
    created_ns: int | None = None
    scheduled_ns: int | None = None
    addressed_ns: int | None = None
    ready_ns: int | None = None
    endpoint_ready_ns: int | None = None
    not_before_ns: dict[str, int] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    moved: bool = False
    gaps: tuple[WatchGap, ...] = ()
    blind: bool = False
    hidden: bool = False

    def after_ns(self, instant: str) -> int:
        """An instant after which one of these happened, by its name; 0 where nothing bounds it.

        What was read after a gap may have changed since, so its resourceVersion may be a later one: that happened since
        the gap began.
        """
        seen_ns: int | None = getattr(self, instant)
        if seen_ns is None:
            return 0
        gap = self.gap_of(instant)
        return min(seen_ns, self.not_before_ns.get(instant, 0) if gap is None else gap.from_ns)

    def gap_of(self, instant: str) -> WatchGap | None:
        """The gap in which one of these was seen, by its name."""
        seen_ns: int | None = getattr(self, instant)
        kind = "EndpointSlice" if instant.startswith("endpoint") else "Pod"
        return None if seen_ns is None else gap_at(self.gaps, kind, seen_ns)


def replacement(reading: Reading, fault: FaultWindow, target: PodIdentity, end_ns: int) -> Replacement:
    """The replacement of one target in one trial, as seen up to `end_ns`.

    Of several new pods (one may have failed at once) the last that became Ready counts; without any, the last one.
    """
    life = Replacement()
    mine = [e for e in reading.events if e.kind == "Pod" and e.name == target.name and e.at_ns <= end_ns]
    life.watched = bool(mine)
    _old_pod(reading, life, [e for e in mine if e.uid == target.uid], fault.sent_ns)
    if any(f.sent_ns < fault.sent_ns and target.uid in {t.uid for t in f.targets} for f in reading.faults):
        life.already = False
    _new_pod(reading, life, [e for e in mine if e.uid != target.uid and e.at_ns >= fault.sent_ns])
    slices = [e for e in reading.events if e.kind == "EndpointSlice" and e.at_ns <= end_ns and _of_service(reading, e)]
    _endpoints(reading, life, slices, target.uid, fault.sent_ns)
    life.others = frozenset(
        str(address)
        for e in reading.events
        if e.kind == "Pod" and e.at_ns <= end_ns and (e.name != target.name or e.uid == target.uid)
        for address in _addresses(e)
    )
    life.moved = any(
        e.kind == "Pod" and e.name != target.name and fault.sent_ns <= e.at_ns <= end_ns and _has(e, target)
        for e in reading.events
    )
    kinds = ("Pod", "EndpointSlice", "PersistentVolumeClaim")
    life.gaps = tuple(g for g in reading.gaps if g.kind in kinds and g.holds(fault.sent_ns, end_ns))
    life.blind = gap_at(life.gaps, "Pod", end_ns) is not None
    life.hidden = any(gap.kind == "Pod" and not gap.lossless for gap in life.gaps)
    return life


def pod_state(pod: dict[str, Any]) -> str:
    """`terminating`, `ready`, `running`, `pending` or the phase otherwise, as a reader would call it."""
    status = pod.get("status", {})
    phase = str(status.get("phase", "Pending"))
    if phase in {"Failed", "Succeeded"}:
        return "ended"
    if pod.get("metadata", {}).get("deletionTimestamp"):
        return "terminating"
    if _ready(pod):
        return "ready"
    return phase.lower()


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _ended(pod: dict[str, Any]) -> bool:
    status = pod.get("status", {})
    containers = status.get("containerStatuses") or []
    if containers:
        return all("terminated" in (c.get("state") or {}) for c in containers)
    return status.get("phase") in {"Failed", "Succeeded"}


def _seen(reading: Reading, life: Replacement, instant: str, event: ClusterEvent | None) -> None:
    """Keep when an event came, and what bounds its change from below."""
    if event is not None:
        setattr(life, instant, event.at_ns)
        life.not_before_ns[instant] = reading.not_before_ns(event)


def _old_pod(reading: Reading, life: Replacement, events: list[ClusterEvent], sent_ns: int) -> None:
    ended = False
    for event in events:
        if event.type == "DELETED" or "deletionTimestamp" in event.object.get("metadata", {}):
            life.already = life.already or event.at_ns < sent_ns
            if not life.terminating and event.at_ns >= sent_ns:
                _seen(reading, life, "deleted_ns", event)
            life.terminating = True
        if event.type == "DELETED":
            if event.at_ns >= sent_ns and life.old_gone_ns is None:
                _seen(reading, life, "old_gone_ns", event)
                life.old_ended_first = ended
            continue
        life.old_pod = event.object
        if life.grace_s is None:
            life.grace_s = event.object.get("metadata", {}).get("deletionGracePeriodSeconds")
        # As it was last seen: a container that ended may have been started again, until its pod was to be deleted.
        ended = _ended(event.object) and "deletionTimestamp" in event.object.get("metadata", {})


def _new_pod(reading: Reading, life: Replacement, events: list[ClusterEvent]) -> None:
    by_uid: dict[str, list[ClusterEvent]] = {}
    for event in events:
        by_uid.setdefault(event.uid, []).append(event)
    if not by_uid:
        return
    ready = [uid for uid, seen in by_uid.items() if any(e.type != "DELETED" and _ready(e.object) for e in seen)]
    life.new_uid = (ready or list(by_uid))[-1]
    seen = [e for e in by_uid[life.new_uid] if e.type != "DELETED"]
    life.new_gone = by_uid[life.new_uid][-1].type == "DELETED"
    if not seen:
        return
    life.new_pod = seen[-1].object
    _seen(reading, life, "created_ns", seen[0])
    _seen(reading, life, "scheduled_ns", _first(seen, lambda pod: bool(pod.get("spec", {}).get("nodeName"))))
    _seen(reading, life, "addressed_ns", _first(seen, lambda pod: bool(pod.get("status", {}).get("podIP"))))
    _seen(reading, life, "ready_ns", _first(seen, _ready))
    if life.ready_ns is not None:
        addresses = [e.object.get("status", {}).get("podIP") for e in seen if _ready(e.object)]
        life.new_address = str(addresses[-1] or "")
        life.new_ipv6 = [ipv6_of(e.object.get("status", {})) for e in seen if _ready(e.object)][-1]
    if life.old_gone_ns is None:
        # A gap may have hidden the deletion; the name was free once its successor existed.
        life.old_gone_ns = life.created_ns


def _addresses(event: ClusterEvent) -> list[str]:
    """Of a pod, of each family."""
    status = event.object.get("status") or {}
    return [str(ip) for ip in (status.get("podIP"), ipv6_of(status)) if ip]


def _has(event: ClusterEvent, target: PodIdentity) -> bool:
    """Whether an address of the target is a pod's; one that ended keeps it in its status while another one has it."""
    status = event.object.get("status") or {}
    held = {target.address, target.ipv6} & set(_addresses(event))
    return bool(held) and status.get("phase") not in {"Failed", "Succeeded"}


def _first(events: Iterable[ClusterEvent], holds: Any) -> ClusterEvent | None:
    return next((e for e in events if holds(e.object)), None)


def _of_service(reading: Reading, event: ClusterEvent) -> bool:
    """Whether a slice is of the target's service, with IPv4 addresses: those of the other family come beside it."""
    if event.object.get("addressType") == "IPv6":
        return False
    service = reading.meta.target.get("service")
    label = (event.object.get("metadata", {}).get("labels") or {}).get(_SERVICE_LABEL)
    return not service or label in (None, service)


def _endpoints(reading: Reading, life: Replacement, slices: list[ClusterEvent], old_uid: str, sent_ns: int) -> None:
    held_old: set[str] = set()
    for event in slices:
        endpoints = [] if event.type == "DELETED" else event.object.get("endpoints") or []
        ready = {e["targetRef"]["uid"]: _endpoint_ready(e) for e in endpoints if (e.get("targetRef") or {}).get("uid")}
        if ready.get(old_uid):
            held_old.add(event.name)
        elif event.name in held_old and event.at_ns >= sent_ns and life.endpoint_not_ready_ns is None:
            _seen(reading, life, "endpoint_not_ready_ns", event)
        if life.new_uid and ready.get(life.new_uid) and life.endpoint_ready_ns is None:
            _seen(reading, life, "endpoint_ready_ns", event)


def _endpoint_ready(endpoint: dict[str, Any]) -> bool:
    # The API says: a missing condition means ready.
    return (endpoint.get("conditions") or {}).get("ready") is not False
