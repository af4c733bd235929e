"""What the tests of single experiments share: what an experiment's own checkers and questions make of a history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chaos.analysis.notes import Note
from chaos.analysis.reading import Reading
from chaos.experiment import Experiment, History
from chaos.experiment.judging import judges_of, statements
from chaos.model import Outcome, Verdict
from chaos.model.figure import plain
from tests.edited import Edited
from tests.histories import copied
from tests.judging import verdicts_of


def verdicts(experiment: Experiment, history: History) -> dict[str, str]:
    """What its own checkers say."""
    return {one.checker: str(one.outcome) for one in own_verdicts(experiment, history)}


def own_verdicts(experiment: Experiment, history: History) -> list[Verdict]:
    """The verdicts of its own checkers, none of which crashed: that is `unknown` too."""
    return verdicts_of(history, [one for one in experiment.checkers if not isinstance(one, str)])


def answer(experiment: Experiment, history: History, key: str) -> str:
    """What it says to one of its own questions; empty where the run cannot say."""
    question = next(q for q in experiment.questions if not isinstance(q, str) and q.key == key)
    said = question.ask(Reading(history)).answer
    return "" if said.startswith("This run cannot say: ") else said


def summary(experiment: Experiment, history: History, name: str) -> str:
    """What one of its own checkers says."""
    return next(one.summary for one in own_verdicts(experiment, history) if one.checker == name)


def silent(history: History) -> History:
    """A copy in which nobody was heard any more from the first fault on: each question timed out."""
    edited = Edited(history)
    first_s = min(edited.seconds(fault.sent_ns) for fault in history.faults)
    for probe in {series.probe for series in history.series}:
        phase = "answer" if probe in ("dns", "cached") else "connect"
        edited.series(probe=probe).say(Outcome("TIMEOUT", phase), after=first_s)
    return edited.history


def unknown_without(experiment: Experiment, history: History) -> dict[str, set[str]]:
    """Kind of note → those of its own checkers that cannot judge where none was written down. No other one changes."""
    found = {}
    for kind in {*experiment.captions(), "change"} & {what for _, what, _ in history.marks}:
        changed = {
            name: outcome
            for name, outcome in verdicts(experiment, Edited(history).notes(kind).drop().history).items()
            if outcome != "ok"
        }
        assert set(changed.values()) <= {"unknown"}, f"without {kind}: {changed}"
        found[kind] = set(changed)
    return found


def headline(experiment: Experiment, history: History) -> str:
    """The one sentence that it puts above all."""
    reading = Reading(history)
    return plain(statements(reading, judges_of(reading, experiment)).headline)


def needs_its_notes(experiment: Experiment, history: History, own: Iterable[str], *kinds: type[Note]) -> None:
    """Without any one of these kinds of notes one of its own checkers is `unknown`, and none fails."""
    for kind in kinds:
        found = verdicts(experiment, Edited(history).notes(kind).drop().history)
        assert "unknown" in found.values(), kind
        assert {found[name] for name in own} <= {"ok", "unknown"}, kind


def facts_of(history: History, kind: str, **where: Any) -> list[dict[str, Any]]:
    """The facts themselves, to be changed in place."""
    found = [details for _, what, details in history.marks if what == kind]
    return [details for details in found if all(details.get(key) == value for key, value in where.items())]


def edit(history: History, kind: str, where: dict[str, Any], **values: Any) -> History:
    """A copy with other values in the facts of a kind."""
    edited = copied(history)
    for details in facts_of(edited, kind, **where):
        details.update(values)
    return edited


def without(history: History, kind: str) -> History:
    """A copy without the facts of a kind."""
    edited = copied(history)
    edited.marks[:] = [mark for mark in edited.marks if mark[1] != kind]
    return edited


def not_judged_without(experiment: Experiment, history: History, kind: type[Note]) -> set[str]:
    """Its own checkers that say `unknown` where no note of that kind was written down."""
    found = verdicts(experiment, Edited(history).notes(kind).drop().history)
    return {name for name, outcome in found.items() if outcome == "unknown"}
