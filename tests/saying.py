"""What is said of a history, as a run's end says it."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.analysis.checkers import CHECKERS, judge
from chaos.analysis.claims import Checker
from chaos.analysis.questions import QUESTIONS, Question, answer_all
from chaos.analysis.reading import Reading
from chaos.analysis.statements import Statements
from chaos.model import History


def said(
    history: History,
    checkers: Iterable[str | Checker] = tuple(CHECKERS),
    questions: Iterable[str | Question] = tuple(QUESTIONS),
    headline: str = "",
) -> Statements:
    """By these checkers and to these questions; by default all that every experiment may name."""
    reading = Reading(history)
    return Statements(tuple(judge(reading, checkers)), tuple(answer_all(reading, questions)), headline)
