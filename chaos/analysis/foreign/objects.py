"""StatefulSets, Services and namespaces that somebody else made, changed or deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chaos.analysis.foreign.change import Foreign
from chaos.analysis.foreign.states import by_controllers, differences, generation, is_ending, labels, spec, who
from chaos.analysis.foreign.wrote import OwnChanges, Wrote
from chaos.analysis.reading import Reading
from chaos.model import ClusterEvent

# Of a namespace: those that decide whether the run may go on there, and whether its pods may be made.
_DECIDING_LABELS = ("chaos-identity.io/allowed", "pod-security.kubernetes.io/enforce")
_Changed = Callable[[ClusterEvent, ClusterEvent, OwnChanges], Iterator[Foreign]]


def of_statefulsets(reading: Reading, wrote: Wrote) -> Iterator[Foreign]:
    """The target, and those that the run made."""
    return _of_kind(reading, wrote, "StatefulSet", _statefulset)


def of_services(reading: Reading, wrote: Wrote) -> Iterator[Foreign]:
    """The target's, and those that the run made."""
    return _of_kind(reading, wrote, "Service", _service)


def _of_kind(reading: Reading, wrote: Wrote, kind: str, changed: _Changed) -> Iterator[Foreign]:
    target = str(reading.meta.target.get(kind.lower(), ""))
    last: dict[str, ClusterEvent] = {}
    for event in (e for e in reading.events if e.kind == kind and (e.name == target or e.uid in wrote.created)):
        before, own, what = last.get(event.name), wrote.to(kind, event.name), f"{kind} {event.name}"
        last[event.name] = event
        if before is None or before.type == "DELETED" or before.uid != event.uid:
            if not event.initial and event.uid not in wrote.created and not own.perhaps(event.at_ns):
                again = ", another of its name" if before is not None else ""
                yield Foreign(event.at_ns, f"{who(event)} created {what}{again}")
        elif event.type == "DELETED":
            yield from deleted(event, wrote)
        else:
            yield from changed(before, event, own)


def deleted(event: ClusterEvent, wrote: Wrote) -> Iterator[Foreign]:
    """The end of an object, unless the run asked for it, by UID or by name."""
    if not wrote.ended(event) and not wrote.sent((event.kind,), event.name, event.at_ns, "delete"):
        yield Foreign(event.at_ns, f"somebody deleted {event.kind} {event.name}")


def _statefulset(before: ClusterEvent, after: ClusterEvent, own: OwnChanges) -> Iterator[Foreign]:
    """The generation counts changes of the spec, also those that were not shown one by one."""
    strange = set(range(generation(before) + 1, generation(after) + 1)) - own.generations
    if not strange or (len(strange) == 1 and own.explains(before, after)):
        return
    old, new = (str(spec(event).get("replicas", "?")) for event in (before, after))
    fewer = old.isdigit() and new.isdigit() and int(new) < int(old)
    if by_controllers(after) and not fewer:
        return  # an autoscaler that adds pods takes none of those that are measured away
    if old != new:
        yield Foreign(after.at_ns, f"{who(after)} scaled StatefulSet {after.name} from {old} to {new}")
    elif is_ending(before) or not is_ending(after):
        yield Foreign(after.at_ns, f"{who(after)} changed {differences(before, after)} of StatefulSet {after.name}")
    elif not own.explains(before, after):
        yield Foreign(after.at_ns, f"somebody began to delete StatefulSet {after.name}")


def _service(before: ClusterEvent, after: ClusterEvent, own: OwnChanges) -> Iterator[Foreign]:
    if spec(before) != spec(after) and not own.explains(before, after) and not by_controllers(after):
        yield Foreign(after.at_ns, f"{who(after)} changed {differences(before, after)} of Service {after.name}")


def of_namespace(reading: Reading) -> Iterator[Foreign]:
    """Its end, and other labels; the run changes neither."""
    before: ClusterEvent | None = None
    for event in (e for e in reading.events if e.kind == "Namespace"):
        if before is not None and is_ending(event) and not is_ending(before):
            yield Foreign(event.at_ns, f"somebody deleted Namespace {event.name}")
        elif before is not None and not is_ending(event) and _deciding(before) != _deciding(event):
            yield Foreign(event.at_ns, f"{who(event)} changed labels of Namespace {event.name}")
        before = event


def _deciding(event: ClusterEvent) -> list[str | None]:
    return [labels(event).get(key) for key in _DECIDING_LABELS]
