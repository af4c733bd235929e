"""What cluster DNS said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from chaos.model import Outcome
from chaos.probes import DnsView


@dataclass(frozen=True, slots=True)
class DnsServer:
    """One DNS server, as it answered.

    Attributes:
        round_trips_s: of the questions that it answered.
        failures: what came instead, such as ``TIMEOUT``.
    """

    view: DnsView
    round_trips_s: tuple[float, ...]
    failures: tuple[str, ...]

    def describe(self) -> str:
        """For people, with figures."""
        who = f"{self.view.name} ({self.view.address})"
        asked = len(self.round_trips_s) + len(self.failures)
        if not self.round_trips_s:
            return f"{who}: none of {asked} queries answered ({', '.join(sorted(set(self.failures)))})"
        low, mid, high = (
            1000 * f for f in (min(self.round_trips_s), median(self.round_trips_s), max(self.round_trips_s))
        )
        answered = f"{len(self.round_trips_s)} of {asked} queries answered"
        return f"{who}: {answered}, round trip {mid:.1f} ms (median; {low:.1f} to {high:.1f})"


@dataclass(frozen=True, slots=True)
class Measured:
    """What cluster DNS said.

    Attributes:
        answers: name → server's name → what it answered.
        left_out: names that were not asked for, because there are too many.
    """

    servers: tuple[DnsServer, ...]
    answers: Mapping[str, Mapping[str, Outcome]]
    left_out: int = 0

    def describe(self, name: str) -> str:
        """``web-0.web.x.svc.cluster.local: NXDOMAIN (3 of 3 servers)``; empty where it was not asked for."""
        said = self.answers.get(name, {})
        rows: dict[str, int] = {}
        for outcome in said.values():
            row = ", ".join(outcome.values) or outcome.status
            rows[row] = rows.get(row, 0) + 1
        return (
            f"DNS says {name}: " + "; ".join(f"{row} ({n} of {len(said)} servers)" for row, n in rows.items())
            if rows
            else ""
        )
