"""Once in its life a cluster is started, and once it is stopped; what needs one that is up says so."""

from __future__ import annotations

from enum import Enum

from kubesim.errors import SimulationError


class Life(Enum):
    """Where a cluster is in its life."""

    NEW = "it has not been started: enter `async with`, or call `await cluster.start()` before"
    UP = ""
    OVER = "it has been stopped, and is not started again: do it before, or make another Cluster"

    def need_new(self) -> None:
        """Before a start.

        Raises:
            SimulationError: it was started once.
        """
        if self is not Life.NEW:
            now = "runs already" if self is Life.UP else "has been stopped"
            raise SimulationError(
                f"a cluster is started once, and this one {now}",
                hint="`async with` starts it, so start() is for who does without; for another make another Cluster",
            )

    def need_up(self, what: str) -> None:
        """Before what works on a cluster that is up only.

        Raises:
            SimulationError: it is not.
        """
        if self is not Life.UP:
            raise SimulationError(f"{what} needs a cluster that is up", hint=self.value)
