"""The questions that experiments may ask, answered in plain sentences with the run's own numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chaos.analysis.foreign import not_alone
from chaos.analysis.gaps import not_told_in_time
from chaos.analysis.questions import connection_handling, dns_update, identity_kept
from chaos.analysis.questions.answer import Answer, Question
from chaos.model import History

QUESTIONS: dict[str, Callable[[History], Answer]] = {
    "identity-kept": identity_kept.identity_kept,
    "dns-update": dns_update.dns_update,
    "connection-handling": connection_handling.connection_handling,
}
TEXTS = {
    "identity-kept": identity_kept.QUESTION,
    "dns-update": dns_update.QUESTION,
    "connection-handling": connection_handling.QUESTION,
}


def answer_all(history: History, questions: Iterable[str | Question]) -> list[Answer]:
    """The answers to questions, named or an experiment's own; one that crashes, or is not known, says so."""
    return [_answer_one(history, question) for question in questions]


def _answer_one(history: History, question: str | Question) -> Answer:
    function: Callable[[History], Answer]
    if isinstance(question, Question):
        text, function = question.text, question.ask
    elif question in QUESTIONS:
        text, function = TEXTS[question], QUESTIONS[question]
    else:
        return Answer(question, f"Nothing here answers the question named {question}.")
    if why := not_alone(history) or (isinstance(question, Question) and not_told_in_time(history)):
        return Answer(text, f"This run cannot say: {why}.", ("events.jsonl",))
    try:
        return function(history)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - a defect in one answer must not cost the report
        return Answer(text, f"This could not be answered: {type(exc).__name__}: {exc}")


__all__ = ["QUESTIONS", "TEXTS", "Answer", "Question", "answer_all"]
