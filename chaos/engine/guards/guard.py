"""A guard: one thing that the tool refuses to do, why, and what opens it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaos.cluster.client import Cluster
from chaos.engine.consent import Clocks, clocks
from chaos.engine.place import Place
from chaos.engine.target import WatchedTarget
from chaos.errors import PreflightError
from chaos.experiment import Experiment, Options


@dataclass(frozen=True, slots=True)
class Scene:
    """What is about to be done, and where.

    Attributes:
        namespace: that exists already; empty: one is made for the run.
    """

    cluster: Cluster
    place: Place
    experiment: Experiment
    options: Options
    namespace: str

    async def now(self) -> Clocks:
        """What time it is there and here; in virtual time only the sandbox's clock goes."""
        found = await clocks(self.cluster)
        return Clocks(found.server, found.server) if self.place.virtual_time else found


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault that is about to be injected, or another change that disturbs.

    Attributes:
        what: for people, such as ``delete-pod web-0``.
        hit: names of the pods that it is about to take.
        namespace: theirs, where it is not the target's.
        under_fault: names of those that an earlier fault took, and whose replacement was not seen yet.
        at_once: of those that it takes, at most so many at the same time; 0: all of them.
        needs: what an experiment has to declare for it, such as ``nodes``.
        keeps_budgets: whether the API server itself asks PodDisruptionBudgets, as it does for an eviction.
        was_steady: whether the steady state was reached before in this run, where there is a workload to be steady.
    """

    target: WatchedTarget
    what: str
    hit: frozenset[str] = frozenset()
    under_fault: frozenset[str] = frozenset()
    at_once: int = 0
    keeps_budgets: bool = False
    was_steady: bool = True
    namespace: str = ""
    needs: tuple[str, ...] = ()


class GuardError(PreflightError):
    """A guard does not let a run begin, or a fault be injected.

    Attributes:
        guard: its name.
    """

    def __init__(self, guard: str, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.guard = guard


class Guard:
    """Refuses one thing. What opens it opens no other guard.

    Attributes:
        name: such as ``consent``.
        refuses: what the tool never does, as the rest of a sentence that begins so: "It does not …".
        switch: what opens it; empty: nothing does.
        asks: whether it asks the cluster before a run.
        waits: whether it may wait before a fault; the others look after it, so that what they see is new.
    """

    name: ClassVar[str]
    refuses: ClassVar[str]
    switch: ClassVar[str] = ""
    asks: ClassVar[bool] = False
    waits: ClassVar[bool] = False

    async def check_start(self, scene: Scene) -> str:
        """Look before anything is touched.

        Returns:
            What the user should know, as a sentence; empty: nothing.

        Raises:
            GuardError: the run may not begin.
        """
        del scene
        return ""

    async def check_injection(self, scene: Scene, injection: Injection) -> None:
        """Look right before a fault.

        Raises:
            GuardError: it may not be injected.
        """

    def refusal(self, message: str, hint: str) -> GuardError:
        """Its error."""
        return GuardError(self.name, message, hint=hint)
