"""Did nobody else change the workload while it was measured?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.claims import Finding, checker, holds, unsure
from chaos.analysis.foreign.states import generation
from chaos.analysis.reading import Reading
from chaos.analysis.units import count, seconds

_KINDS = ("StatefulSet", "Service", "Pod")


@checker("events.jsonl")
def target_left_alone(reading: Reading) -> Iterator[Finding]:
    """`unknown` where the StatefulSet was changed, replaced or never seen: then the figures may be of that change."""
    name = reading.meta.target.get("statefulset", "")
    seen = [e for e in reading.events if e.kind == "StatefulSet" and e.name == name]
    if not seen:
        yield unsure(f"no event of StatefulSet {name} was seen")
        return
    first, last = seen[0], seen[-1]
    began_ns = min((fault.sent_ns for fault in reading.faults), default=first.at_ns)
    if first.at_ns > began_ns:
        yield unsure(f"StatefulSet {name} was first seen {seconds(first.at_ns - began_ns)} after the first fault")
    generations = generation(first), generation(last)
    if last.type == "DELETED":
        yield unsure(f"StatefulSet {name} was deleted by somebody during the run")
    elif first.uid != last.uid:
        yield unsure(f"StatefulSet {name} was replaced by another of its name during the run")
    elif generations[0] != generations[1]:
        yield unsure(
            f"somebody changed the spec of StatefulSet {name} during the run (generation {generations[0]} became "
            f"{generations[1]})"
        )
    for gap in (g for g in reading.gaps if g.kind in _KINDS and not g.lossless):
        yield unsure(f"the watch of {gap.kind} was blind from {seconds(gap.from_ns)} to {seconds(gap.to_ns)}")
    yield holds(
        f"The spec of StatefulSet {name} was the same from the first to the last of {count(len(seen), 'event')}."
    )
