"""Did every fault do what it was meant to do? Without that, nothing else can be judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chaos.analysis.claims import Finding, checker, holds, need, unsure
from chaos.analysis.reading import Reading
from chaos.analysis.trials import no_effect, not_replaced, trials
from chaos.analysis.units import out_of
from chaos.model import FaultWindow


@checker("events.jsonl", "run.json faults", "report.md stages")
def fault_took_effect(reading: Reading) -> Iterator[Finding]:
    """`ok` where each fault was accepted and the watch showed what it did to each of its pods; else `unknown`.

    Of a fault that replaces its pods that is the beginning of their deletion, of another one any change of theirs, or
    that a service no longer has them behind it.
    """
    need(reading.faults, "no fault was injected")
    for fault in (f for f in reading.faults if f.accepted_ns is None):
        detail = f" ({fault.detail})" if fault.detail else ""
        yield unsure(f"trial {fault.trial}: {fault.fault} was {fault.outcome}{detail}")
    for fault in (f for f in reading.faults if f.accepted_ns is not None and f.replaces and not f.targets):
        yield unsure(f"trial {fault.trial}: {fault.fault} names no pod that it replaces")
    found = trials(reading)
    yield from (unsure(f"trial {t.number}: {reason}") for t in found if (reason := no_effect(t)))
    others = [f for f in reading.faults if f.accepted_ns is not None and not f.replaces]
    for fault in others:
        for target in fault.targets:
            if not _changed(reading, fault, target.name) and not _left_out(reading, fault, target.uid):
                yield unsure(f"trial {fault.trial}: no event of {target.name} was seen after {fault.fault}")
    number = out_of(len(reading.faults), len(reading.faults), "fault")
    said = []
    if found:
        replaced = sum(not not_replaced(t) for t in found)
        said.append("The watch saw the deletion of each target begin.")
        ready = out_of(replaced, len(found), "target")
        said.append(f"{ready} had a Ready successor with a new UID by the end of the trial.")
    if others:
        verb = "replaces" if len(others) == 1 else "replace"
        said.append(f"The API server accepted {', '.join(_injected(others))}, which {verb} no pod.")
    yield holds(f"{number} took effect. {' '.join(said)}")


def _changed(reading: Reading, fault: FaultWindow, pod: str) -> bool:
    return any(e.kind == "Pod" and e.name == pod and fault.holds(e.at_ns) for e in reading.events)


def _left_out(reading: Reading, fault: FaultWindow, uid: str) -> bool:
    """Whether an EndpointSlice that had a pod when the fault was sent was seen without it in the fault's time."""
    had: set[str] = set()
    for event in (e for e in reading.events if e.kind == "EndpointSlice"):
        endpoints = () if event.type == "DELETED" else event.object.get("endpoints") or ()
        has = any((endpoint.get("targetRef") or {}).get("uid") == uid for endpoint in endpoints)
        if event.at_ns < fault.sent_ns:
            had = had | {event.name} if has else had - {event.name}
        elif event.name in had and not has and fault.holds(event.at_ns):
            return True
    return False


def _injected(faults: Iterable[FaultWindow]) -> Iterable[str]:
    """What was done to whom, each once."""
    return dict.fromkeys(fault.label for fault in faults)
