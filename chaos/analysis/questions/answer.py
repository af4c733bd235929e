"""An answer to one question of an experiment, and the figures that answers are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chaos.analysis.claims import UnmeasuredError, sentences
from chaos.analysis.reading import Reading
from chaos.analysis.statistics import Bound, maximum, median
from chaos.analysis.trials import NS_PER_S, Trial, no_effect, not_replaced, trials
from chaos.analysis.units import ms
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
        key: of the unit's question (`chaos.experiment.unit.UNIT`), or a name of one's own.
        text: as the reader sees it.
        answer: Reading → sentences, one by one, each true of that run.
        evidence: where in the run's folder they can be seen.
    """

    key: str
    text: str
    answer: Callable[[Reading], str | Iterable[str]]
    evidence: tuple[str, ...] = ("report.md: Measured", "events.jsonl")

    def ask(self, reading: Reading) -> Answer:
        """The answer; one that needs what the run did not see says so."""
        try:
            said = sentences(self.answer, reading) or cannot_say("it did not come so far as to measure it")
        except UnmeasuredError as exc:
            said = cannot_say(str(exc))
        return Answer(self.text, said, self.evidence)


def cannot_say(why: str) -> str:
    """The answer of a run that did not measure it."""
    return f"This run cannot say: {why.rstrip('.')}."


def effective_trials(reading: Reading) -> list[Trial]:
    """The trials in which a pod was replaced; only they can answer anything but that it was not."""
    return [t for t in trials(reading) if not no_effect(t) and not not_replaced(t)]


def left_out(reading: Reading) -> str:
    """A sentence about the trials that the answer does not cover; empty where it covers all."""
    missing = [f"trial {t.number}: {reason}" for t in trials(reading) if (reason := no_effect(t) or not_replaced(t))]
    missing += [f"trial {f.trial}: the fault was {f.outcome}" for f in reading.faults if f.accepted_ns is None]
    return f"Not counted in this answer: {'; '.join(missing)}." if missing else ""


def nothing(question: str, reading: Reading) -> Answer:
    """What to say where no trial can answer."""
    reasons = sorted({reason for t in trials(reading) if (reason := no_effect(t) or not_replaced(t))})
    reasons += [f"the fault of trial {f.trial} was {f.outcome}" for f in reading.faults if f.accepted_ns is None]
    why = "; ".join(reasons) or "no fault was injected"
    return Answer(question, f"This run cannot say: {why}.", ("run.json faults",))


def spread(figures: Sequence[Bound]) -> str:
    """One value as it is; of several the median and the maximum; bounds as "> 60 s"."""
    middle, largest = median(figures), maximum(figures)
    if middle is None or largest is None:
        return "an unmeasured time"
    if len(figures) == 1 or plain(show(middle)) == plain(show(largest)):
        return show(largest)
    return f"{show(middle)} (median of {len(figures)}; longest {show(largest)})"


def at_most(figures: Sequence[Bound]) -> str:
    """Upper bounds: one as "at most 31.9 s", several with their median and the longest."""
    rounded = [f if f.censored else Bound(_rounded_up(f.value_ns)) for f in figures]
    middle, largest = median(rounded), maximum(rounded)
    if middle is None or largest is None:
        return "an unmeasured time"
    if len(figures) == 1 or plain(show(middle)) == plain(show(largest)):
        return show(largest) if largest.censored else f"at most {show(largest)}"
    return f"{show(middle)} (median of {len(figures)}; longest {show(largest)}; upper bounds)"


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
