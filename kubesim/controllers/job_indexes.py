"""Completion indexes of Indexed Jobs, and how a status writes a set of them: ``0-2,5``."""

from __future__ import annotations

from collections.abc import Iterable

from kubesim.store import Object

_LABEL = "batch.kubernetes.io/job-completion-index"


def index_of(pod: Object) -> int:
    """A pod's index; -1 where it has none."""
    text = (pod["metadata"].get("annotations") or {}).get(_LABEL, "")
    return int(text) if text.isdigit() else -1


def lowest_missing(taken: set[int], completions: int, count: int) -> list[int]:
    """The `count` lowest indexes below `completions` that are not taken."""
    return [index for index in range(completions) if index not in taken][:count]


def ranges(indexes: Iterable[int]) -> str:
    """A set of indexes as a status has it."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    # Two in a row are written one by one, as the real controller does.
    return ",".join(_run(first, last) for first, last in runs)


def _run(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"


def spread(text: str) -> set[int]:
    """`ranges`, read again."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found
