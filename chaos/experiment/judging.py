"""Who judges a saved run: its experiment's own checkers and questions beside those that every experiment may name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaos.analysis.checkers import CHECKERS, Checker, checker_name
from chaos.analysis.foreign import not_alone
from chaos.analysis.gaps import not_told_in_time
from chaos.analysis.headline import headline
from chaos.analysis.questions import Question
from chaos.errors import UsageError
from chaos.experiment.definition import Experiment
from chaos.experiment.loading import find_experiment
from chaos.model import History


@dataclass(frozen=True, slots=True)
class Judges:
    """What a history is read by.

    Attributes:
        checkers: named ones stay names; those that cannot be found do too, and give `unknown`.
        questions: likewise.
        headline: History → the report's first sentence.
    """

    checkers: tuple[str | Checker, ...]
    questions: tuple[str | Question, ...]
    headline: Callable[[History], str]


def judges_of(history: History, experiment: Experiment | None = None) -> Judges:
    """Find them by the names that the run wrote down.

    Args:
        history: of the run.
        experiment: that it ran; None: the shipped one of its name. A user's own file is never looked for: reading a
            report must not execute whatever it names.
    """
    experiment = experiment or _shipped(history.meta.experiment)
    own_checkers = {checker_name(c): c for c in (experiment.checkers if experiment else ())}
    own_questions = {q if isinstance(q, str) else q.key: q for q in (experiment.questions if experiment else ())}
    parameters = history.meta.parameters
    names = parameters.get("checkers") or list(CHECKERS)
    keys = parameters.get("questions") or []
    return Judges(
        tuple(own_checkers.get(name, name) for name in names),
        tuple(own_questions.get(key, key) for key in keys),
        _never_raising((experiment.headline if experiment else None) or headline),
    )


def _never_raising(first_sentence: Callable[[History], str]) -> Callable[[History], str]:
    """A defect in one sentence must not cost the report. Of a target that others changed there is none.

    Nor is there an experiment's own where a watch was disturbed.
    """

    def said(history: History) -> str:
        why = not_alone(history) or (first_sentence is not headline and not_told_in_time(history))
        if why:
            return f"Nothing is concluded from this run: {why}."
        try:
            return first_sentence(history)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - see above
            return f"The first sentence could not be written ({type(exc).__name__}: {exc})."

    return said


def _shipped(name: str) -> Experiment | None:
    try:
        return find_experiment(name) if "/" not in name else None
    except UsageError:
        return None
