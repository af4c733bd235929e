"""An answer to one question of an experiment, and the figures that answers are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chaos.analysis.claims import UnmeasuredError, need
from chaos.analysis.reading import Reading
from chaos.analysis.statistics import Bound, maximum, median
from chaos.analysis.trials import NS_PER_S, Trial, end_unseen, no_effect, not_replaced, trials
from chaos.analysis.units import count, ms, out_of
from chaos.model.figure import plain


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in plain sentences, each true of the run that it is about.

    Attributes:
        text: the sentences; they cite their figures.
        evidence: where in the run's folder each can be seen.
    """

    question: str
    text: str
    evidence: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """The text for people."""
        return plain(self.text)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that an experiment asks, and the function that answers it from a reading.

    Attributes:
        key: by which run.json and experiments name it.
        text: as the reader sees it.
        answer: Reading → sentences, one by one, each true of that run; or all of them as one text.
        evidence: where in the run's folder they can be seen.
    """

    key: str
    text: str
    answer: Callable[[Reading], str | Iterable[str]]
    evidence: tuple[str, ...] = ("report.md: Measured", "events.jsonl")

    def ask(self, reading: Reading) -> Answer:
        """The answer; one that needs what the run did not see says so."""
        try:
            found = self.answer(reading)
            said = found if isinstance(found, str) else " ".join(filter(None, found))
        except UnmeasuredError as exc:
            return self.cannot_say(str(exc))
        return Answer(self.text, said, self.evidence) if said else self.cannot_say("nothing of it was measured")

    def cannot_say(self, why: str) -> Answer:
        """The answer of a run that did not measure it."""
        return Answer(self.text, f"This run cannot say: {why.rstrip('.')}.", self.evidence)


def effective_trials(reading: Reading) -> list[Trial]:
    """The trials in which a pod was replaced; only they can answer anything but that it was not.

    Raises:
        UnmeasuredError: there is none.
    """
    found = [t for t in trials(reading) if not no_effect(t) and not not_replaced(t)]
    need(found, "; ".join(_reasons(reading)) or "no fault was injected")
    return found


def left_out(reading: Reading) -> str:
    """A sentence about the trials that the answer does not cover; empty where it covers all."""
    missing = _reasons(reading)
    return f"Not counted in this answer: {'; '.join(missing)}." if missing else ""


def _reasons(reading: Reading) -> list[str]:
    found = [
        f"trial {t.number}: {reason}{f', and {early}' if (early := end_unseen(reading, t)) else ''}"
        for t in trials(reading)
        if (reason := no_effect(t) or not_replaced(t))
    ]
    return found + [f"trial {f.trial}: the fault was {f.outcome}" for f in reading.faults if f.accepted_ns is None]


def spread(figures: Sequence[Bound]) -> str:
    """One value as it is; of several the median and the maximum; bounds as "> 60 s"."""
    middle, largest = median(figures), maximum(figures)
    if middle is None or largest is None:
        return "an unmeasured time"
    if len(figures) == 1 or plain(show(middle)) == plain(show(largest)):
        return show(largest)
    return f"{show(middle)} (median of {count(len(figures))}; longest {show(largest)})"


def at_most(figures: Sequence[Bound]) -> str:
    """Upper bounds: one as "at most 31.9 s", several with their median and the longest.

    Where some had not ended, what is known of these is a lower bound, and neither has a median or a longest in common.
    """
    open_ = [f for f in figures if f.censored]
    if open_ and len(open_) < len(figures):
        ended = [f for f in figures if not f.censored]
        longest = show(max(open_))
        return f"{longest} ({out_of(len(open_), len(figures))} had not ended; the others took {at_most(ended)})"
    rounded = [f if f.censored else Bound(_rounded_up(f.value_ns)) for f in figures]
    middle, largest = median(rounded), maximum(rounded)
    if middle is None or largest is None:
        return "an unmeasured time"
    if len(figures) == 1 or plain(show(middle)) == plain(show(largest)):
        return show(largest) if largest.censored else f"at most {show(largest)}"
    return f"{show(middle)} (median of {count(len(figures))}; longest {show(largest)}; upper bounds)"


def _rounded_up(value_ns: int) -> int:
    """To what is shown of it, so that an upper bound stays one."""
    step_ns = 10_000_000 if value_ns >= NS_PER_S else 1_000_000
    return -(-value_ns // step_ns) * step_ns


def show(value: Bound) -> str:
    """A figure with its unit."""
    return ("> " if value.censored else "") + ms(value.value_ns)


def exact(values: Sequence[int | None]) -> list[Bound]:
    """Durations that were measured, as figures."""
    return [Bound(v) for v in values if v is not None]
