"""The index of the unit's questions is complete and up to date."""

from __future__ import annotations

import pytest

from chaos.experiment import load_experiments
from experiments.shared.course import UNIT
from tools.update_questions import PATH, questions

ASKED = {key: experiment.name for experiment in load_experiments() for key in experiment.question_keys()}


def test_the_index_is_what_the_experiments_and_the_examples_say() -> None:
    """`python tools/update_questions.py` puts it right."""
    assert PATH.read_text(encoding="utf-8") == questions()


@pytest.mark.parametrize("key", UNIT)
def test_every_question_of_the_unit_is_answered_by_an_experiment(key: str) -> None:
    assert key in ASKED


def test_the_unit_has_as_many_questions_as_its_text() -> None:
    """Three for each of eleven parts, the reflections among them; two of troubleshooting, five criteria, four ahead."""
    kinds = [question.kind for question in UNIT.values()]
    counted = {kind: kinds.count(kind) for kind in kinds}
    assert counted == {"reflection": 3, "analysis": 30, "challenge": 5, "troubleshooting": 2, "look-ahead": 4}
