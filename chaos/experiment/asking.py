"""What many methods ask in the same way; each writes down what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

from chaos.experiment.common_notes import Answered, Asked
from chaos.experiment.run import Run
from chaos.model import Outcome

_A = TypeVar("_A", bound=Asked)
_W = TypeVar("_W", bound=Answered)


async def ask(
    run: Run, kind: type[_A] | str, name: str, rtype: str = "A", *, views: Sequence[str] | None = None, **details: Any
) -> list[Outcome]:
    """Ask for a name once at each view; one note of that kind for each answer.

    Args:
        run: under way.
        kind: of the notes.
        name: as in `Run.resolve`.
        rtype: of the records.
        views: some of the run's; None: all.
        details: what the kind has beside the answer, such as what was expected.
    """
    found = []
    for view in run.views if views is None else views:
        outcome = await run.resolve(name, rtype, view)
        said: dict[str, Any] = {"asked": f"{rtype} {name}", "view": view, "status": outcome.status}
        said |= {"values": outcome.values, "ttl": outcome.ttl, **details}
        if isinstance(kind, str):
            run.mark(kind, **said)
        else:
            run.note(kind(**said))
        found.append(outcome)
    return found


async def who_answers(
    run: Run, kind: type[_W] | str, name: str, port: int, count: int, *, period_s: float = 0.02, **details: Any
) -> Counter[str]:
    """Ask over HTTP who is there, so many times, each over a connection of its own; one note with the counts.

    Returns:
        Pod name → how often it answered; failures by their status and phase.
    """
    return note_answers(run, kind, name, await run.sample("http", name, port, count, period_s=period_s), **details)


def note_answers(
    run: Run, kind: type[_W] | str, name: str, outcomes: Sequence[Outcome], **details: Any
) -> Counter[str]:
    """Write down who answered connections, whatever they spoke; see `who_answers`."""
    counts = Counter(_who(outcome) for outcome in outcomes)
    said = {"asked": name, "connections": len(outcomes), "answered": dict(counts.most_common()), **details}
    if isinstance(kind, str):
        run.mark(kind, **said)
    else:
        run.note(kind(**said))
    return counts


def _who(outcome: Outcome) -> str:
    if outcome.status == "OK":
        return outcome.values[0] if outcome.values else "somebody unknown"
    return outcome.told
