"""When a kubelet looks at its containers."""

from __future__ import annotations

import math


class Relist:
    """The kubelet's pod lifecycle event generator lists containers periodically; changes are noticed only then.

    Args:
        phase_s: the loop's time of one of its rounds.
        period_s: seconds between two rounds.
    """

    def __init__(self, phase_s: float, period_s: float) -> None:
        self._phase_s = phase_s
        self._period_s = period_s

    def next_s(self, now_s: float) -> float:
        """The loop's time of the first round after now."""
        rounds = math.floor((now_s - self._phase_s) / self._period_s) + 1
        return self._phase_s + rounds * self._period_s
