"""What an experiment's method may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from chaos.experiment.options import Options
from chaos.faults import Fault
from chaos.model import FaultWindow, Outcome, PodIdentity


class Target(Protocol):
    """The workload under test, as the watches last saw it."""

    @property
    def statefulset(self) -> str: ...

    @property
    def service(self) -> str: ...

    @property
    def namespace(self) -> str: ...

    @property
    def pods(self) -> tuple[PodIdentity, ...]:
        """The pods that exist now, by ordinal."""


class Run(Protocol):
    """A run under way."""

    @property
    def options(self) -> Options: ...

    @property
    def target(self) -> Target: ...

    def turns(self) -> Iterator[PodIdentity]:
        """One pod a trial, taking turns; each as it is when its turn comes."""

    async def steady_state(self, within_s: float) -> None:
        """Wait until every record, endpoint and answer is right and stays so for a moment.

        Raises:
            SteadyStateError: it was not in time; ends the method, since another fault would hit a target that is
                already down.
        """

    def inject(self, fault: Fault) -> AbstractAsyncContextManager[FaultWindow]:
        """Inject a fault; its effects are measured until the block ends: one trial.

        Raises:
            BlastRadiusError: it would touch more pods at once than the experiment declared.
            ApiError: the API server refused it (the trial is kept, as refused).
        """

    async def silence(self, pod: PodIdentity, within_s: float) -> None:
        """Wait until nobody answers any more at an address that a pod has lost, so that an overlap is seen whole."""

    async def apply(self, manifest: str) -> None:
        """Create the objects of a YAML file in the run's namespace; the run removes them."""

    async def pods_of(self, selector: str) -> tuple[PodIdentity, ...]:
        """Pods with these labels that are Ready and not being deleted, by name."""

    async def ready_pods(self, selector: str, count: int, within_s: float) -> tuple[PodIdentity, ...]:
        """The same, once there are that many; fewer when the time is over."""

    async def resolve(self, name: str, rtype: str = "A") -> Outcome:
        """One query for a name below the cluster's domain, through the cluster DNS address."""

    async def delete_pod(self, pod: PodIdentity) -> None:
        """Delete a pod that is not the target's, outside of any trial."""

    def mark(self, what: str, **details: Any) -> None:
        """Write a step of the method into the history."""
