"""Programs that end at once, and commands that cannot be run."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.containers.host import ContainerHost
from kubesim.containers.process import Process
from kubesim.store import Object


class OneShot(Process):
    """Ends as soon as it starts."""

    def __init__(
        self, host: ContainerHost, pod: Object, ip: str, on_exit: Callable[[int], None], code: int, message: str = ""
    ) -> None:
        super().__init__(host, pod, ip, on_exit)
        self._code = code
        self.message = message

    async def start(self) -> None:
        """Start and end."""
        self.end(self._code)
