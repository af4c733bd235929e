"""What somebody else did to the target, its services or its namespace while the run measured them.

The run writes down each change that it asks for (the mark `WROTE`). A change that the watches saw and that none of
these explains was made by somebody else. What a fault, or a change of the run, made a controller do is the run's own:
the pods that it deletes where the run had changed their owner or their node. A controller's statuses are no change at
all, nor is an autoscaler that adds pods; one that takes pods away is.

Histories from before runs wrote that down have no such mark, and nothing is concluded from them here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from chaos.analysis.claims import UNJUDGED
from chaos.analysis.reading import Reading, once
from chaos.analysis.units import count, seconds
from chaos.analysis.volume_claims import CLAIM
from chaos.model import ClusterEvent, Verdict, VerdictOutcome

WROTE = "wrote"
_RUN_LABEL = "chaos-identity.io/run"
_CONTROLLERS = "kube-controller-manager"
_STATUS = "(status)"
# Of a namespace: those that decide whether the run may go on there, and whether its pods may be made.
_DECIDING_LABELS = ("chaos-identity.io/allowed", "pod-security.kubernetes.io/enforce")
_SHOWN = 3
_NS_PER_S = 1_000_000_000
# Checkers whose evidence ends with the last trial; all others may use what came later.
_END_WITH_TRIALS = frozenset({"fault-took-effect", "steady-state", "identity-kept", "recovered-within"})


@dataclass(frozen=True, slots=True)
class Foreign:
    """One change that the run did not make.

    Attributes:
        at_ns: when the watch showed it: it was made before.
        what: who did what to which object, as a clause.
    """

    at_ns: int
    what: str


@dataclass(slots=True)
class _Own:
    """What the run itself wrote, of one object or of all objects of a kind.

    Attributes:
        generations: of specs, that it made.
        versions: resourceVersions that it made where the answer had no generation (a Service, a Scale).
        unanswered_ns: when requests left that may have been carried out, of which no answer came.
    """

    generations: set[int] = field(default_factory=set)
    versions: list[int] = field(default_factory=list)
    unanswered_ns: list[int] = field(default_factory=list)

    def explains(self, before: ClusterEvent, after: ClusterEvent) -> bool:
        """Whether a change of the run lies between two states of an object."""
        if any(sent_ns <= after.at_ns for sent_ns in self.unanswered_ns):
            return True
        return any(_version(before) < version <= _version(after) for version in self.versions)


class _Wrote:
    """The run's own changes, by object."""

    def __init__(self, reading: Reading) -> None:
        self.rows = [(at_ns, details) for at_ns, what, details in reading.marks if what == WROTE]
        self.created = {d["uid"] for _, d in self.rows if d["verb"] == "create" and d["uid"]}
        self.deleted: dict[str, int] = {}  # UIDs, with when the first request left
        for _, d in self.rows:
            if d["verb"] in ("delete", "evict") and d["uid"]:
                self.deleted[d["uid"]] = min(d["sent_ns"], self.deleted.get(d["uid"], d["sent_ns"]))

    def ended(self, event: ClusterEvent) -> bool:
        """Whether the run had asked for the deletion of that very object by then."""
        return self.deleted.get(event.uid, event.at_ns + 1) <= event.at_ns

    def to(self, kind: str, name: str) -> _Own:
        own = _Own()
        for _, details in self.rows:
            if (details["kind"], details["name"]) != (kind, name):
                continue
            if not details["answered"]:
                own.unanswered_ns.append(details["sent_ns"])
            elif details["generation"]:
                own.generations.add(details["generation"])
            elif details["version"]:
                own.versions.append(_number(details["version"]))
        return own

    def sent(self, kinds: tuple[str, ...], name: str, before_ns: int, verbs: tuple[str, ...] = ()) -> bool:
        """Whether the run had asked for a change of such an object by then; of any of that kind where none is named."""
        return any(
            d["kind"] in kinds
            and name in ("", d["name"])
            and d["sent_ns"] <= before_ns
            and (not verbs or d["verb"] in verbs)
            for _, d in self.rows
        )


