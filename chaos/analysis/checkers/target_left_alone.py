"""Did nobody else change the workload while it was measured?"""

from __future__ import annotations

from chaos.analysis.checkers.verdicts import combine
from chaos.analysis.units import seconds
from chaos.model import ClusterEvent, History, Verdict

NAME = "target-left-alone"
_KINDS = ("StatefulSet", "Service", "Pod")


def target_left_alone(history: History) -> Verdict:
    """`unknown` where the StatefulSet was changed, replaced or never seen: then the figures may be of that change."""
    name = history.meta.target.get("statefulset", "")
    seen = [e for e in history.events if e.kind == "StatefulSet" and e.name == name]
    unknowns = []
    if not seen:
        unknowns.append(f"no event of StatefulSet {name} was seen")
    else:
        first, last = seen[0], seen[-1]
        generations = _generation(first), _generation(last)
        if last.type == "DELETED":
            unknowns.append(f"StatefulSet {name} was deleted by somebody during the run")
        elif first.uid != last.uid:
            unknowns.append(f"StatefulSet {name} was replaced by another of its name during the run")
        elif generations[0] != generations[1]:
            unknowns.append(
                f"somebody changed the spec of StatefulSet {name} during the run (generation {generations[0]} became "
                f"{generations[1]})"
            )
    unknowns += [
        f"the watch of {gap.kind} was blind from {seconds(gap.from_ns)} to {seconds(gap.to_ns)}"
        for gap in history.gaps
        if gap.kind in _KINDS and not gap.lossless
    ]
    success = f"The spec of StatefulSet {name} was the same from the first of {len(seen)} events to the last."
    return combine(NAME, failures=(), unknowns=unknowns, success=success, evidence=("events.jsonl",))


def _generation(event: ClusterEvent) -> int:
    return int(event.object["metadata"].get("generation", 0))
