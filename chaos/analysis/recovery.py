"""When each DNS record of a replaced pod was lost and came back, in each view."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from chaos.analysis.bounds import Exchange, change, flips, stable_run
from chaos.analysis.coverage import heard_enough, longest_gap_ns
from chaos.analysis.reading import Reading, once
from chaos.analysis.records import (
    SERVICE_VIEW,
    Record,
    RecordKind,
    State,
    by_family,
    domain,
    records_of,
    state_table,
)
from chaos.analysis.trials import NS_PER_S, Trial, not_replaced, trials
from chaos.analysis.vantages import Loss, Unsure, losses, unsure
from chaos.model import Interval, Series

# Consecutive right answers that count as settled. One replica's answers are consistent, so a few suffice there. Behind
# the service address each answer comes from a replica picked at random: so many right ones in a row that with one of
# them still wrong they had a chance of 1 in 1000. Where it is not known how many there are, five are assumed.
STABLE_RUN_DIRECT = 5
_CHANCE = 0.001
_ASSUMED_REPLICAS = 5


def settled_run(view: str, replicas: int) -> int:
    """How many right answers in a row count as settled.

    Args:
        view: that gave them.
        replicas: DNS servers behind the service address; 0: not known.
    """
    if view != SERVICE_VIEW:
        return STABLE_RUN_DIRECT
    behind = replicas or _ASSUMED_REPLICAS
    return STABLE_RUN_DIRECT if behind == 1 else math.ceil(math.log(_CHANCE) / math.log(1 - 1 / behind))


class RecoveryOutcome(StrEnum):
    RECOVERED = "recovered"
    NEVER_LOST = "never-lost"
    NOT_RECOVERED = "not-recovered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Recovery:
    """One record of one pod at one view in one trial. Instants are nanoseconds of the run's clock.

    Attributes:
        trial: whose pod it is about.
        kind: of the record: what it names.
        record: such as ``A web-1.web``.
        view: the DNS server asked.
        vantage: from where it was asked.
        outcome: ``recovered``, ``never-lost``, ``not-recovered`` or ``unknown``.
        lost: when the old address stopped being given; None where that was not seen.
        recovered: when the new address alone was given; right-censored where it was not by the trial's end; None where
            there was nothing to recover, or nothing can be said.
        lasting: when it was right for good, up to the end of the trial: (last wrong answer's question sent, first right
            answer after it received]; behind the service address the answer that settles it (`settled_run`), since the
            first one tells of one server only. Right-censored where it was wrong at the end, or not settled; None as
            for `recovered`. A time when it was wrong again is missed where it is shorter than `longest_gap_ns`.
        stable_before_ns: receipt of the first of the right answers that lasted, unbroken by a wrong one, to the trial's
            end; None where they were too few. Unknown samples neither break the run nor count.
        flips: how often a wrong answer followed a right one.
        right_at_end: whether the last answer that says anything was right; None where there was none near the end.
        longest_gap_ns: the longest time of the trial in which no answer said anything: what may have come and gone
            unseen was shorter. Of a record that was never lost behind the service address it is the longest time in
            which one of the servers may not have been heard.
        covered: whether that is short enough to conclude from; see `chaos.analysis.coverage`.
        samples: asked in the trial.
        unknown: of them, those that say nothing (timeout, SERVFAIL, …).
        reason: why it is unknown, where the vantage and not the answers are the cause.
        last_look_ns: when the last question was sent whose answer says something; None where there was none.
    """

    trial: Trial
    kind: RecordKind
    record: str
    view: str
    vantage: str
    outcome: RecoveryOutcome
    lost: Interval | None
    recovered: Interval | None
    lasting: Interval | None
    stable_before_ns: int | None
    flips: int
    right_at_end: bool | None
    longest_gap_ns: int
    covered: bool
    samples: int
    unknown: int
    reason: str = ""
    last_look_ns: int | None = None


@once
def recoveries(reading: Reading) -> list[Recovery]:
    """All recoveries of all trials, by trial, pod, record and view."""
    return [recovery for trial in trials(reading) for recovery in recoveries_of(reading, trial)]


def recoveries_of(reading: Reading, trial: Trial) -> list[Recovery]:
    """The recoveries of one trial's pod, by record and view."""
    lost = losses(reading)
    gone = {name for name, loss in lost.items() if loss.at_ns <= trial.sent_ns}
    asked = [record for record in records_of(reading, trial) if record.vantage not in gone]
    measured: list[Recovery] = []
    for record in sorted(asked, key=lambda r: r.view == SERVICE_VIEW):  # it is read by what is known of its servers
        measured.append(_measure(reading, trial, record, _servers_of(record, measured)))
    measured.sort(key=lambda m: (m.record, m.view, m.vantage))
    limited = [_limit_by_replicas(m, measured) if m.view == SERVICE_VIEW else m for m in measured]
    spans = unsure(reading)
    return [_as_sure_as_the_watch(_as_sure_as_its_vantage(m, lost.get(m.vantage), spans)) for m in limited]


