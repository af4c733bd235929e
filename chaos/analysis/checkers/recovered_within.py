"""Was every A record right again in time, in every view?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.checkers.verdicts import judged_trials
from chaos.analysis.claims import Finding, against, checker, holds, known, need, unsure
from chaos.analysis.reading import Reading
from chaos.analysis.records import IPV6, RecordKind
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.analysis.trials import NS_PER_S, named_cause
from chaos.analysis.units import at_most_ns, between, count, out_of, seconds, stated
from chaos.analysis.vantages import losses, names
from chaos.model import Interval

_A_RECORDS = (RecordKind.POD_A, RecordKind.SERVICE_A, *IPV6)


@checker("recoveries.csv")
def recovered_within(reading: Reading) -> Iterator[Finding]:
    """Judges when each record was right for good.

    `ok` where the upper bound is in time and known answers cover the trial, `fail` where it was seen wrong after the
    limit. The limit counts from the fault's acceptance, and from the pod's own cause where that came later, as in a
    rolling update.
    """
    limit_ns = known(reading.within_ns, "the run names no limit (within_s)")
    judged, missing = judged_trials(reading)
    yield from map(unsure, missing)
    keys = {t.key for t in judged}
    asked = [r for r in recoveries(reading) if r.trial.key in keys and r.kind in _A_RECORDS]
    measured, left_out = _without_lost_vantages(asked, limit_ns)
    several = len(names(reading)) > 1
    for trial in judged:
        if not any(r.trial.key == trial.key for r in measured):
            yield unsure(f"trial {trial.number}: no A record of {trial.target.name} was asked for")
    for recovery in measured:
        late, reason = _judge(recovery, limit_ns)
        if reason:
            yield (against if late else unsure)(f"{_where(recovery, several=several)} {reason}")
    need(measured, "no A record was asked for")
    yield holds(_in_time(measured, limit_ns))
    if several:
        yield holds(_from_where(reading, measured, left_out))


def _where(recovery: Recovery, *, several: bool) -> str:
    where = f"trial {recovery.trial.number} {recovery.record} at {recovery.view}"
    return f"{where} from {recovery.vantage}" if several else where


def _in_time(measured: list[Recovery], limit_ns: int) -> str:
    lasting = [r.trial.against_limit(r.lasting) for r in measured if r.lasting is not None]
    back_ns = [used.before_ns for used in lasting if used.before_ns is not None]
    # Pods of one fault share the records of their service.
    cases = {(r.trial.number, r.record, r.view, r.vantage): r.outcome for r in measured}
    wrong = sum(outcome is not RecoveryOutcome.NEVER_LOST for outcome in cases.values())
    since = named_cause(r.trial for r in measured)
    what = "A and AAAA record" if any(r.kind in IPV6 for r in measured) else "A record"
    text = f"Every {what} was right within {stated(limit_ns / NS_PER_S)} of {since}, at every view."
    if not wrong:
        return f"{text} None was ever seen wrong."
    of_all = f"In {out_of(wrong, len(cases), 'case')} (a record at a view after a fault) it was wrong for a time."
    return f"{text} {of_all} The last was right for good {at_most_ns(max(back_ns, default=0))} after {since}."


def _without_lost_vantages(asked: list[Recovery], limit_ns: int) -> tuple[list[Recovery], list[Recovery]]:
    """Those to be judged, and those that their vantage could not measure while another one measured the same.

    What one saw wrong after the limit counts, also where it was lost later; and what it saw wrong when the others saw
    it right leaves it open.
    """
    measured: dict[tuple[tuple[int, str], str, str], int] = {}
    for r in asked:
        if not r.reason and r.covered:
            right_ns = (r.lasting.before_ns if r.lasting else None) or 0
            key = (r.trial.key, r.record, r.view)
            measured[key] = max(measured.get(key, 0), right_ns)
    unable = [r for r in asked if r.reason and not _judge(r, limit_ns)[0]]
    left_out = [r for r in unable if _seen_wrong_ns(r) <= measured.get((r.trial.key, r.record, r.view), -1)]
    return [r for r in asked if r not in left_out], left_out


def _seen_wrong_ns(recovery: Recovery) -> int:
    """When it was last seen wrong, where it was not seen right for good since; else 0."""
    return recovery.lasting.after_ns if recovery.lasting is not None and recovery.lasting.before_ns is None else 0


def _from_where(reading: Reading, measured: list[Recovery], left_out: list[Recovery]) -> str:
    """Which vantages that rests on."""
    known_names = names(reading)
    lost = losses(reading)
    whole = [name for name in known_names if name not in lost and not any(r.vantage == name for r in left_out)]
    text = (
        f"Measured from {count(len({r.vantage for r in measured}), 'vantage')}; {count(len(whole))} of "
        f"{count(len(known_names))} measured throughout."
    )
    missing = [f"{name} ({lost[name].reason})" for name in known_names if name in lost]
    if missing:
        text += f" Lost: {'; '.join(missing)}."
    if left_out:
        text += f" Others measured what a vantage could not: {count(len(left_out), 'pair')}."
    return text


def _judge(recovery: Recovery, limit_ns: int) -> tuple[bool, str]:
    """Whether it was too late, and otherwise why that is not known; neither where it was in time."""
    if recovery.outcome is RecoveryOutcome.NEVER_LOST:
        return False, ""
    used = None if recovery.lasting is None else recovery.trial.against_limit(recovery.lasting)
    if used is None or (used.before_ns is None and used.after_ns < 0):  # no answer since says anything
        return False, f"is unknown: {recovery.reason or _silence(recovery)}"
    after_ns, before_ns = used.after_ns, used.before_ns
    if before_ns is None:
        late = after_ns > limit_ns
        seen = f"was not right {seconds(after_ns)} after {recovery.trial.origin.noun}, when it was last seen wrong"
        return late, f"is unknown: {recovery.reason}" if recovery.reason and not late else seen
    if before_ns > limit_ns:
        lasting = "for good " if recovery.flips else ""
        return after_ns > limit_ns, f"was right again {lasting}{between(Interval(after_ns, before_ns))} after the fault"
    return False, _not_shown(recovery)


def _not_shown(recovery: Recovery) -> str:
    """Why a record that was seen right in time may not have been right all the time since; empty where it was."""
    if not recovery.covered:
        return f"is unknown: {_silence(recovery)}"
    if recovery.stable_before_ns is None:
        return "is unknown: too few right answers followed the last wrong one"
    return ""


def _silence(recovery: Recovery) -> str:
    return f"for {seconds(recovery.longest_gap_ns)} no answer said anything"
