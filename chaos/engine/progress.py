"""What a run tells while it goes on."""

from __future__ import annotations

from typing import Protocol

from chaos.model import ClusterEvent


class Progress(Protocol):
    """Somebody who watches a run."""

    def plan(self, lines: list[tuple[str, str]]) -> None:
        """What is about to be done, before anything is touched: (what, details)."""

    def step(self, text: str) -> None:
        """One step of the run; seconds are told by whoever prints it."""

    def event(self, at_s: float, event: ClusterEvent) -> None:
        """A change of the cluster."""

    def warning(self, text: str) -> None:
        """Something that the report will mention too."""


class Silence:
    """Nobody watches."""

    def plan(self, lines: list[tuple[str, str]]) -> None:
        pass

    def step(self, text: str) -> None:
        pass

    def event(self, at_s: float, event: ClusterEvent) -> None:
        pass

    def warning(self, text: str) -> None:
        pass