def _as_sure_as_the_watch(recovery: Recovery) -> Recovery:
    """Where a watch was blind at the end and told no new address, no address is a wrong one."""
    life = recovery.trial.life
    if not life.blind or life.new_address:
        return recovery
    return replace(
        recovery,
        outcome=RecoveryOutcome.UNKNOWN,
        recovered=None,
        lasting=None,
        stable_before_ns=None,
        right_at_end=None,
        reason="the watch of pods was disturbed when the trial ended, so the new pod's address is not known",
    )


def _as_sure_as_its_vantage(recovery: Recovery, loss: Loss | None, spans: list[Unsure]) -> Recovery:
    """What a vantage did not see because it was lost, or placed with a clock that was not known, is unknown."""
    recovered = recovery.outcome is RecoveryOutcome.RECOVERED
    if loss is not None and loss.at_ns < recovery.trial.end_ns:
        after_s = (loss.at_ns - recovery.trial.accepted_ns) / NS_PER_S
        # What it saw wrong before it was lost was wrong all the same; that it was right, and stayed so, is not known.
        seen_wrong = recovery.lasting if recovery.lasting is not None and recovery.lasting.before_ns is None else None
        return replace(
            recovery,
            outcome=recovery.outcome if recovered else RecoveryOutcome.UNKNOWN,
            recovered=recovery.recovered if recovered else None,
            lasting=seen_wrong,
            right_at_end=None,
            reason=f"{loss.vantage} was lost {after_s:.1f} s after the fault: {loss.reason}",
        )
    for span in spans:
        instants = (recovery.lost, recovery.recovered, recovery.lasting)
        touched = [i for i in instants if i is not None and span.touches(i)]
        if span.vantage == recovery.vantage and touched:
            return replace(
                recovery,
                outcome=RecoveryOutcome.UNKNOWN,
                lost=None if recovery.lost in touched else recovery.lost,
                recovered=None if recovery.recovered in touched else recovery.recovered,
                lasting=None,
                stable_before_ns=None,
                reason=f"the clock of {span.vantage} was not known well enough then: {span.reason}",
            )
    return recovery


@dataclass(slots=True)
class _Evidence:
    old: list[Exchange]
    absent: list[Exchange]
    new: list[Exchange]
    unknown: int = 0
    asked: int = 0

    @property
    def known_ns(self) -> list[int]:
        """When the questions were sent whose answers say something."""
        return [exchange.sent_ns for group in (self.old, self.absent, self.new) for exchange in group]


def _servers_of(record: Record, measured: list[Recovery]) -> list[Recovery]:
    """What was measured of the same record at each server behind a view of several."""
    if record.view != SERVICE_VIEW:
        return []
    return [m for m in measured if (m.record, m.vantage) == (record.label, record.vantage) and m.view != SERVICE_VIEW]


