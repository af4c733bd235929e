"""An answer to one question of an experiment, and the figures that answers are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chaos.analysis.claims import UnmeasuredError, defined_at, need, yielding
from chaos.analysis.defects import WrongTypeError
from chaos.analysis.reading import Reading
from chaos.analysis.statistics import Bound
from chaos.analysis.trials import Trial, end_unseen, no_effect, not_replaced, trials
from chaos.analysis.units import ms
from chaos.model.figure import plain

_UNIT_SET = "web"  # the StatefulSet whose pods the unit's questions name


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
        text: as the unit has it, or the experiment.
        answer: Reading → sentences, one by one, each true of that run; or all of them as one text.
        evidence: where in the run's folder they can be seen.
    """

    key: str
    text: str
    answer: Callable[[Reading], str | Iterable[str]]
    evidence: tuple[str, ...] = ("report.md: Measured", "events.jsonl")

    def asked(self, reading: Reading) -> str:
        """As the reader sees it: where another set than the unit's was measured it is about that set's deleted pods."""
        name = str(reading.meta.target.get("statefulset", _UNIT_SET))
        if name == _UNIT_SET:
            return self.text
        pods = ", ".join(dict.fromkeys(trial.target.name for trial in trials(reading))) or f"a pod of {name}"
        return re.sub(rf"\b{_UNIT_SET}-\d\b", lambda _: pods, self.text)

    def ask(self, reading: Reading) -> Answer:
        """The answer; one that needs what the run did not see says so."""
        try:
            found = self.answer(reading)
            said = found if isinstance(found, str) else " ".join(filter(None, _sentences(self, found)))
        except UnmeasuredError as exc:
            return self.cannot_say(reading, str(exc))
        if not said:
            return self.cannot_say(reading, "nothing of it was measured")
        return Answer(self.asked(reading), said, self.evidence)

    def cannot_say(self, reading: Reading, why: str) -> Answer:
        """The answer of a run that did not measure it."""
        return Answer(self.asked(reading), f"This run cannot say: {why.rstrip('.')}.", self.evidence)


def _sentences(question: Question, found: object) -> Iterator[str]:
    """What an answer yields.

    Raises:
        WrongTypeError: that is something else.
    """
    if not isinstance(found, Iterable):
        raise WrongTypeError(f"the answer to {question.key} returned {found!r:.60}", defined_at(question.answer))
    for one in found:
        if one is not None and not isinstance(one, str):
            raise WrongTypeError(f"the answer to {question.key} yields {one!r:.60}", yielding(found))
        yield one or ""


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


def show(value: Bound) -> str:
    """A figure with its unit."""
    return ("> " if value.censored else "") + ms(value.value_ns)
