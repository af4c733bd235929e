"""How quickly do DNS records update when pods restart?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.bounds import length, since
from chaos.analysis.claims import need
from chaos.analysis.corefile import caching
from chaos.analysis.denials import own_doing
from chaos.analysis.division import CAUSES, Division, divisions
from chaos.analysis.durations import last_of
from chaos.analysis.over_faults import at_most_over_faults, noun, over_faults, per_fault
from chaos.analysis.questions.answer import Question, effective_trials, left_out
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind, domain, names_pod
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.analysis.stages import Timeline, timelines
from chaos.analysis.trials import alike, end_unseen, named_cause
from chaos.analysis.units import at_least_share, between, count, out_of, seconds, stated
from chaos.model import Interval

# From this share of an outage on a part is named beside another.
_WORTH_NAMING = 0.1


def dns_update(reading: Reading) -> Iterator[str]:
    """From the A records of the deleted pods in every view, and the steps of their replacement."""
    keys = {t.key for t in effective_trials(reading)}
    records = [r for r in recoveries(reading) if r.trial.key in keys]
    own = [r for r in records if r.kind is RecordKind.POD_A]
    lines = [t for t in timelines(reading) if t.trial.key in keys]
    need(own, "no A record of a deleted pod was asked for")
    what = noun(t.trial.fault for t in lines)
    yield from _propagation(lines, what)
    yield from _absence(reading, own, what)
    yield from _not_ready(lines, what)
    yield from _reverse(reading, lines, [r for r in records if r.kind is RecordKind.PTR], what)
    yield from _cause(reading, [d for d in divisions(reading) if d.trial.key in keys])
    yield left_out(reading)


def _propagation(lines: list[Timeline], what: str) -> Iterator[str]:
    out = [(t.trial, lost) for t in lines if (lost := t.since_cause("dns-lost")) and lost.before_ns is not None]
    back = [
        (t.trial.number, took) for t in lines if (took := t.between("endpoint-ready", "dns-back")) and took.before_ns
    ]
    if out:
        since_then = f"after {named_cause(trial for trial, _ in out)}"
        within = at_most_over_faults(per_fault((trial.number, lost) for trial, lost in out), what, since_then)
        yield f"Every view dropped the deleted pod's name {within}."
    else:
        yield "When the name was dropped was not seen in every view of any trial."
    if back:
        after = at_most_over_faults(per_fault(back), what, "after its endpoint was ready")
        yield f"Every view gave the new pod's address {after}."
    else:
        yield "How soon after the new pod's endpoint was ready its address appeared was not seen in any trial."


def _absence(reading: Reading, records: list[Recovery], what: str) -> Iterator[str]:
    """How long a view did not give the right address."""
    again = _lost_again(records)
    steady = [r for r in records if r not in again]
    gaps = [(r.trial.number, length(r.lost, r.lasting)) for r in steady if r.lost and r.lasting]
    missing = [r for r in records if r.outcome is RecoveryOutcome.NOT_RECOVERED]
    early = next((reason for r in missing if (reason := end_unseen(reading, r.trial))), "")
    if gaps:
        yield f"The pod's own record was not right for {over_faults(per_fault(gaps), what)}."
    if again:
        yield f"{_views(len(again), len(records))} gave the new address and then a wrong answer again."
        settled = [
            (r.trial.number, since(r.lasting, r.trial.cause_ns))
            for r in again
            if r.lasting is not None and _ended(r.lasting)
        ]
        if settled:
            after = f"{over_faults(per_fault(settled), what)} after {named_cause(r.trial for r in again)}"
            yield f"They were right for good {after}."
        if len(settled) < len(again):
            yield f"{_views(len(again) - len(settled), len(records))} were not seen right for good."
    if missing:
        end = f"the end of the trial ({early})" if early else "the end of the trial"
        yield f"{_views(len(missing), len(records))} were still not right at {end}."
    never = sum(r.outcome is RecoveryOutcome.NEVER_LOST for r in records)
    if never:
        yield f"{_views(never, len(records))} were never seen wrong."


def _views(number: int, total: int) -> str:
    """So many of the records of pods at views after a fault, as the subject of a sentence in the plural."""
    return f"Of {count(total, 'case')} (a pod's record at a view after a fault) {count(number)}"


def _ended(interval: Interval | None) -> bool:
    return interval is not None and interval.before_ns is not None


def _lost_again(records: list[Recovery]) -> list[Recovery]:
    """Those that were wrong again after every view of the record had once been right, or not right for good by then."""
    found = []
    for one in records:
        views = [r for r in records if (r.trial.key, r.record) == (one.trial.key, one.record)]
        right = [r.recovered.before_ns for r in views if r.recovered is not None and r.recovered.before_ns is not None]
        late = one.lasting is not None and len(right) == len(views) and one.lasting.after_ns > max(right)
        if one.flips and (late or not _ended(one.lasting)):
            found.append(one)
    return found


def _not_ready(lines: list[Timeline], what: str) -> Iterator[str]:
    """A name that leads to a pod that is not Ready."""
    early = [(t.trial.number, led) for t in lines if (led := t.between("dns-back", "ready")) and led.after_ns]
    if early:
        yield (
            f"The name led to the new pod before it was Ready, for {over_faults(per_fault(early), what)}: the service "
            "publishes addresses of pods that are not Ready."
        )


def _reverse(reading: Reading, lines: list[Timeline], records: list[Recovery], what: str) -> Iterator[str]:
    """For how long the reverse name of an address was still given that the pod did not have any more."""
    gone = {t.trial.key: at for t in lines if (at := _gone_for_good(t)) is not None}
    ended = [(r.trial, r.lost or _still_named(reading, r)) for r in records if r.trial.key in gone]
    tails = [(trial, length(gone[trial.key], end)) for trial, end in ended if end is not None]
    kept = [(trial.number, tail) for trial, tail in tails if tail.after_ns]
    if kept:
        durations = per_fault(kept)
        if all(one.before_ns is None for one in durations):
            least = between(Interval(min(one.after_ns for one in durations), None))
            asked = f"When it was last asked, {least} after the old pod was gone,"
            yield f"{asked} its address still had its reverse name ({count(len(durations), what)})."
        else:
            lasted = over_faults(durations, what)
            yield f"The old address kept its reverse name for {lasted} after the old pod was gone."
        cached = caching(str(reading.meta.environment.get("corefile", "")), "in-addr.arpa")
        if cached is not None and cached.success_s:
            yield f"Cluster DNS may keep reverse answers, which these probes asked for, for {stated(cached.success_s)}."


def _gone_for_good(line: Timeline) -> Interval | None:
    """When nobody was behind the old address any more: a forced deletion takes the object before the container ends."""
    gone, stopped = line.instant("old-gone"), line.instant("old-stopped")
    if gone is None or line.late("old-gone"):
        return None
    return gone if stopped is None or stopped.before_ns is None else last_of([gone, stopped])


def _still_named(reading: Reading, record: Recovery) -> Interval | None:
    """Until when the address was given as the pod's, at least, where that was not seen to end."""
    trial, service = record.trial, domain(reading)
    if trial.life.new_address == trial.target.address:
        return None
    given_ns = [
        sample.sent_ns
        for series in reading.series_of(probe="dns", vantage=record.vantage, view=record.view)
        if series.record == f"PTR {trial.target.address}"
        for sample in reading.samples(series, trial.sent_ns, trial.until_ns)
        if any(names_pod(value, trial.target.name, service) for value in sample.outcome.values)
    ]
    return Interval(max(given_ns), None) if given_ns else None


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
            shares, which = found[key], out_of(len(found[key]), len(divided), "outage")
            share = f"{at_least_share(min(shares))} of {'each' if len(shares) > 1 else 'it'}"
            yield f"{what[0].upper()}{what[1:]} made most of {which} by name, {share}."
    unasked = [one.asked_every_ns for one in divided if one.unasked]
    if spread := [one for one in divided if one.cause is None and not one.unasked]:
        if len(spread) == len(divided):
            same = alike([one.trial for one in spread])
            yield (_largest(spread) if same else "") or "No single part is known to make half of the outage."
        else:
            yield f"In {out_of(len(spread), len(divided))} no single part is known to."
    if unasked:
        which = out_of(len(unasked), len(divided), "outage")
        yield f"DNS was asked every {seconds(max(unasked))}: too seldom to say what made {which} by name."
    yield own_doing(reading, divided)


def _largest(divided: list[Division]) -> str:
    """What two parts took of each of these outages for sure; empty where that is little."""
    shares = []
    for key, what, _ in CAUSES:
        parts = [next(p.length for p in one.causes if p.key == key) for one in divided]
        least = min(
            0.0 if length is None else length.after_ns / (one.total.before_ns or 1)
            for length, one in zip(parts, divided, strict=True)
        )
        shares.append((least, what))
    known = [(least, what) for least, what in sorted(shares, reverse=True) if least >= _WORTH_NAMING][:2]
    if not known:
        return ""
    told = " and ".join(f"{what} took {at_least_share(least)}" for least, what in known)
    which = f"each of {count(len(divided), 'outage')}" if len(divided) > 1 else "the outage"
    return f"In {which} by name {told}."


QUESTION = Question(
    "dns-update",
    "How quickly do DNS records update when pods restart?",
    dns_update,
    ("recoveries.csv", "report.md: Stages", "timeline.svg"),
)
