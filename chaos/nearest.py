"""What somebody may have meant who wrote a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(wrong: str, known: Iterable[str]) -> list[str]:
    """Known names that are like it, the likest first; at most three."""
    names = sorted(known)
    begun = [name for name in names if len(wrong) > 1 and name.startswith(wrong)]
    close = get_close_matches(wrong, names, n=3, cutoff=0.6)
    return list(dict.fromkeys([*close, *begun]))[:3]


def meant(wrong: str, known: Iterable[str]) -> str:
    """The likest ones as a question; empty where none is like it."""
    likest = nearest(wrong, known)
    return f"did you mean {' or '.join(likest)}?" if likest else ""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """As a hint: the likest ones, or all where none is like it and they are few; empty where they are many."""
    names = sorted(known)
    if found := meant(wrong, names):
        return found
    few = 30
    return f"known: {', '.join(names)}" if len(names) <= few else ""
