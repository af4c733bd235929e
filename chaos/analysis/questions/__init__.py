"""The questions that experiments may ask, answered in plain sentences with the run's own numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chaos.analysis.questions import connection_handling, dns_update, identity_kept
from chaos.analysis.questions.answer import Answer
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


def answer_all(history: History, keys: Iterable[str]) -> list[Answer]:
    """The answers to the named questions; one that crashes, or is not known, says so instead."""
    return [_answer_one(history, key) for key in keys]


def _answer_one(history: History, key: str) -> Answer:
    function = QUESTIONS.get(key)
    if function is None:
        return Answer(key, f"There is no question named {key}.")
    try:
        return function(history)
    except Exception as exc:  # noqa: BLE001 - a defect in one answer must not cost the report
        return Answer(TEXTS[key], f"This could not be answered: {type(exc).__name__}: {exc}")


__all__ = ["QUESTIONS", "TEXTS", "Answer", "answer_all"]
