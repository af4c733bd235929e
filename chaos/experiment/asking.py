"""What many methods ask in the same way; each writes down a fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from chaos.experiment.run import Run
from chaos.model import Outcome


async def ask(
    run: Run, kind: str, name: str, rtype: str = "A", *, views: Sequence[str] | None = None, **details: Any
) -> list[Outcome]:
    """Ask for a name once at each view; one fact of that kind for each answer.

    Args:
        run: under way.
        kind: of the facts.
        name: as in `Run.resolve`.
        rtype: of the records.
        views: some of the run's; None: all.
        details: written beside the answer, such as what was expected.
    """
    found = []
    for view in run.views if views is None else views:
        outcome = await run.resolve(name, rtype, view)
        run.mark(
            kind,
            asked=f"{rtype} {name}",
            view=view,
            status=outcome.status,
            values=list(outcome.values),
            ttl=outcome.ttl,
            **details,
        )
        found.append(outcome)
    return found


async def who_answers(
    run: Run, kind: str, name: str, port: int, count: int, *, period_s: float = 0.02, **details: Any
) -> Counter[str]:
    """Ask over HTTP who is there, so many times, each over a connection of its own; one fact with the counts.

    Returns:
        Pod name → how often it answered; failures by their status and phase.
    """
    outcomes = await run.sample("http", name, port, count, period_s=period_s)
    counts = Counter(_who(outcome) for outcome in outcomes)
    run.mark(kind, asked=name, connections=len(outcomes), answered=dict(counts.most_common()), **details)
    return counts


def _who(outcome: Outcome) -> str:
    if outcome.status == "OK":
        return outcome.values[0] if outcome.values else "somebody unknown"
    return f"{outcome.status} ({outcome.phase})"
