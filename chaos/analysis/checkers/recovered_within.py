"""Was every A record right again in time, in every view?"""

from __future__ import annotations

from chaos.analysis.checkers.verdicts import combine, judged_trials
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.analysis.trials import NS_PER_S
from chaos.analysis.units import seconds
from chaos.analysis.vantages import losses, names
from chaos.model import History, Verdict, VerdictOutcome

NAME = "recovered-within"
_A_RECORDS = (RecordKind.POD_A, RecordKind.SERVICE_A)


def recovered_within(history: History) -> Verdict:
    """Judges when each record was right for good.

    `ok` where the upper bound is in time and known answers cover the trial, `fail` where it was seen wrong after the
    limit.
    """
    within_s = history.meta.parameters.get("within_s")
    if not isinstance(within_s, int | float):
        return Verdict(NAME, VerdictOutcome.UNKNOWN, "The run names no limit (within_s).")
    limit_ns = round(within_s * NS_PER_S)
    judged, unknowns = judged_trials(history)
    failures: list[str] = []
    several = len(names(history)) > 1
    slowest_ns = 0
    keys = {t.key for t in judged}
    asked = [r for r in recoveries(history) if r.trial.key in keys and r.kind in _A_RECORDS]
    measured, left_out = _without_lost_vantages(asked, limit_ns)
    for trial in judged:
        if not any(r.trial.key == trial.key for r in measured):
            unknowns.append(f"trial {trial.number}: no A record of {trial.target.name} was asked for")
    for recovery in measured:
        where = f"trial {recovery.trial.number} {recovery.record} at {recovery.view}"
        if several:
            where += f" from {recovery.vantage}"
        late, reason = _judge(recovery, limit_ns)
        if late:
            failures.append(f"{where} {reason}")
        elif reason:
            unknowns.append(f"{where} {reason}")
        elif recovery.lasting is not None and recovery.lasting.before_ns is not None:
            slowest_ns = max(slowest_ns, recovery.lasting.before_ns - recovery.trial.accepted_ns)
    never = sum(r.outcome is RecoveryOutcome.NEVER_LOST for r in measured)
    success = (
        f"In all {len(measured)} pairs of an A record and a view it was right within {within_s:g} s: "
        f"{len(measured) - never} were lost and back in at most {seconds(slowest_ns)}, {never} never lost."
    )
    if several:
        success += f" {_from_where(history, measured, left_out)}"
    return combine(NAME, failures=failures, unknowns=unknowns, success=success, evidence=("recoveries.csv",))


def _without_lost_vantages(asked: list[Recovery], limit_ns: int) -> tuple[list[Recovery], list[Recovery]]:
    """Those to be judged, and those that their vantage could not measure while another one measured the same.

    What one saw wrong after the limit counts, also where it was lost later.
    """
    measured = {(r.trial.key, r.record, r.view) for r in asked if not r.reason and r.covered}
    unable = [r for r in asked if r.reason and not _judge(r, limit_ns)[0]]
    left_out = [r for r in unable if (r.trial.key, r.record, r.view) in measured]
    return [r for r in asked if r not in left_out], left_out


def _from_where(history: History, measured: list[Recovery], left_out: list[Recovery]) -> str:
    """Which vantages that rests on."""
    known = names(history)
    lost = losses(history)
    whole = [name for name in known if name not in lost and not any(r.vantage == name for r in left_out)]
    text = f"Measured from {len({r.vantage for r in measured})} vantages, from {len(whole)} of {len(known)} throughout."
    missing = [f"{name} ({lost[name].reason})" for name in known if name in lost]
    if missing:
        text += f" Lost on the way: {'; '.join(missing)}."
    if left_out:
        text += f" {len(left_out)} pairs that a vantage could not measure were measured by others."
    return text


def _judge(recovery: Recovery, limit_ns: int) -> tuple[bool, str]:
    """Whether it was too late, and otherwise why that is not known; neither where it was in time."""
    if recovery.outcome is RecoveryOutcome.NEVER_LOST:
        return False, ""
    if recovery.lasting is None:
        return False, f"is unknown: {recovery.reason or _silence(recovery)}"
    after_ns = recovery.lasting.after_ns - recovery.trial.accepted_ns
    if recovery.lasting.before_ns is None:
        late = after_ns > limit_ns
        seen = f"was not right {seconds(after_ns)} after the fault, when it was last seen wrong"
        return late, f"is unknown: {recovery.reason}" if recovery.reason and not late else seen
    before_ns = recovery.lasting.before_ns - recovery.trial.accepted_ns
    if before_ns > limit_ns:
        lasting = "for good " if recovery.flips else ""
        return after_ns > limit_ns, f"was right again {lasting}between {seconds(after_ns)} and {seconds(before_ns)}"
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
