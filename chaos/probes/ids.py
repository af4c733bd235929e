"""Ids of queries that share a port."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import cache

_IDS = 1 << 16
# So many queries of one port may be open at a time, and so many pass until an id is used again: an answer that comes
# late, when its question has timed out, then meets no other question of its id.
MOST_OPEN = _IDS // 2


@cache
def _all() -> array[int]:
    """Not to be changed: to copy them takes a hundredth of the time that it takes to count them, for each socket."""
    return array("H", range(_IDS))


class QueryIds:
    """Gives each query one of 32,768 ids, all as likely, that were not among the last 32,768.

    Args:
        random_16_bits: see `chaos.vantage.Vantage`.
    """

    def __init__(self, random_16_bits: Callable[[], int]) -> None:
        self._random_16_bits = random_16_bits
        self._ring = _all()[:]
        self._next = 0

    def draw(self) -> int:
        """An id: one of the older half of the ring, which then counts as its newest."""
        ring, here = self._ring, self._next
        there = (here + self._random_16_bits() % MOST_OPEN) % _IDS
        chosen = ring[there]
        ring[there] = ring[here]
        ring[here] = chosen
        self._next = (here + 1) % _IDS
        return chosen
