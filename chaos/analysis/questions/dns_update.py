"""How quickly do DNS records update when pods restart?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.bounds import length, since
from chaos.analysis.claims import need
from chaos.analysis.denials import own_doing
from chaos.analysis.division import CAUSES, Division, divisions
from chaos.analysis.over_faults import at_most_over_faults, over_faults, per_fault
from chaos.analysis.questions.answer import Question, effective_trials, left_out
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.analysis.stages import Timeline, timelines
from chaos.analysis.trials import end_unseen, named_cause
from chaos.analysis.units import at_least_share, count, out_of


def dns_update(reading: Reading) -> Iterator[str]:
    """From the A records of the deleted pods in every view, and the steps of their replacement."""
    keys = {t.key for t in effective_trials(reading)}
    records = [r for r in recoveries(reading) if r.trial.key in keys]
    own = [r for r in records if r.kind is RecordKind.POD_A]
    lines = [t for t in timelines(reading) if t.trial.key in keys]
    need(own, "no A record of a deleted pod was asked for")
    yield from _propagation(lines)
    yield from _absence(reading, own)
    yield from _not_ready(lines)
    yield from _reverse([r for r in records if r.kind is RecordKind.PTR])
    yield from _cause(reading, [d for d in divisions(reading) if d.trial.key in keys])
    yield left_out(reading)


def _propagation(lines: list[Timeline]) -> Iterator[str]:
    out = [(t.trial, since) for t in lines if (since := t.since_cause("dns-lost")) and since.before_ns is not None]
    back = [(t.trial.number, took) for t in lines if (took := t.between("endpoint-ready", "dns-back"))]
    if out:
        within = at_most_over_faults(per_fault((trial.number, since) for trial, since in out))
        yield f"Every view dropped the deleted pod's name {within} after {named_cause(trial for trial, _ in out)}."
    else:
        yield "When the name was dropped was not seen in every view of any trial."
    if back:
        after = at_most_over_faults(per_fault(back))
        yield f"Every view gave the new pod's address {after} after its endpoint was ready."
    else:
        yield "How soon after the new pod's endpoint was ready its address appeared was not seen in any trial."


def _absence(reading: Reading, records: list[Recovery]) -> Iterator[str]:
    """How long a view did not give the right address."""
    gaps = [(r.trial.number, length(r.lost, r.recovered)) for r in records if r.lost and r.recovered]
    missing = [r for r in records if r.outcome is RecoveryOutcome.NOT_RECOVERED]
    early = next((reason for r in missing if (reason := end_unseen(reading, r.trial))), "")
    again = _lost_again(records)
    if gaps:
        yield f"The pod's own record was not right for {over_faults(per_fault(gaps))}{', at first' if again else ''}."
    if again:
        ends = [(r.trial.number, since(r.lasting, r.trial.cause_ns)) for r in again if r.lasting is not None]
        yield (
            f"{out_of(len(again), len(records))} records and views were wrong again after all had been right; they "
            f"were right for good {over_faults(per_fault(ends))} after {named_cause(r.trial for r in again)}."
        )
    if missing:
        end = f"the end of the trial ({early})" if early else "the end of the trial"
        yield f"In {out_of(len(missing), len(records))} records and views it was still not right at {end}."
    never = sum(r.outcome is RecoveryOutcome.NEVER_LOST for r in records)
    if never:
        yield f"{out_of(never, len(records))} records and views were never seen wrong."


def _lost_again(records: list[Recovery]) -> list[Recovery]:
    """Those that were wrong again after every view of the record had once been right."""
    found = []
    for one in records:
        views = [r for r in records if (r.trial.key, r.record) == (one.trial.key, one.record)]
        right = [r.recovered.before_ns for r in views if r.recovered is not None and r.recovered.before_ns is not None]
        if one.outcome is RecoveryOutcome.RECOVERED and one.lasting is not None and one.lasting.after_ns > max(right):
            found.append(one)
    return found


def _not_ready(lines: list[Timeline]) -> Iterator[str]:
    """A name that leads to a pod that is not Ready."""
    early = [(t.trial.number, led) for t in lines if (led := t.between("dns-back", "ready")) and led.after_ns]
    if early:
        yield (
            f"The name led to the new pod before it was Ready, for {over_faults(per_fault(early))}: the service "
            "publishes addresses of pods that are not Ready."
        )


def _reverse(records: list[Recovery]) -> Iterator[str]:
    """For how long the reverse name of an address was still given that the pod did not have any more."""
    kept = [
        (r.trial.number, since(r.lost, r.trial.life.old_gone_ns))
        for r in records
        if r.lost is not None and r.trial.life.old_gone_ns is not None and r.lost.after_ns > r.trial.life.old_gone_ns
    ]
    if kept:
        yield (
            f"The old address had its reverse name for {over_faults(per_fault(kept))} after the old pod was gone: "
            "reverse answers are cached."
        )


def _cause(reading: Reading, divided: list[Division]) -> Iterator[str]:
    """What made most of the outage by name, where the figures carry it."""
    if not divided:
        return
    found: dict[str, list[float]] = {}
    for one in divided:
        if one.cause is not None:
            found.setdefault(one.cause[0].key, []).append(one.cause[1])
    for key, what, _ in CAUSES:
        if key in found:
            shares, most = found[key], _ITSELF.format(what[0].upper() + what[1:])
            yield f"{most} in {out_of(len(shares), len(divided), _each(divided))}: {at_least_share(min(shares))} of it."
    named = sum(map(len, found.values()))
    if named < len(divided):
        where = f"In the other {count(len(divided) - named, _each(divided))} no" if named else "No"
        yield f"{where} single part is known to make half of the outage."
    yield own_doing(reading, divided)


_ITSELF = "{} made most of the outage by name"


def _each(divided: list[Division]) -> str:
    """What they are counted in."""
    return "trial" if len({one.trial.number for one in divided}) == len(divided) else "replacement"


QUESTION = Question(
    "dns-update",
    "How quickly do DNS records update when pods restart?",
    dns_update,
    ("recoveries.csv", "report.md: Stages", "timeline.svg"),
)