@once
def foreign_changes(reading: Reading) -> list[Foreign]:
    """All of them, in the order in which they were seen."""
    wrote = _Wrote(reading)
    if not wrote.rows:
        return []
    found = [
        *_of_statefulsets(reading, wrote),
        *_of_services(reading, wrote),
        *_of_pods(reading, wrote),
        *_of_claims(reading, wrote),
        *_of_namespace(reading),
    ]
    return sorted(found, key=lambda change: change.at_ns)


def judged_alone(reading: Reading, verdict: Verdict) -> Verdict:
    """The verdict; `unknown`, with who changed what, where somebody else changed the target in the time it judges."""
    until_ns = _judged_until_ns(reading, verdict.checker)
    mine = [change for change in foreign_changes(reading) if until_ns is None or change.at_ns <= until_ns]
    if not mine:
        return verdict
    besides = f" Besides: {verdict.text.removeprefix(UNJUDGED)}" if verdict.outcome is VerdictOutcome.UNKNOWN else ""
    text = f"{UNJUDGED}{told(reading, mine)}.{besides}"
    return replace(verdict, outcome=VerdictOutcome.UNKNOWN, text=text, evidence=("events.jsonl",))


def not_alone(reading: Reading) -> str:
    """The same for sentences about the run as a whole: who changed what; empty where nobody else did."""
    found = foreign_changes(reading)
    return told(reading, found) if found else ""


def told(reading: Reading, changes: list[Foreign]) -> str:
    """Who changed what and when, as half a sentence."""
    shown = "; ".join(f"{change.what} ({_when(reading, change.at_ns)})" for change in changes[:_SHOWN])
    more = f"; and {count(len(changes) - _SHOWN)} more" if len(changes) > _SHOWN else ""
    return f"what was measured was changed by somebody else: {shown}{more}"


def _when(reading: Reading, at_ns: int) -> str:
    text = f"seen at {reading.wall_text(at_ns)}"
    under = [f for f in reading.faults if f.accepted_ns is not None and f.holds(at_ns)]
    if under and under[-1].accepted_ns is not None:
        text += f", {seconds(max(0, at_ns - under[-1].accepted_ns))} into trial {under[-1].trial}"
    return text


def _judged_until_ns(reading: Reading, checker: str) -> int | None:
    """The end of what a checker looks at; None: all there is."""
    ends = [fault.ended_ns for fault in reading.faults]
    if checker not in _END_WITH_TRIALS or not ends or None in ends:
        return None
    return max(end for end in ends if end is not None)


def _of_statefulsets(reading: Reading, wrote: _Wrote) -> Iterator[Foreign]:
    target = str(reading.meta.target.get("statefulset", ""))
    for name, events in _by_name(reading, "StatefulSet").items():
        own = wrote.to("StatefulSet", name)
        before: ClusterEvent | None = None
        for event in (e for e in events if e.name == target or e.uid in wrote.created):
            what = f"StatefulSet {name}"
            if before is None or before.type == "DELETED" or before.uid != event.uid:
                yield from _appeared(event, what, before, wrote, own)
            elif event.type == "DELETED":
                yield from _deleted(event, what, wrote, own)
            else:
                yield from _of_spec(before, event, own)
            before = event


def _appeared(
    event: ClusterEvent, what: str, before: ClusterEvent | None, wrote: _Wrote, own: _Own
) -> Iterator[Foreign]:
    if event.initial or event.uid in wrote.created or any(sent <= event.at_ns for sent in own.unanswered_ns):
        return
    again = ", another of its name" if before is not None else ""
    yield Foreign(event.at_ns, f"{_who(event)} created {what}{again}")


def _deleted(event: ClusterEvent, what: str, wrote: _Wrote, own: _Own) -> Iterator[Foreign]:
    asked = wrote.sent((event.kind,), event.name, event.at_ns, ("delete",))
    if wrote.ended(event) or asked or any(sent <= event.at_ns for sent in own.unanswered_ns):
        return
    yield Foreign(event.at_ns, f"somebody deleted {what}")


