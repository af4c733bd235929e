"""What the tests of single experiments share: what an experiment's own checkers and questions make of a history."""

from __future__ import annotations

import copy
from typing import Any

from chaos.experiment import Experiment, History


def verdicts(experiment: Experiment, history: History) -> dict[str, str]:
    """What its own checkers say."""
    found = [checker(history) for checker in experiment.checkers if not isinstance(checker, str)]
    return {one.checker: str(one.outcome) for one in found}


def answer(experiment: Experiment, history: History, key: str) -> str:
    """What it says to one of its own questions."""
    return next(q for q in experiment.questions if not isinstance(q, str) and q.key == key).answer(history)


def headline(experiment: Experiment, history: History) -> str:
    """The one sentence that it puts above all."""
    assert experiment.headline is not None
    return experiment.headline(history)


def facts_of(history: History, kind: str, **where: Any) -> list[dict[str, Any]]:
    """The facts themselves, to be changed in place."""
    found = [details for _, what, details in history.marks if what == kind]
    return [details for details in found if all(details.get(key) == value for key, value in where.items())]


def edit(history: History, kind: str, where: dict[str, Any], **values: Any) -> History:
    """A copy with other values in the facts of a kind."""
    edited = copy.deepcopy(history)
    for details in facts_of(edited, kind, **where):
        details.update(values)
    return edited


def without(history: History, kind: str) -> History:
    """A copy without the facts of a kind."""
    edited = copy.deepcopy(history)
    edited.marks[:] = [mark for mark in edited.marks if mark[1] != kind]
    return edited
