"""What checkers say of a history, where none of them crashes: a crash is `unknown` too, and would pass for doubt."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.analysis.checkers import judge
from chaos.analysis.claims import Checker
from chaos.analysis.reading import Reading
from chaos.model import History, Verdict


def verdicts_of(history: History, checkers: Iterable[str | Checker]) -> list[Verdict]:
    """The verdict of each."""
    found = judge(Reading(history), checkers)
    assert [one.summary for one in found if "The checker crashed" in one.summary] == []
    return found


def verdict_of(history: History, checker: str | Checker) -> Verdict:
    """The verdict of one."""
    (found,) = verdicts_of(history, [checker])
    return found
