"""The questions that experiments may name, answered in plain sentences with the run's own numbers."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.analysis.defects import guarded
from chaos.analysis.foreign import not_alone
from chaos.analysis.gaps import not_told_in_time
from chaos.analysis.questions import connection_handling, dns_update, identity_kept
from chaos.analysis.questions.answer import Answer, Question
from chaos.analysis.reading import Reading

QUESTIONS: dict[str, Question] = {
    module.QUESTION.key: module.QUESTION for module in (identity_kept, dns_update, connection_handling)
}


def answer_all(reading: Reading, questions: Iterable[str | Question]) -> list[Answer]:
    """The answers to questions, named or an experiment's own; one that crashes, or is not known, says so."""
    return [_answer_one(reading, question) for question in questions]


def _answer_one(reading: Reading, question: str | Question) -> Answer:
    asked = QUESTIONS.get(question) if isinstance(question, str) else question
    if not isinstance(asked, Question):
        return Answer(str(question), f"Nothing here answers the question named {question}.")
    own = isinstance(question, Question)

    def ask() -> Answer:
        if why := not_alone(reading) or (own and not_told_in_time(reading)):
            return asked.cannot_say(reading, why)
        return asked.ask(reading)

    return guarded(ask, lambda defect: Answer(asked.text, f"This could not be answered: {defect}"))


__all__ = ["QUESTIONS", "Answer", "Question", "answer_all"]