def _of_spec(before: ClusterEvent, after: ClusterEvent, own: _Own) -> Iterator[Foreign]:
    """The generation counts changes of the spec, also those that were not shown one by one."""
    old, new = _generation(before), _generation(after)
    strange = set(range(old + 1, new + 1)) - own.generations
    if not strange or (len(strange) == 1 and own.explains(before, after)):
        return
    replicas = [str((e.object.get("spec") or {}).get("replicas", "?")) for e in (before, after)]
    fewer = replicas[0].isdigit() and replicas[1].isdigit() and int(replicas[1]) < int(replicas[0])
    if _by_controllers(after) and not fewer:
        return  # an autoscaler that adds pods takes none of those that are measured away
    if replicas[0] != replicas[1]:
        yield Foreign(after.at_ns, f"{_who(after)} scaled StatefulSet {after.name} from {' to '.join(replicas)}")
    elif not after.object["metadata"].get("deletionTimestamp") or before.object["metadata"].get("deletionTimestamp"):
        fields = _differences(before, after)
        yield Foreign(after.at_ns, f"{_who(after)} changed {fields} of StatefulSet {after.name}")
    elif not own.explains(before, after):
        yield Foreign(after.at_ns, f"somebody began to delete StatefulSet {after.name}")


def _of_services(reading: Reading, wrote: _Wrote) -> Iterator[Foreign]:
    target = str(reading.meta.target.get("service", ""))
    for name, events in _by_name(reading, "Service").items():
        own = wrote.to("Service", name)
        before: ClusterEvent | None = None
        for event in (e for e in events if e.name == target or e.uid in wrote.created):
            what = f"Service {name}"
            if before is None or before.type == "DELETED" or before.uid != event.uid:
                yield from _appeared(event, what, before, wrote, own)
            elif event.type == "DELETED":
                yield from _deleted(event, what, wrote, own)
            elif _spec(before) != _spec(event) and not own.explains(before, event) and not _by_controllers(event):
                yield Foreign(event.at_ns, f"{_who(event)} changed {_differences(before, event)} of {what}")
            before = event


def _of_pods(reading: Reading, wrote: _Wrote) -> Iterator[Foreign]:
    """Deletions of the target's pods, or of others that the run made, which nothing of the run explains."""
    target = str(reading.meta.target.get("statefulset", ""))
    replicas: dict[str, int] = {}
    gone_sets: set[str] = set()
    ending: set[str] = set()
    for event in reading.events:
        if event.kind == "StatefulSet":
            spec = _spec(event)
            replicas[event.name] = (spec.get("ordinals") or {}).get("start", 0) + spec.get("replicas", 1)
            (gone_sets.add if event.type == "DELETED" else gone_sets.discard)(event.name)
        if event.kind != "Pod" or event.uid in ending or not _is_ending(event):
            continue
        ending.add(event.uid)
        kind, owner = _owner(event)
        ours = event.uid in wrote.created or _RUN_LABEL in (event.object["metadata"].get("labels") or {})
        if not (kind == "StatefulSet" and owner == target) and not (ours and kind in ("StatefulSet", "ReplicaSet", "")):
            continue
        if _explained(reading, wrote, event, kind, owner):
            continue
        ordinal = event.name.rpartition("-")[2]
        if kind == "StatefulSet" and (
            owner in gone_sets or (ordinal.isdigit() and int(ordinal) >= replicas.get(owner, int(ordinal) + 1))
        ):
            continue  # what was done to the StatefulSet is told; this only follows from it
        yield Foreign(event.at_ns, f"somebody deleted Pod {event.name}{_disruption(event)}")


def _of_claims(reading: Reading, wrote: _Wrote) -> Iterator[Foreign]:
    """Deletions of the claims of the pods that faults hit, and of others that the run made."""
    used = {claim for fault in reading.faults for pod in fault.targets for claim in pod.claims}
    ending: set[str] = set()
    for event in reading.events:
        if event.kind != CLAIM or event.uid in ending or not _is_ending(event):
            continue
        ending.add(event.uid)
        if event.name not in used and _RUN_LABEL not in (event.object["metadata"].get("labels") or {}):
            continue
        # A StatefulSet may be told to take its claims along (persistentVolumeClaimRetentionPolicy).
        by_controller = wrote.sent(("StatefulSet",), "", event.at_ns, ("patch", "delete"))
        if not by_controller:
            yield from _deleted(event, f"{CLAIM} {event.name}", wrote, wrote.to(CLAIM, event.name))


