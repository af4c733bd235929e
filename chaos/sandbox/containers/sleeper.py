"""Programs that do nothing for a while: `sleep 3600`, `tail -f /dev/null`, the pause container."""

from __future__ import annotations

import math
from collections.abc import Callable

from chaos.sandbox.containers.host import ContainerHost
from chaos.sandbox.containers.process import Process
from chaos.sandbox.store import Object


class Sleeper(Process):
    """Ends with 0 when its time is over; as PID 1 without a handler it ignores SIGTERM.

    Args:
        duration_s: seconds; infinite for ever.
        handles_sigterm: as the pause container does.
    """

    def __init__(
        self,
        host: ContainerHost,
        pod: Object,
        ip: str,
        on_exit: Callable[[int], None],
        duration_s: float = math.inf,
        *,
        handles_sigterm: bool = False,
    ) -> None:
        super().__init__(host, pod, ip, on_exit)
        self._duration_s = duration_s
        self._handles_sigterm = handles_sigterm

    async def start(self) -> None:
        """Begin to sleep."""
        if math.isfinite(self._duration_s):
            self.later(self._duration_s, lambda: self.end(0))

    def terminate(self) -> None:
        """SIGTERM."""
        if self._handles_sigterm:
            self.end(0)
