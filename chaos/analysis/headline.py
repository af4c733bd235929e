"""The one figure that most people want: how long was a pod unreachable by its name?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.bounds import length
from chaos.analysis.connections import ClientView, client_views, each
from chaos.analysis.over_faults import how_sure, over_faults, per_fault
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import recoveries
from chaos.analysis.trials import no_effect, trials
from chaos.analysis.units import count, out_of


def headline(reading: Reading) -> str:
    """At most three sentences; empty where nobody asked for a pod by its name."""
    return " ".join(_headline(reading))


def _headline(reading: Reading) -> Iterator[str]:
    effective = {t.key for t in trials(reading) if not no_effect(t)}
    if not effective:
        yield "In no trial was a fault seen to take effect as meant, so no outage was measured."
        return
    views = [v for v in client_views(reading) if v.probe == "http" and v.trial.key in effective]
    heard = [v for v in views if not v.deaf]
    before = "its client had failed already before the deletion"
    if views and not heard:
        yield f"Whether a deleted pod was reachable by its name was not measured: {before}."
    if not views:
        yield from _unnamed(reading, effective)
    if not heard:
        return
    yield from _unreachable(heard)
    deaf = len(views) - len(heard)
    if deaf:
        yield f"In {out_of(deaf, len(views), each(views))} it was not measured: {before}."


def _unreachable(heard: list[ClientView]) -> Iterator[str]:
    outages = [(v.trial.number, length) for v in heard if (length := v.outage_ns)]
    if not outages:
        tried = sum(view.samples for view in heard)
        yield f"A deleted pod was reachable by its name whenever it was tried ({count(tried, 'time')})."
        return
    all_of = "" if len(outages) == len(heard) else f" in {out_of(len(outages), len(heard), each(heard))}"
    durations = per_fault(outages)
    yield f"A deleted pod was unreachable by its name{all_of} for {over_faults(durations)}."
    yield how_sure(durations)


def _unnamed(reading: Reading, effective: set[tuple[int, str]]) -> Iterator[str]:
    """What DNS alone tells, where no client connected."""
    records = [r for r in recoveries(reading) if r.kind is RecordKind.POD_A and r.trial.key in effective]
    absent = [(r.trial.number, length(r.lost, r.recovered)) for r in records if r.lost and r.recovered]
    if absent:
        durations = per_fault(absent)
        yield f"The DNS name of a deleted pod did not lead to its successor for {over_faults(durations)}."
        yield how_sure(durations)