def _is_ending(event: ClusterEvent) -> bool:
    return event.type == "DELETED" or "deletionTimestamp" in event.object["metadata"]


def _explained(reading: Reading, wrote: _Wrote, event: ClusterEvent, kind: str, owner: str) -> bool:
    """Whether the run, or what it made a controller do, ended the pod; or the pod had ended by itself."""
    by_fault = any(
        fault.replaces and fault.outcome != "refused" and fault.sent_ns <= event.at_ns
        for fault in reading.faults
        if any(pod.uid == event.uid for pod in fault.targets)
    )
    perhaps = any(sent_ns <= event.at_ns for sent_ns in wrote.to("Pod", event.name).unanswered_ns)
    ended = (event.object.get("status") or {}).get("phase") in ("Failed", "Succeeded")  # its controller makes another
    if wrote.ended(event) or by_fault or perhaps or ended:
        return True
    node = str(_spec(event).get("nodeName", ""))
    if node and wrote.sent(("Node",), node, event.at_ns):
        return True
    changed = ("patch", "delete")
    if kind == "StatefulSet":
        return wrote.sent(("StatefulSet",), owner, event.at_ns, changed)
    return kind == "ReplicaSet" and wrote.sent(("Deployment", "ReplicaSet"), "", event.at_ns, changed)


def _disruption(event: ClusterEvent) -> str:
    """Why, where the condition that Kubernetes sets for evictions says so."""
    for condition in (event.object.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            return f" ({condition.get('reason', 'DisruptionTarget')})"
    return ""


def _of_namespace(reading: Reading) -> Iterator[Foreign]:
    before: ClusterEvent | None = None
    for event in (e for e in reading.events if e.kind == "Namespace"):
        ending = _is_ending(event)
        if before is not None and ending and not _is_ending(before):
            yield Foreign(event.at_ns, f"somebody deleted Namespace {event.name}")
        elif before is not None and not ending and _deciding(before) != _deciding(event):
            yield Foreign(event.at_ns, f"{_who(event)} changed labels of Namespace {event.name}")
        before = event


def _deciding(event: ClusterEvent) -> dict[str, str]:
    labels = event.object["metadata"].get("labels") or {}
    return {key: labels[key] for key in _DECIDING_LABELS if key in labels}


def _who(event: ClusterEvent) -> str:
    """Who changed more than a status; nobody where managedFields do not tell."""
    return ", ".join(one for one in event.by.split(", ") if one and not one.endswith(_STATUS)) or "somebody"


def _by_controllers(event: ClusterEvent) -> bool:
    """Whether only the cluster's own controllers wrote it."""
    wrote = [one for one in event.by.split(", ") if one]
    return bool(wrote) and all(one.startswith(_CONTROLLERS) or one.endswith(_STATUS) for one in wrote)


def _by_name(reading: Reading, kind: str) -> dict[str, list[ClusterEvent]]:
    found: dict[str, list[ClusterEvent]] = {}
    for event in reading.events:
        if event.kind == kind:
            found.setdefault(event.name, []).append(event)
    return found


def _differences(before: ClusterEvent, after: ClusterEvent) -> str:
    """The fields of the spec that differ."""
    old, new = _spec(before), _spec(after)
    fields = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return ", ".join(fields) or "the spec"


def _spec(event: ClusterEvent) -> dict[str, Any]:
    return event.object.get("spec") or {}


def _owner(event: ClusterEvent) -> tuple[str, str]:
    """Kind and name of its controller; empty where it has none."""
    for owner in event.object["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return str(owner["kind"]), str(owner["name"])
    return "", ""


def _generation(event: ClusterEvent) -> int:
    return int(event.object["metadata"].get("generation", 0))


def _version(event: ClusterEvent) -> int:
    return _number(str(event.object["metadata"].get("resourceVersion", "")))


def _number(version: str) -> int:
    """A resourceVersion is a number that grows (since Kubernetes 1.35 that is promised)."""
    return int(version) if version.isdigit() else 0
