"""The questions that experiments may ask, answered in plain sentences with the run's own numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chaos.analysis.claims import UnmeasuredError
from chaos.analysis.defects import told
from chaos.analysis.questions import connection_handling, dns_update, identity_kept
from chaos.analysis.questions.answer import Answer, Question, cannot_say
from chaos.analysis.reading import Reading

QUESTIONS: dict[str, Callable[[Reading], Answer]] = {
    "identity-kept": identity_kept.identity_kept,
    "dns-update": dns_update.dns_update,
    "connection-handling": connection_handling.connection_handling,
}
TEXTS = {
    "identity-kept": identity_kept.QUESTION,
    "dns-update": dns_update.QUESTION,
    "connection-handling": connection_handling.QUESTION,
}


def answer_all(reading: Reading, questions: Iterable[str | Question]) -> list[Answer]:
    """The answers to questions, named or an experiment's own; one that crashes, or is not known, says so."""
    return [_answer_one(reading, question) for question in questions]


def _answer_one(reading: Reading, question: str | Question) -> Answer:
    function: Callable[[Reading], Answer]
    if isinstance(question, Question):
        text, function = question.text, question.ask
    elif question in QUESTIONS:
        text, function = TEXTS[question], QUESTIONS[question]
    else:
        return Answer(question, f"Nothing here answers the question named {question}.")
    try:
        return function(reading)
    except UnmeasuredError as exc:
        return Answer(text, cannot_say(str(exc)))
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - a defect in one answer must not cost the report
        return Answer(text, f"This could not be answered: {told(exc)}")


__all__ = ["QUESTIONS", "TEXTS", "Answer", "Question", "answer_all"]
