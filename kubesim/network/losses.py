"""Which datagrams are lost or late."""

from __future__ import annotations

import math
import random

from kubesim.model import Model

_NEVER = 1 << 62


def trials_until(probability: float, rng: random.Random) -> int:
    """Trials without an event before the next one, drawn (geometric): cheaper than a draw for each trial."""
    if probability <= 0:
        return _NEVER
    if probability >= 1:
        return 0
    return int(math.log(1.0 - rng.random()) / math.log1p(-probability))


class Datagrams:
    """How long each datagram is under way, and whether it arrives at all."""

    __slots__ = (
        "_loss",
        "_loss_random",
        "_one_way",
        "_straggler_one_way",
        "_straggler_random",
        "_straggles",
        "_until_lost",
        "_until_straggler",
    )

    def __init__(self, model: Model) -> None:
        self._one_way = model.sampler("dns_one_way")
        self._straggler_one_way = model.sampler("straggler_one_way")
        self._loss = model.draw("datagram_loss")
        self._loss_random = model.rng("losses")
        self._until_lost = trials_until(self._loss, self._loss_random)
        self._straggles = model.draw("datagram_straggles")
        self._straggler_random = model.rng("stragglers")
        self._until_straggler = trials_until(self._straggles, self._straggler_random)

    def under_way_s(self) -> float:
        """Seconds from sender to receiver; negative: lost."""
        if not self._until_lost:
            self._until_lost = trials_until(self._loss, self._loss_random)
            return -1.0
        self._until_lost -= 1
        if not self._until_straggler:
            self._until_straggler = trials_until(self._straggles, self._straggler_random)
            return self._straggler_one_way()
        self._until_straggler -= 1
        return self._one_way()