def _measure(reading: Reading, asked_in: Trial, record: Record, servers: list[Recovery]) -> Recovery:
    trial = by_family(asked_in, record.kind)
    before = _evidence(reading, trial, record, record.before, servers)
    after = before if record.before == record.after else _evidence(reading, trial, record, record.after, servers)
    lost = _lost(trial, before)
    recovered = _recovered(trial, after, lost) if record.after else None
    wrong = after.old + after.absent
    asked = [before] if before is after else [before, after]
    known_ns = [at_ns for e in asked for at_ns in e.known_ns]
    gap_ns = longest_gap_ns(known_ns, trial.sent_ns, trial.end_ns)
    series = (*record.before, *record.after)
    covered = heard_enough(reading, series, known_ns, trial.sent_ns, trial.end_ns)
    settled = settled_run(record.view, _replicas(reading, record))
    # What was heard before the fault says nothing about its end, however soon that came.
    trial_ns = trial.sent_ns
    heard_ns = [at_ns for at_ns in after.known_ns if at_ns >= trial_ns]
    heard_to_the_end = bool(heard_ns) and heard_enough(reading, series, (), max(heard_ns), trial.end_ns)
    measured = Recovery(
        trial=asked_in,
        kind=record.kind,
        record=record.label,
        view=record.view,
        vantage=record.vantage,
        outcome=_outcome(trial, before, after, lost, recovered, covered=covered, heard_to_the_end=heard_to_the_end),
        lost=lost,
        recovered=recovered,
        lasting=_lasting(trial, wrong, after.new, recovered, settled if record.view == SERVICE_VIEW else 1),
        stable_before_ns=_stable(wrong, after.new, recovered, settled),
        flips=flips(wrong, after.new),
        right_at_end=_right_at_end(trial, after) if heard_to_the_end else None,
        longest_gap_ns=gap_ns,
        covered=covered,
        samples=sum(e.asked for e in asked),
        unknown=sum(e.unknown for e in asked),
        last_look_ns=max(after.known_ns, default=None),
    )
    if record.view != SERVICE_VIEW or measured.outcome is not RecoveryOutcome.NEVER_LOST:
        return measured
    unheard_ns = longest_gap_ns(known_ns, trial.sent_ns, trial.end_ns, answers=settled)
    heard = heard_enough(reading, series, known_ns, trial.sent_ns, trial.end_ns, answers=settled)
    return _never_lost_by_the_servers(measured, servers, unheard_ns, heard=heard)


def _never_lost_by_the_servers(service: Recovery, servers: list[Recovery], unheard_ns: int, *, heard: bool) -> Recovery:
    """That no answer through an address of several servers was wrong says little of any one of them.

    Args:
        service: as its own answers have it.
        servers: the same record at each of them, where they are asked directly.
        unheard_ns: the longest time in which one of them may not have been heard through the service.
        heard: whether that is short enough to conclude from.
    """
    if servers and all(m.outcome is RecoveryOutcome.NEVER_LOST for m in servers):
        return replace(service, longest_gap_ns=max(m.longest_gap_ns for m in (service, *servers)))
    told = {RecoveryOutcome.NEVER_LOST, RecoveryOutcome.RECOVERED}
    doubted = next((m for m in servers if m.outcome not in told), None)
    if doubted is None and heard:
        return replace(service, longest_gap_ns=unheard_ns)
    reason = (
        f"no answer was wrong, but in {unheard_ns / NS_PER_S:.1f} s one of the servers may not have been heard"
        if doubted is None
        else f"no answer was wrong, but whether {doubted.view} never lost it is not known"
    )
    return replace(service, outcome=RecoveryOutcome.UNKNOWN, reason=reason)


