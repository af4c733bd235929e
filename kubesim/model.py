"""The simulated cluster's delays: each a named, seeded parameter with a source. Reports print those that a run drew."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Delay:
    """A delay drawn uniformly from [low_s, high_s] (seconds), or a probability where `unit` is ``probability``.

    Attributes:
        source: where the range comes from, such as ``facts.md 1`` or ``Kubernetes default``.
    """

    name: str
    low_s: float
    high_s: float
    source: str
    unit: str = "s"


class Model:
    """All parameters of one simulated cluster.

    Each draws from a random stream of its own, so that adding a draw to one does not shift another.

    Args:
        seed: same seed, same delays.
        overrides: name → (low_s, high_s), for tests and for `--model NAME=LOW..HIGH`.

    Raises:
        KeyError: an override names no parameter.
    """

    def __init__(
        self, seed: int, delays: tuple[Delay, ...], overrides: dict[str, tuple[float, float]] | None = None
    ) -> None:
        self.seed = seed
        self._delays = {d.name: d for d in delays}
        for name, (low_s, high_s) in (overrides or {}).items():
            old = self._delays[name]
            self._delays[name] = Delay(name, low_s, high_s, "set for this run", old.unit)
        self._random = {name: self.rng(name) for name in self._delays}
        self._fixed: set[str] = set()  # used parameters whose range is one value, for which no random number is drawn

    def is_off(self, name: str) -> bool:
        """Whether a parameter is 0 that means by that: there is no such thing, such as no limit of capacity."""
        return self._delays[name].high_s == 0

    def draw(self, name: str) -> float:
        """Seconds of one occurrence of a delay."""
        delay = self._delays[name]
        if delay.low_s == delay.high_s:
            self._fixed.add(name)
            return delay.low_s
        return delay.low_s + (delay.high_s - delay.low_s) * self._random[name].random()

    def sampler(self, name: str) -> Callable[[], float]:
        """`draw` bound to one parameter and its random stream, for paths that run half a million times."""
        delay = self._delays[name]
        low_s, span_s, rand = delay.low_s, delay.high_s - delay.low_s, self._random[name].random
        if not span_s:
            self._fixed.add(name)  # counted as used at once: to note each use would cost as much as the draw
            return lambda: low_s
        return lambda: low_s + span_s * rand()

    def rng(self, name: str) -> random.Random:
        """A seeded random stream for choices that are not delays."""
        return random.Random(f"{self.seed}/{name}")

    def drawn(self) -> frozenset[str]:
        """The parameters that anything was drawn from so far: their random streams have moved on."""
        moved = {name for name, stream in self._random.items() if stream.getstate() != self.rng(name).getstate()}
        return frozenset(moved | self._fixed)

    def describe(self) -> list[dict[str, Any]]:
        """Every parameter with its range and source, by name."""
        return [
            {"name": d.name, "low": d.low_s, "high": d.high_s, "unit": d.unit, "source": d.source}
            for d in sorted(self._delays.values(), key=lambda d: d.name)
        ]
