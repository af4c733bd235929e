"""Pods and their claims that somebody else deleted."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.foreign.change import Foreign
from chaos.analysis.foreign.objects import deleted
from chaos.analysis.foreign.states import is_ending, is_the_runs, owner, spec
from chaos.analysis.foreign.wrote import Wrote
from chaos.analysis.reading import Reading
from chaos.analysis.volume_claims import CLAIM
from chaos.model import ClusterEvent

_CHANGES = ("patch", "delete")


def of_pods(reading: Reading, wrote: Wrote) -> Iterator[Foreign]:
    """The target's pods, and others that the run made, whose end nothing of the run explains."""
    target = str(reading.meta.target.get("statefulset", ""))
    for event in _ending(reading, "Pod"):
        kind, name = owner(event)
        ours = event.uid in wrote.created or is_the_runs(event)
        if (kind, name) != ("StatefulSet", target) and not (ours and kind in ("StatefulSet", "ReplicaSet", "")):
            continue
        if _by_the_run(reading, wrote, event) or (kind == "StatefulSet" and _not_wanted(reading, event, name)):
            continue
        yield Foreign(event.at_ns, f"somebody deleted Pod {event.name}{_disruption(event)}")


def of_claims(reading: Reading, wrote: Wrote) -> Iterator[Foreign]:
    """The claims of the pods that faults hit, and others that the run made."""
    used = {claim for fault in reading.faults for pod in fault.targets for claim in pod.claims}
    for event in _ending(reading, CLAIM):
        # A StatefulSet may be told to take its claims along (persistentVolumeClaimRetentionPolicy).
        by_controller = wrote.sent(("StatefulSet",), "", event.at_ns, *_CHANGES)
        if (event.name in used or is_the_runs(event)) and not by_controller:
            yield from deleted(event, wrote)


def _ending(reading: Reading, kind: str) -> Iterator[ClusterEvent]:
    """Of each object of a kind the first event that shows its end."""
    seen: set[str] = set()
    for event in reading.events:
        if event.kind == kind and event.uid not in seen and is_ending(event):
            seen.add(event.uid)
            yield event


def _by_the_run(reading: Reading, wrote: Wrote, event: ClusterEvent) -> bool:
    """Whether the run, or what it made a controller do, ended the pod; or the pod had ended by itself."""
    if (event.object.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return True  # its controller makes another
    faults = (f for f in reading.faults if f.replaces and f.outcome != "refused" and f.sent_ns <= event.at_ns)
    if wrote.ended(event) or any(pod.uid == event.uid for fault in faults for pod in fault.targets):
        return True
    node = str(spec(event).get("nodeName", ""))
    if node and wrote.sent(("Node",), node, event.at_ns):
        return True
    kind, name = owner(event)
    if kind == "StatefulSet":
        return wrote.sent(("StatefulSet",), name, event.at_ns, *_CHANGES)
    return kind == "ReplicaSet" and wrote.sent(("Deployment", "ReplicaSet"), "", event.at_ns, *_CHANGES)


def _not_wanted(reading: Reading, event: ClusterEvent, statefulset: str) -> bool:
    """Whether its StatefulSet was gone or smaller: what was done to that is told, and this only follows from it."""
    last: ClusterEvent | None = None
    for earlier in reading.events:
        if earlier is event:
            break
        if (earlier.kind, earlier.name) == ("StatefulSet", statefulset):
            last = earlier
    if last is None or last.type == "DELETED":
        return last is not None
    past = (spec(last).get("ordinals") or {}).get("start", 0) + spec(last).get("replicas", 1)
    ordinal = event.name.rpartition("-")[2]
    return ordinal.isdigit() and int(ordinal) >= past


def _disruption(event: ClusterEvent) -> str:
    """Why, where the condition that Kubernetes sets for evictions says so."""
    for condition in (event.object.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            return f" ({condition.get('reason', 'DisruptionTarget')})"
    return ""
