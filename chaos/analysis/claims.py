"""What a checker finds and an answer says, and how either ends where the run did not see what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from chaos.analysis.reading import Reading, once
from chaos.model import FaultWindow, Verdict, VerdictOutcome

_T = TypeVar("_T")
_P = ParamSpec("_P")
Checker = Callable[[Reading], Verdict]

# More than these are counted, not listed.
_SHOWN = 4
UNJUDGED = "Cannot be judged: "  # how every verdict that is unknown begins


class UnmeasuredError(Exception):
    """The run did not see what a claim rests on; its text says what is missing.

    A verdict becomes `unknown` by it, an answer ``This run cannot say: …``, a headline falls back.
    """


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a checker found.

    Attributes:
        outcome: `ok`: this holds; `fail`: this speaks against it; `unknown`: this could not be judged.
        sentence: of what holds, with a full stop; of the others a clause without one. It cites its figures.
    """

    outcome: VerdictOutcome
    sentence: str


def holds(sentence: str) -> Finding:
    """What was found right, as a sentence; the summary of a verdict that is `ok`."""
    return Finding(VerdictOutcome.OK, sentence)


def against(clause: str) -> Finding:
    """What was found wrong: the verdict is `fail`."""
    return Finding(VerdictOutcome.FAIL, clause)


def unsure(clause: str) -> Finding:
    """What could not be judged: the verdict is `unknown`, unless something was found wrong."""
    return Finding(VerdictOutcome.UNKNOWN, clause)


def against_if(heard: object, clause: str) -> Finding:
    """What looks wrong: it is where it was heard to be so; where nobody answered it is not known."""
    return against(clause) if heard else unsure(clause)


def or_unsure(found: Iterator[Finding], of: str = "") -> Iterator[Finding]:
    """What was found of one thing among several, as `of` calls it; what it needs and does not find ends only that."""
    try:
        yield from found
    except UnmeasuredError as exc:
        yield unsure(f"{of}: {exc}" if of else str(exc))


def checker(*evidence: str) -> Callable[[Callable[[Reading], Iterable[Finding]]], Checker]:
    """Make a checker of a function that yields what it finds; the checker's name is the function's, with dashes.

    Args:
        evidence: where in the run's folder it can be seen, such as ``events.jsonl``.
    """

    def made(find: Callable[[Reading], Iterable[Finding]]) -> Checker:
        name = find.__name__.replace("_", "-")

        @once
        @wraps(find)
        def judged(reading: Reading) -> Verdict:
            return verdict_of(name, _found(find, reading), faults=_accepted(reading), evidence=evidence)

        return judged

    return made


def _found(find: Callable[[Reading], Iterable[Finding]], reading: Reading) -> list[Finding]:
    """All findings, up to the one that needs what is not there."""
    found: list[Finding] = []
    yielded = find(reading)
    try:
        for one in yielded:
            if not isinstance(one, Finding) or not isinstance(one.sentence, str):
                at = yielding(yielded)
                found.append(
                    unsure(
                        f"the checker yields {one!r:.80}{at}, which is no finding: holds(…), against(…) or unsure(…)"
                    )
                )
                continue
            found.append(one)
    except UnmeasuredError as exc:
        found.append(unsure(str(exc)))
    return found


def yielding(yielded: object) -> str:
    """`` (FILE, line N)`` at which a generator, or the one that it yields from, has just yielded."""
    while (inner := getattr(yielded, "gi_yieldfrom", None)) is not None and hasattr(inner, "gi_frame"):
        yielded = inner
    frame = getattr(yielded, "gi_frame", None)
    return f" ({Path(frame.f_code.co_filename).name}, line {frame.f_lineno})" if frame is not None else ""


def defined_at(function: object) -> str:
    """`` (FILE, line N)`` at which a function is defined; empty where that is not known."""
    code = getattr(function, "__code__", None)
    return f" ({Path(code.co_filename).name}, line {code.co_firstlineno})" if code is not None else ""


def verdict_of(name: str, found: list[Finding], *, faults: int, evidence: tuple[str, ...]) -> Verdict:
    """`fail` with anything against it, else `unknown` with anything unsure or nothing at all, else `ok`."""
    failures = [one.sentence for one in found if one.outcome is VerdictOutcome.FAIL]
    unknowns = [one.sentence for one in found if one.outcome is VerdictOutcome.UNKNOWN]
    right = [one.sentence for one in found if one.outcome is VerdictOutcome.OK]
    if failures:
        return Verdict(name, VerdictOutcome.FAIL, listed(failures), evidence, faults)
    if unknowns or not right:
        nothing = "the checker yielded nothing in this run, neither holds(…) nor against(…) nor unsure(…)"
        text = UNJUDGED + listed(unknowns or [nothing])
        return Verdict(name, VerdictOutcome.UNKNOWN, text, evidence, faults)
    return Verdict(name, VerdictOutcome.OK, " ".join(right), evidence, faults)


def listed(reasons: list[str]) -> str:
    """The first few as one sentence."""
    rest = len(reasons) - _SHOWN
    return "; ".join(reasons[:_SHOWN]) + (f"; and {rest} more" if rest > 0 else "") + "."


def _accepted(reading: Reading) -> int:
    return sum(fault.accepted_ns is not None for fault in reading.faults)


# ---- what claims need; each raises UnmeasuredError ----


def held(reading: Reading, check: Checker) -> str:
    """The sentence of a verdict that is `ok`."""
    verdict = check(reading)
    if verdict.outcome is not VerdictOutcome.OK:
        raise UnmeasuredError(f"{verdict.checker} is {verdict.outcome}: {verdict.text.rstrip('.')}")
    return verdict.text


def known(value: _T | None, missing: str) -> _T:
    """A value that was measured; `missing` is what to say where it was not."""
    if value is None:
        raise UnmeasuredError(missing)
    return value


def need(there: object, missing: str) -> None:
    """Go on only where something is there: not None, not empty, not 0, not False. It returns nothing: `known` does."""
    if not there:
        raise UnmeasuredError(missing)


def accepted(reading: Reading, fault: str, missing: str) -> FaultWindow:
    """The first accepted fault of that name."""
    found = (f for f in reading.faults if f.fault == fault and f.accepted_ns is not None)
    others = dict.fromkeys(one.fault for one in reading.faults)
    if others and fault not in others:
        missing = f"{missing} (no fault of this run is called {fault}, but {', '.join(others)})"
    return known(next(found, None), missing)


def accepted_ns(fault: FaultWindow) -> int:
    """When a fault was accepted."""
    return known(fault.accepted_ns, f"{fault.fault} was not accepted")


# ---- sentences ----


def where_measured(say: Callable[_P, str | Iterable[str]], *args: _P.args, **kwargs: _P.kwargs) -> Iterator[str]:
    """One sentence or several, left out from the first that needs what the run did not see."""
    try:
        said = say(*args, **kwargs)
        yield from [said] if isinstance(said, str) else said
    except UnmeasuredError:
        return


def if_held(reading: Reading, check: Checker) -> Iterator[str]:
    """The sentence of a verdict, where it is `ok`."""
    return where_measured(held, reading, check)
