"""A clock that is wrong on purpose.

The nodes of a test cluster on one machine share a clock, so agents can be told to have another one; with it every
interval must still cover the truth.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from chaos.clock import RunClock

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Skew:
    """How a clock is wrong.

    Attributes:
        offset_s: what it shows at its start.
        drift: seconds that it gains in a second, such as 100e-6 (negative: loses).
        step_s: what it jumps by.
        step_at_s: true seconds after its start at which it jumps; None: never.
    """

    offset_s: float = 0.0
    drift: float = 0.0
    step_s: float = 0.0
    step_at_s: float | None = None

    @classmethod
    def parse(cls, text: str) -> Skew:
        """Read ``offset=0.5,drift=1e-4,step=0.05@10``; each part may be missing.

        Raises:
            ValueError: it is something else.
        """
        fields: dict[str, float | None] = {}
        for part in filter(None, text.split(",")):
            key, equals, value = part.partition("=")
            if not equals or key not in ("offset", "drift", "step"):
                raise ValueError(f"{part!r} is none of offset=SECONDS, drift=RATE, step=SECONDS@SECONDS")
            if key == "step":
                size, at, when = value.partition("@")
                if not at:
                    raise ValueError(f"{part!r} does not say when: step=SECONDS@SECONDS")
                fields |= {"step_s": float(size), "step_at_s": float(when)}
            else:
                fields["offset_s" if key == "offset" else "drift"] = float(value)
        return cls(**fields)  # type: ignore[arg-type]  # only the step's instant may be None

    def shown_s(self, true_s: float) -> float:
        """What the clock shows so many true seconds after its start."""
        stepped = self.step_at_s is not None and true_s >= self.step_at_s
        return true_s * (1 + self.drift) + self.offset_s + (self.step_s if stepped else 0.0)


class SkewedClock(RunClock):
    """A run's clock as a wrong hardware clock would show it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, skew: Skew) -> None:
        super().__init__(loop)
        self._skew = skew

    def now_ns(self) -> int:
        """See `RunClock.now_ns`."""
        return round(self.now_s() * _NS_PER_S)

    def now_s(self) -> float:
        """See `RunClock.now_s`."""
        return self._skew.shown_s(super().now_s())

    def loop_time_s(self, at_ns: int) -> float:
        """A timer runs on the same wrong clock; a step moves what is due after it."""
        skew = self._skew
        stepped = skew.step_at_s is not None and super().now_s() >= skew.step_at_s
        shown_s = at_ns / _NS_PER_S - skew.offset_s - (skew.step_s if stepped else 0.0)
        return self.zero_s + shown_s / (1 + skew.drift)