def _evidence(
    reading: Reading, trial: Trial, record: Record, asked: tuple[Series, ...], servers: list[Recovery]
) -> _Evidence:
    evidence = _Evidence([], [], [])
    table = state_table(reading.outcomes, record, trial, domain(reading))
    present: list[Exchange] = []
    by_state = {State.OLD: evidence.old, State.ABSENT: evidence.absent, State.NEW: evidence.new, State.PRESENT: present}
    groups = [by_state.get(state) for state in table]
    samples = (s for one in asked for s in reading.samples(one, trial.baseline_ns, trial.end_ns))
    trial_ns = trial.sent_ns
    for sent_ns, received_ns, position, _ in samples:
        in_trial = sent_ns >= trial_ns
        evidence.asked += in_trial
        group = groups[position]
        if group is None:
            evidence.unknown += in_trial
        else:
            group.append(Exchange(sent_ns, received_ns))
    if record.before != record.after:
        (evidence.new if asked == record.after else evidence.old).extend(present)
    elif present:
        absences = [a for a in evidence.absent if a.sent_ns >= trial_ns]
        if record.view == SERVICE_VIEW and absences:
            new_from_ns = _lost_everywhere_ns(absences, present, servers)
        else:
            new_from_ns = min((a.received_ns for a in absences), default=None)
        _resolve_present(absences, evidence, present, new_from_ns)
    return evidence


def _lost_everywhere_ns(absences: list[Exchange], present: list[Exchange], servers: list[Recovery]) -> int | None:
    """From when on an answer that looks the same before and after is one from after; None: not known.

    Behind an address of several servers an absence is one of a server; another may not have lost the record yet. Where
    each is asked directly too, that tells when the last of them had; where not, so many such answers in a row that with
    one server still without the record they had a chance of 1 in 1000.
    """
    lost = [m.lost.before_ns for m in servers if m.lost is not None and m.lost.before_ns is not None]
    if servers and len(lost) == len(servers):
        return max(lost)
    last_ns = max(a.received_ns for a in absences)
    run = sorted(p for p in present if p.sent_ns >= last_ns)
    settled = settled_run(SERVICE_VIEW, len(servers))
    return run[settled - 1].sent_ns if len(run) >= settled else None


def _resolve_present(
    absences: list[Exchange], evidence: _Evidence, present: Iterable[Exchange], new_from_ns: int | None
) -> None:
    """Sort answers that look the same before and after by the absence between them; ambiguous ones are unknown."""
    first_sent_ns = min((a.sent_ns for a in absences), default=None)
    for exchange in present:
        if first_sent_ns is None or exchange.received_ns < first_sent_ns:
            evidence.old.append(exchange)
        elif new_from_ns is not None and exchange.sent_ns >= new_from_ns:
            evidence.new.append(exchange)
        else:
            evidence.unknown += 1


def _lost(trial: Trial, evidence: _Evidence) -> Interval | None:
    """The change away from the old address.

    Samples from before the fault count as contrary. Without any answer that gave the old address, nothing is known
    about the state before, and so nothing about its end.
    """
    trial_ns = trial.sent_ns
    gone = [e for e in evidence.absent + evidence.new if e.sent_ns >= trial_ns]
    if not gone or not evidence.old:
        return None
    return change(evidence.old, gone, floor_ns=trial.baseline_ns)


def _recovered(trial: Trial, evidence: _Evidence, lost: Interval | None) -> Interval | None:
    wrong = evidence.old + evidence.absent
    trial_ns = trial.sent_ns
    new = [e for e in evidence.new if e.sent_ns >= trial_ns]
    if new and stable_run(wrong, new):
        return change(wrong, new, floor_ns=trial.sent_ns)
    absent = any(e.sent_ns >= trial.sent_ns for e in evidence.absent)
    replaced_elsewhere = bool(trial.life.new_address) and trial.life.new_address != trial.target.address
    stale = replaced_elsewhere and any(e.sent_ns >= trial.sent_ns for e in evidence.old)
    if new or lost is not None or absent or stale:
        return Interval(max((e.sent_ns for e in wrong), default=trial.sent_ns), None)
    return None


def _replicas(reading: Reading, record: Record) -> int:
    """How many DNS servers are asked directly from the same place; 0 where none can be."""
    views = {s.view for s in reading.series if s.probe == "dns" and s.vantage == record.vantage}
    return len(views - {SERVICE_VIEW})


