"""Compute once what several checkers, questions and tables need of the same history."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from chaos.model import History

_T = TypeVar("_T")


def once_per_history(function: Callable[[History], list[_T]]) -> Callable[[History], list[_T]]:
    """Remember the result for the history last asked about, for as long as nothing was added to it.

    Only the last one, so that no more than one history is kept alive. Callers get a list of their own.
    """
    last: list[tuple[History, tuple[Any, ...], list[_T]]] = []

    @wraps(function)
    def remembered(history: History) -> list[_T]:
        size = _size(history)
        if not last or last[0][0] is not history or last[0][1] != size:
            last[:] = [(history, size, function(history))]
        return list(last[0][2])

    return remembered


def _size(history: History) -> tuple[Any, ...]:
    return (
        len(history.events),
        list(history.gaps),
        len(history.outcomes),
        len(history.series),
        sum(len(samples) for samples in history.samples.values()),
        list(history.faults),
        len(history.marks),
        dict(history.meta.target),
    )
