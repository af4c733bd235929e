"""Who judges a saved run: its experiment's own checkers and questions beside those that every experiment may name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaos.analysis.advice import advice
from chaos.analysis.checkers import CHECKERS, checker_name, judge
from chaos.analysis.claims import Checker, UnmeasuredError, defined_at
from chaos.analysis.defects import WrongTypeError, guarded
from chaos.analysis.foreign import not_alone
from chaos.analysis.gaps import not_told_in_time
from chaos.analysis.headline import headline
from chaos.analysis.questions import Question, answer_all
from chaos.analysis.reading import Reading
from chaos.analysis.statements import SIMULATED, Statements
from chaos.errors import UsageError
from chaos.experiment.definition import Experiment
from chaos.experiment.loading import find_experiment
from chaos.shipped import shipped_files


@dataclass(frozen=True, slots=True)
class Judges:
    """What a reading is read by.

    Attributes:
        checkers: named ones stay names; those that cannot be found do too, and give `unknown`.
        questions: likewise.
        headline: Reading → the report's first sentence.
    """

    checkers: tuple[str | Checker, ...]
    questions: tuple[str | Question, ...]
    headline: Callable[[Reading], str]


def judges_of(reading: Reading, experiment: Experiment | None = None) -> Judges:
    """Find them by the names that the run wrote down.

    Args:
        reading: of the run.
        experiment: that it ran; None: the shipped one of its name. A user's own file is never looked for: reading a
            report must not execute whatever it names.
    """
    experiment = experiment or _shipped(reading.meta.experiment)
    own_checkers = {checker_name(c): c for c in (experiment.checkers if experiment else ())}
    own_questions = {q if isinstance(q, str) else q.key: q for q in (experiment.questions if experiment else ())}
    parameters = reading.meta.parameters
    names = _names(parameters.get("checkers")) or list(CHECKERS)
    keys = _names(parameters.get("questions"))
    return Judges(
        tuple(own_checkers.get(name, name) for name in names),
        tuple(own_questions.get(key, key) for key in keys),
        (experiment.headline if experiment else None) or headline,
    )


def statements(reading: Reading, judges: Judges) -> Statements:
    """All that is to be said of a run."""
    verdicts = judge(reading, judges.checkers)
    answers = answer_all(reading, judges.questions)
    return Statements(
        tuple(verdicts), tuple(answers), _first_sentence(reading, judges.headline), _recommendation(reading)
    )


def _recommendation(reading: Reading) -> str:
    """What to do about what was measured; nothing of a target that others changed."""
    try:
        return "" if not_alone(reading) else guarded(lambda: advice(reading), lambda _: "")
    except UnmeasuredError:
        return ""


def _first_sentence(reading: Reading, say: Callable[[Reading], str]) -> str:
    """What was measured, and where; a defect in one sentence must not cost the report.

    There is none of a target that others changed, nor an experiment's own where a watch was disturbed.
    """

    def first() -> str:
        if why := not_alone(reading) or (say is not headline and not_told_in_time(reading)):
            return f"Nothing is concluded from this run: {why}."
        said = say(reading)
        if not isinstance(said, str):
            raise WrongTypeError(f"the headline returned {said!r:.60}", defined_at(say))
        return f"{SIMULATED}{said}" if said and reading.meta.simulated else said

    try:
        return guarded(first, lambda defect: f"The first sentence could not be written: {defect}.")
    except UnmeasuredError as exc:
        return f"What this experiment is about was not measured: {str(exc).rstrip('.')}."


def _names(listed: object) -> list[str]:
    """The names that a run.json lists; one alone, and what is no name, as text."""
    if isinstance(listed, str):
        return [listed]
    return [str(name) for name in listed] if isinstance(listed, list | tuple) else []


def _shipped(name: str) -> Experiment | None:
    try:
        return find_experiment(name) if name in shipped_files() else None
    except UsageError:
        return None
