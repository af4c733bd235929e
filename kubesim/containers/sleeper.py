"""Programs that do nothing for a while: `sleep 3600`, `tail -f /dev/null`, the pause container."""

from __future__ import annotations

import math
from collections.abc import Callable

from kubesim.containers.host import ContainerHost
from kubesim.containers.process import Process
from kubesim.containers.signals import Signal
from kubesim.store import Object


class Sleeper(Process):
    """Ends with 0 when its time is over; as PID 1 without a handler it ignores SIGTERM.

    Args:
        duration_s: seconds; infinite for ever.
        stops_at: signals that end it, as the pause container has some.
    """

    def __init__(
        self,
        host: ContainerHost,
        pod: Object,
        ip: str,
        on_exit: Callable[[int], None],
        duration_s: float = math.inf,
        *,
        stops_at: frozenset[Signal] = frozenset(),
    ) -> None:
        super().__init__(host, pod, ip, on_exit)
        self._duration_s = duration_s
        self._stops_at = stops_at

    async def start(self) -> None:
        """Begin to sleep."""
        if math.isfinite(self._duration_s):
            self.later(self._duration_s, lambda: self.end(0))

    def signal(self, signal: Signal) -> None:
        """A signal to it."""
        if signal in self._stops_at:
            self.end(0)
        else:
            super().signal(signal)
