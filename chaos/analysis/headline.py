"""The one figure that most people want: how long was a pod unreachable by its name?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaos.analysis.bounds import length
from chaos.analysis.connections import ClientView, client_views, each
from chaos.analysis.denials import own_doing
from chaos.analysis.division import divisions
from chaos.analysis.how_sure import how_sure
from chaos.analysis.over_faults import noun, over_faults, per_fault
from chaos.analysis.precision import aim_of
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import Recovery, recoveries
from chaos.analysis.trials import NS_PER_S, Trial, alike, no_effect, trials
from chaos.analysis.units import count, out_of
from chaos.model import Interval


@dataclass(frozen=True, slots=True)
class _Measured:
    """What tells how long a pod was unreachable.

    Attributes:
        views: of clients that connected by the pod's name.
        heard: those of them that had worked before the fault; where there is none, DNS alone tells.
        outages: (trial, how long), of those that were seen to fail.
        all_of: the same of all that were heard: one without a failure had no longer outage than two tries are apart.
        again: whether DNS gave the new address and took it back.
        what: a fault is.
    """

    views: list[ClientView]
    heard: list[ClientView]
    outages: list[tuple[int, Interval]]
    all_of: list[tuple[int, Interval]]
    again: bool
    what: str


def headline(reading: Reading) -> str:
    """At most four sentences; empty where nobody asked for a pod by its name."""
    return " ".join(filter(None, _headline(reading)))


def outages(reading: Reading) -> list[Interval]:
    """The durations that the headline is about, one a fault in the order of the faults.

    A run that goes on until the headline is precise looks at the same ones.
    """
    return per_fault(_measured(reading).all_of)


def _measured(reading: Reading) -> _Measured:
    effective = _effective(reading)
    what = noun(t.fault for t in trials(reading) if t.key in effective)
    views = [v for v in client_views(reading) if v.by_own_name and v.trial.key in effective]
    heard = [v for v in views if not v.deaf]
    if heard:
        failed = [(v.trial.number, lasted) for v in heard if (lasted := v.outage_ns)]
        all_of = [(v.trial.number, v.outage_ns or Interval(0, _between_tries_ns(reading, v.trial))) for v in heard]
        return _Measured(views, heard, failed, all_of, False, what)
    records = [r for r in recoveries(reading) if r.kind is RecordKind.POD_A and r.trial.key in effective]
    absent = [(r.trial.number, length(_astray(r, r.lost), r.lasting)) for r in records if r.lost and r.lasting]
    return _Measured(views, [], absent, absent, any(r.flips for r in records), what)


def _astray(recovery: Recovery, lost: Interval) -> Interval:
    """When a name stopped leading to a pod: it was taken out of DNS, or it went on to lead to one that was gone."""
    gone_ns, sent_ns = recovery.trial.life.old_gone_ns, recovery.trial.sent_ns
    stale = gone_ns is not None and lost.after_ns > gone_ns >= sent_ns
    return Interval(sent_ns, gone_ns) if stale else lost


def _between_tries_ns(reading: Reading, trial: Trial) -> int:
    """The longest time between two tries of a client in a trial, when none of them fails."""
    asked = [s for s in reading.series if s.probe == "http"]
    periods_s = ((s, reading.period_s([s], trial.baseline_ns, trial.end_ns)) for s in asked)
    return max((round((period_s + s.timeout_s) * NS_PER_S) for s, period_s in periods_s), default=0)


def _effective(reading: Reading) -> set[tuple[int, str]]:
    return {t.key for t in trials(reading) if not no_effect(t)}


def _headline(reading: Reading) -> Iterator[str]:
    if any(f.accepted_ns is not None for f in reading.faults) and not any(f.replaces for f in reading.faults):
        yield "No fault was to replace a pod, so no outage of a deleted one was measured."
        return
    if not _effective(reading):
        yield "In no trial was a fault seen to take effect as meant, so no outage was measured."
        return
    found = _measured(reading)
    durations, what = per_fault(found.outages), found.what
    effective = [trial for trial in trials(reading) if not no_effect(trial)]
    before = f"its client had failed already before the {what}"
    pod = _deleted_pod(reading)
    if found.views and not found.heard:
        yield f"Whether a deleted pod{pod} was reachable by its name was not measured: {before}."
    if not found.heard and durations:
        yield _by_dns(found, durations, pod)
    elif found.heard:
        yield _unreachable(found, durations, pod)
    if durations:
        yield how_sure(per_fault(found.all_of), what, aim=aim_of(reading)) if alike(effective) else ""
        yield own_doing(reading, divisions(reading))
    deaf = len(found.views) - len(found.heard)
    if found.heard and deaf:
        yield f"In {out_of(deaf, len(found.views), each(found.views))} it was not measured: {before}."


def _deleted_pod(reading: Reading) -> str:
    """Whose pods they were: of a workload of the user's own its name."""
    named = reading.meta.target.get("statefulset") if reading.meta.parameters.get("target") else ""
    return f" of {named}" if named else ""


def _unreachable(found: _Measured, durations: list[Interval], pod: str) -> str:
    heard = found.heard
    if not durations:
        tried = sum(view.samples for view in heard)
        return f"A deleted pod{pod} was reachable by its name whenever it was tried ({count(tried, 'time')})."
    failed = len(found.outages)
    all_of = "" if failed == len(heard) else f" in {out_of(failed, len(heard), each(heard))}"
    slowest = ", the slowest pod of each fault counted" if len(durations) < failed else ""
    return f"A deleted pod{pod} was unreachable by its name{all_of} for {over_faults(durations, found.what)}{slowest}."


def _by_dns(found: _Measured, durations: list[Interval], pod: str) -> str:
    lasted = over_faults(durations, found.what)
    if found.again:
        return f"The DNS name of a deleted pod{pod} led to its successor for good only after {lasted}."
    return f"The DNS name of a deleted pod{pod} did not lead to its successor for {lasted}."
