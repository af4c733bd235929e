"""The one figure that most people want: how long was a pod unreachable by its name?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaos.analysis.bounds import length
from chaos.analysis.connections import ClientView, client_views, each
from chaos.analysis.denials import own_doing
from chaos.analysis.division import divisions
from chaos.analysis.over_faults import how_sure, over_faults, per_fault
from chaos.analysis.precision import aim_of
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import recoveries
from chaos.analysis.trials import no_effect, trials
from chaos.analysis.units import count, out_of
from chaos.model import Interval


@dataclass(frozen=True, slots=True)
class _Measured:
    """What tells how long a pod was unreachable.

    Attributes:
        views: of clients that connected by name; where there is none, DNS alone tells.
        heard: those of them that had worked before the fault.
        outages: (trial, how long), of those that were seen to fail.
    """

    views: list[ClientView]
    heard: list[ClientView]
    outages: list[tuple[int, Interval]]


def headline(reading: Reading) -> str:
    """At most four sentences; empty where nobody asked for a pod by its name."""
    return " ".join(filter(None, _headline(reading)))


def outages(reading: Reading) -> list[Interval]:
    """The durations that the headline is about, one a fault in the order of the faults; a fault without any has none.

    A run that goes on until the headline is precise looks at the same ones.
    """
    return per_fault(_measured(reading).outages)


def _measured(reading: Reading) -> _Measured:
    effective = _effective(reading)
    views = [v for v in client_views(reading) if v.probe == "http" and v.trial.key in effective]
    if views:
        heard = [v for v in views if not v.deaf]
        return _Measured(views, heard, [(v.trial.number, lasted) for v in heard if (lasted := v.outage_ns)])
    records = [r for r in recoveries(reading) if r.kind is RecordKind.POD_A and r.trial.key in effective]
    absent = [(r.trial.number, length(r.lost, r.recovered)) for r in records if r.lost and r.recovered]
    return _Measured([], [], absent)


def _effective(reading: Reading) -> set[tuple[int, str]]:
    return {t.key for t in trials(reading) if not no_effect(t)}


def _headline(reading: Reading) -> Iterator[str]:
    if not _effective(reading):
        yield "In no trial was a fault seen to take effect as meant, so no outage was measured."
        return
    found = _measured(reading)
    durations = per_fault(found.outages)
    before = "its client had failed already before the deletion"
    if found.views and not found.heard:
        yield f"Whether a deleted pod was reachable by its name was not measured: {before}."
    elif not found.views and durations:
        yield f"The DNS name of a deleted pod did not lead to its successor for {over_faults(durations)}."
    elif found.views:
        yield _unreachable(found, durations)
    if durations:
        yield how_sure(durations, aim=aim_of(reading))
        yield own_doing(reading, divisions(reading))
    deaf = len(found.views) - len(found.heard)
    if found.heard and deaf:
        yield f"In {out_of(deaf, len(found.views), each(found.views))} it was not measured: {before}."


def _unreachable(found: _Measured, durations: list[Interval]) -> str:
    heard = found.heard
    if not durations:
        tried = sum(view.samples for view in heard)
        return f"A deleted pod was reachable by its name whenever it was tried ({count(tried, 'time')})."
    failed = len(found.outages)
    all_of = "" if failed == len(heard) else f" in {out_of(failed, len(heard), each(heard))}"
    return f"A deleted pod was unreachable by its name{all_of} for {over_faults(durations)}."