def _lasting(
    trial: Trial, wrong: list[Exchange], new: list[Exchange], recovered: Interval | None, settled: int
) -> Interval | None:
    if recovered is None or recovered.before_ns is None:
        return recovered
    after_ns = max((e.sent_ns for e in wrong if e.sent_ns >= trial.sent_ns), default=recovered.after_ns)
    run = stable_run(wrong, new)
    if len(run) < settled:
        return Interval(after_ns, None)
    before_ns = run[settled - 1].received_ns
    return Interval(min(after_ns, before_ns), before_ns)


def _stable(wrong: list[Exchange], new: list[Exchange], recovered: Interval | None, settled: int) -> int | None:
    if recovered is None or recovered.before_ns is None:
        return None
    run = stable_run(wrong, new)
    return run[0].received_ns if len(run) >= settled else None


def _right_at_end(trial: Trial, evidence: _Evidence) -> bool | None:
    same_address = not trial.life.new_address or trial.life.new_address == trial.target.address
    right = evidence.new + (evidence.old if same_address else [])
    wrong = evidence.absent + ([] if same_address else evidence.old)
    known = [(e.sent_ns, True) for e in right] + [(e.sent_ns, False) for e in wrong]
    return max(known)[1] if known else None


def _outcome(
    trial: Trial,
    before: _Evidence,
    after: _Evidence,
    lost: Interval | None,
    recovered: Interval | None,
    *,
    covered: bool,
    heard_to_the_end: bool,
) -> RecoveryOutcome:
    if recovered is not None and recovered.before_ns is not None:
        return RecoveryOutcome.RECOVERED
    if recovered is not None and heard_to_the_end:
        return RecoveryOutcome.NOT_RECOVERED
    # Without a successor that has the old address, an answer with it is a wrong one.
    kept = not not_replaced(trial) and trial.life.new_address == trial.target.address
    never = recovered is None and lost is None and bool(before.old) and before is after and kept
    if never and covered and heard_to_the_end:
        return RecoveryOutcome.NEVER_LOST
    return RecoveryOutcome.UNKNOWN


def _limit_by_replicas(service: Recovery, measured: list[Recovery]) -> Recovery:
    """Lower the bounds of a view that is several servers.

    An answer through the service address tells only about the replica that it reached; another may have changed before
    it. The first replica's change is bounded from below by the smallest of the replicas' own lower bounds, and where
    one of them has none, only by the fault itself. That it was still wrong needs no such care: a wrong answer shows
    that one of the servers was.
    """
    direct = [
        m for m in measured if (m.record, m.vantage) == (service.record, service.vantage) and m.view != SERVICE_VIEW
    ]
    sent_ns = service.trial.sent_ns
    lasting = _by_the_last_server(service, direct)
    if lasting is not None:
        stable = [m.stable_before_ns for m in direct if m.stable_before_ns is not None]
        settled_ns = max(stable) if len(stable) == len(direct) else None
        service = replace(service, lasting=lasting, stable_before_ns=service.stable_before_ns or settled_ns)
    return replace(
        service,
        lost=_lower(service.lost, [m.lost for m in direct], sent_ns),
        recovered=service.recovered
        if service.recovered is not None and service.recovered.before_ns is None
        else _lower(service.recovered, [m.recovered for m in direct], sent_ns),
    )


def _by_the_last_server(service: Recovery, direct: list[Recovery]) -> Interval | None:
    """When the last of the servers was right for good; None where that is not known of each of them."""
    known = [m.lasting for m in direct if m.lasting is not None and m.lasting.before_ns is not None]
    if not known or len(known) < len(direct) or service.lasting is None:
        return None
    before_ns = max(lasting.before_ns for lasting in known if lasting.before_ns is not None)
    # Wrong later than all of them: there is another server behind the address.
    if service.lasting.after_ns > before_ns:
        return None
    return Interval(max(service.lasting.after_ns, *(lasting.after_ns for lasting in known)), before_ns)


def _lower(interval: Interval | None, direct: list[Interval | None], sent_ns: int) -> Interval | None:
    if interval is None:
        return None
    bounds = [sent_ns if d is None else d.after_ns for d in direct] or [sent_ns]
    return Interval(min(interval.after_ns, *bounds), interval.before_ns)
