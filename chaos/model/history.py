"""Everything that was recorded in one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chaos.model.event import ClusterEvent, WatchGap
from chaos.model.fault import FaultWindow
from chaos.model.outcome import Outcome
from chaos.model.series import Observation, Samples, Series


@dataclass(slots=True)
class RunMeta:
    """What is known about a run besides its measurements.

    Attributes:
        experiment: its name.
        simulated: whether it ran on the sandbox.
        started_at: UTC; instant 0 of the run's clock.
        seed: of the sandbox; None on a real cluster.
        target: ``statefulset``, ``namespace``, ``service``, ``port`` and ``replicas`` of the workload under test.
        parameters: the options in force, such as ``period_s``, ``within_s``, ``grace_s``, ``force``, ``trials``.
        model: every modelled delay of the sandbox with its value and source; empty on a real cluster.
        environment: versions, cluster fingerprint, DNS views, Corefile, as found.
        measurement: what the run found out about itself, written at its end: missed slots, event-loop lag,
            queries sent, API requests, stray answers; ``ended_early`` (why), ``not_undone`` (what was left),
            ``after_hook_failed`` and ``events_problem`` (why) where there was such a thing; ``abort_conditions``: what
            was seen of each condition of ``--abort-if``.
        finished_at: UTC; the end of its clean-up, by the run's clock; None where it is under way or was killed.
    """

    experiment: str
    simulated: bool
    started_at: datetime
    seed: int | None = None
    target: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    model: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    measurement: dict[str, Any] = field(default_factory=dict)
    finished_at: datetime | None = None


STATUSES = ("complete", "interrupted", "incomplete")


@dataclass(slots=True, repr=False)  # asyncio makes a text of what a task returned, to throw it away
class History:
    """A recorded run. Checkers and reports read it and never change it.

    Attributes:
        status: ``complete``, ``interrupted``, or ``incomplete`` (the run ended without saying so).
        outcomes: each distinct outcome once; samples refer to it by position.
        samples: columns of samples by series id.
        marks: (instant, what, details) of the run's own steps, such as ``steady-state reached``.
        revisions: (when it was asked, the newest resourceVersion then): later ones were given after that.
    """

    meta: RunMeta
    status: str = "incomplete"
    series: list[Series] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    samples: dict[int, Samples] = field(default_factory=dict)
    events: list[ClusterEvent] = field(default_factory=list)
    gaps: list[WatchGap] = field(default_factory=list)
    faults: list[FaultWindow] = field(default_factory=list)
    marks: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    revisions: list[tuple[int, int]] = field(default_factory=list)

    def observations(self, series: Series) -> Iterator[Observation]:
        """The samples of a series in the order in which they were recorded."""
        for scheduled_ns, sent_ns, received_ns, outcome in self.samples[series.id].rows():
            yield Observation(scheduled_ns, sent_ns, received_ns, self.outcomes[outcome])

    def recorded(self) -> dict[str, int]:
        """How much of each kind there is; what not every run has only where there is some."""
        found = {
            "samples": sum(len(samples) for samples in self.samples.values()),
            "events": len(self.events),
            "faults": len(self.faults),
            "marks": len(self.marks),
        }
        sometimes = {"gaps": len(self.gaps), "revisions": len(self.revisions)}
        return found | {kind: number for kind, number in sometimes.items() if number}

    def wall(self, at_ns: int) -> datetime:
        """The UTC time of an instant of the run's clock."""
        return self.meta.started_at + timedelta(microseconds=at_ns // 1000)

    def wall_text(self, at_ns: int) -> str:
        """RFC 3339, UTC, with microseconds."""
        return rfc3339(self.wall(at_ns))


def rfc3339(at: datetime) -> str:
    """UTC, with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
