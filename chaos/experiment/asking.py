"""What many methods ask in the same way; each writes down what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from chaos.analysis.claims import Finding, against, unsure
from chaos.analysis.records import SERVICE_VIEW
from chaos.experiment.common_notes import Answered, Asked
from chaos.experiment.run import Run
from chaos.model import Outcome

_A = TypeVar("_A", bound=Asked)
_W = TypeVar("_W", bound=Answered)
_TRIES = 3


async def resolve_surely(run: Run, name: str, rtype: str = "A", view: str = SERVICE_VIEW) -> Outcome:
    """`Run.resolve`, again where nobody answered: one lost packet says nothing."""
    for _ in range(_TRIES):
        outcome = await run.resolve(name, rtype, view)
        if outcome.says_something:
            break
    return outcome


async def ask(
    run: Run, kind: type[_A], name: str, rtype: str = "A", *, views: Sequence[str] | None = None, **details: Any
) -> list[Outcome]:
    """Ask for a name at each view, again where nobody answered; one note of that kind for each view's answer.

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
        outcome = await resolve_surely(run, name, rtype, view)
        asked = f"{rtype} {name}"
        run.note(kind(asked, view, outcome.status, outcome.values, outcome.ttl, **details))
        found.append(outcome)
    return found


def reverse_name(address: str) -> str:
    """The name under which an IPv4 address is looked up."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa."


def wrong_answers(asked: Iterable[_A], right: Callable[[_A], bool]) -> Iterator[Finding]:
    """The answers that are not right; one that says nothing leaves it unknown whether it would be."""
    for one in asked:
        clause = f"{one.asked} at {one.view} is {one.told()}"
        if not one.says_something:
            yield unsure(clause)
        elif not right(one):
            yield against(clause)


async def who_answers(
    run: Run, kind: type[_W], name: str, port: int, count: int, *, period_s: float = 0.02, **details: Any
) -> Counter[str]:
    """Ask over HTTP who is there, so many times, each over a connection of its own; one note with the counts.

    Returns:
        Pod name → how often it answered; failures by their status and phase.
    """
    return note_answers(run, kind, name, await run.sample("http", name, port, count, period_s=period_s), **details)


def note_answers(run: Run, kind: type[_W], name: str, outcomes: Sequence[Outcome], **details: Any) -> Counter[str]:
    """Write down who answered connections, whatever they spoke; see `who_answers`."""
    counts = tally(outcomes)
    run.note(kind(name, len(outcomes), dict(counts.most_common()), **details))
    return counts


def tally(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Connections by who answered them, or by how they failed, as in `Answered`."""
    return Counter((*o.values, "somebody unknown")[0] if o.status == "OK" else o.told for o in outcomes)
