"""What every fault offers."""

from __future__ import annotations

from typing import Protocol

from chaos.cluster.changes import Acknowledged, Changes
from chaos.model import PodIdentity


class Fault(Protocol):
    """Something that is done to pods. See CONTRIBUTING.md, "A fault of your own"."""

    @property
    def name(self) -> str:
        """Its name in reports, such as ``delete-pod``."""

    @property
    def targets(self) -> tuple[PodIdentity, ...]:
        """The pods that it touches: what the blast radius is counted in."""

    @property
    def replaces(self) -> bool:
        """Whether each target is to be replaced by a new pod of its name, whose recovery is then measured."""

    @property
    def parameters(self) -> dict[str, object]:
        """What distinguishes it from another of its name."""

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        """Do it, through `changes` only, which writes the undo down first.

        Raises:
            ApiError: the API server refused.
        """
