"""How many queries a server can answer: what comes faster waits in the socket's buffer, or finds it full."""

from __future__ import annotations

from kubesim.simclock import SimClock

# net.core.rmem_default (212,992 bytes) over the 832 bytes that a small datagram is accounted with.
_BUFFERED = 256


class Capacity:
    """One server's queue.

    Args:
        clock: the cluster's.
        per_s: queries that are answered in a second.
    """

    def __init__(self, clock: SimClock, per_s: float) -> None:
        self._clock = clock
        self._each_s = 1 / per_s
        self._free_s = 0.0  # when all that waits is answered

    def wait_s(self) -> float | None:
        """Seconds until a query that comes now is answered; None where there is no room for it."""
        now_s = self._clock.now_s()
        waits_s = max(0.0, self._free_s - now_s)
        if waits_s > _BUFFERED * self._each_s:
            return None
        self._free_s = now_s + waits_s + self._each_s
        return waits_s
