"""Where probes put what they found."""

from __future__ import annotations

from typing import Protocol

from chaos.model import Outcome


class Sink(Protocol):
    """A recorder of a run, or what an agent sends to it."""

    def outcome_id(self, outcome: Outcome) -> int:
        """The number under which equal outcomes are kept once."""

    def sample(self, series_id: int, scheduled_ns: int, sent_ns: int, received_ns: int, outcome_id: int) -> None:
        """Keep one sample; instants are those of the probes' clock."""
