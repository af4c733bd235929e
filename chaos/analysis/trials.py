"""Trials: which samples and events belong to which fault and pod."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaos.analysis.causes import Cause, cause_of
from chaos.analysis.claims import known
from chaos.analysis.lifecycle import Replacement, replacement
from chaos.analysis.reading import Reading, once
from chaos.analysis.units import seconds, stated
from chaos.model import FaultWindow, Interval, PodIdentity

NS_PER_S = 1_000_000_000
_LOOKBACK_S = 5.0
_LOOKBACK_PERIODS = 3
# Within this an answer stands for the instant of the acceptance, where a limit, which is of seconds, counts from it.
_ANSWERED_SOON_NS = NS_PER_S // 10


@dataclass(frozen=True, slots=True)
class Trial:
    """One accepted fault as it concerns one of its targets.

    Attributes:
        fault: with all of its targets.
        target: the pod as it was before the fault.
        accepted_ns: when the fault was accepted, of several requests the last one.
        origin: the target's own cause, whose instant is its t0: from there a report counts.
        baseline_ns: samples from here to the fault are evidence of the state before it, also where they fall into the
            trial before.
        end_ns: the last instant that belongs to the trial.
        until_ns: the last instant before a fault hits the same pod again: a trial may end while its old container,
            already replaced, still serves.
        life: what the watches showed of its replacement.
    """

    fault: FaultWindow
    target: PodIdentity
    accepted_ns: int
    baseline_ns: int
    end_ns: int
    until_ns: int
    life: Replacement
    origin: Cause

    @property
    def number(self) -> int:
        return self.fault.trial

    @property
    def key(self) -> tuple[int, str]:
        """Trial number and pod name: unique in a reading."""
        return self.fault.trial, self.target.name

    @property
    def sent_ns(self) -> int:
        return self.fault.sent_ns

    @property
    def cause(self) -> str:
        """What happened at t0, in words: "its deletion was accepted"."""
        return self.origin.what

    @property
    def cause_ns(self) -> int:
        """t0, on the run's clock."""
        return self.origin.interval.before_ns or 0

    @property
    def limit_ns(self) -> int:
        """From when a limit counts, at the latest: the fault's acceptance, or the own cause where that came later."""
        return max(self.accepted_ns, self.origin.known.before_ns or 0)

    def seconds(self, at_ns: int) -> float:
        """Seconds since t0."""
        return (at_ns - self.cause_ns) / NS_PER_S

    def against_limit(self, at: Interval) -> Interval:
        """What of a limit an instant had used up, in nanoseconds: the least and the most.

        A deletion that the watch showed may have come before that, so that more had been used up. So may an acceptance
        that took long to be answered, or that only reading back had shown.
        """
        if self.accepted_ns - self.sent_ns > _ANSWERED_SOON_NS:
            earliest_ns = max(self.sent_ns, (self.origin.known if self.origin.seen else self.origin.interval).after_ns)
        else:
            earliest_ns = max(self.accepted_ns, self.origin.known.after_ns)
        return Interval(at.after_ns - self.limit_ns, None if at.before_ns is None else at.before_ns - earliest_ns)


@once
def trials(reading: Reading) -> list[Trial]:
    """Every accepted fault that replaces its targets, with each of them, by trial and pod name."""
    last_ns = _last_ns(reading)
    lookback_ns = _lookback_ns(reading)
    found = []
    for fault in reading.faults:
        if fault.accepted_ns is None or not fault.replaces:
            continue
        end_ns = fault.ended_ns if fault.ended_ns is not None else max(last_ns, fault.accepted_ns)
        for target in fault.targets:
            again_ns = _hit_again_ns(reading, fault, target)
            until_ns = again_ns or max(last_ns, end_ns)
            mine_ns = end_ns if again_ns is None else min(end_ns, again_ns)  # a fault within another one's time
            life = replacement(reading, fault, target, mine_ns)
            baseline_ns = max(0, fault.sent_ns - lookback_ns)
            origin = cause_of(fault, target, life, fault.accepted_ns)
            found.append(Trial(fault, target, fault.accepted_ns, baseline_ns, mine_ns, until_ns, life, origin))
    return sorted(found, key=lambda t: t.key)


def no_effect(trial: Trial) -> str:
    """Why the fault did not take effect on this pod; empty where its deletion was seen to begin."""
    if not trial.life.watched:
        return "no event of the pod was seen"
    if not trial.life.terminating:
        return f"the pod {trial.target.name} with UID {trial.target.uid} was never seen to be deleted"
    if trial.life.already:
        return f"the pod {trial.target.name} was being deleted already when the fault came"
    return ""


def not_replaced(trial: Trial) -> str:
    """What was missing at the trial's end, where the fault took effect; empty where a new pod was Ready."""
    waited = f"{seconds(trial.end_ns - trial.cause_ns)} after {trial.origin.noun}"
    if trial.life.old_gone_ns is None:
        return f"the old pod {trial.target.name} was still there {waited}"
    if trial.life.new_pod is None:
        return f"there was no new pod {trial.target.name} {waited}"
    if trial.life.ready_ns is None:
        return f"the new pod {trial.target.name} was not Ready {waited}"
    if trial.life.new_gone:
        return f"the new pod {trial.target.name} was gone again {waited}"
    return ""


def counted_in(found: Sequence[Trial], otherwise: str = "replacement") -> str:
    """What is counted where each is of one of these: ``trial``, or ``replacement``, where no two are of the same."""
    if len({trial.number for trial in found}) == len(found):
        return "trial"
    return "replacement" if len({trial.key for trial in found}) == len(found) else otherwise


def alike(found: Sequence[Trial]) -> bool:
    """Whether they repeat the same: pods of one set, one kind of fault on as many pods, and the same t0."""
    shapes = {
        (t.fault.fault, len(t.fault.targets), t.cause, t.target.name.rpartition("-")[0], str(t.fault.parameters))
        for t in found
    }
    return len(shapes) <= 1


def named_cause(found: Iterable[Trial]) -> str:
    """What the seconds of these trials count from, behind "after": "the deletion"."""
    return " or ".join(dict.fromkeys(trial.origin.noun for trial in found))


def steady_again_ns(reading: Reading, fault: FaultWindow) -> int:
    """When the state after a fault was found steady, and had been so for a moment.

    Raises:
        UnmeasuredError: it was not.
    """
    marks = ((at_ns, d) for at_ns, what, d in reading.marks if what == "steady-state" and d.get("trial") == fault.trial)
    reached = (at_ns for at_ns, details in marks if details.get("reached") and at_ns >= fault.sent_ns)
    return known(next(reached, None), f"the state after {fault.fault} was not seen to be steady")


def end_unseen(reading: Reading, trial: Trial) -> str:
    """Why what was not there at the trial's end may still have come; empty where the run waited long enough to say no.

    Long enough: to the run's limit, and as long as the old pod was allowed to take to end.
    """
    waited_ns, grace_s = trial.end_ns - trial.limit_ns, trial.life.grace_s or 0
    waited = f"{seconds(trial.end_ns - trial.cause_ns)} after {trial.origin.noun}"
    ended = f"trial {trial.number} ended {waited}"
    if trial.fault.ended_ns is None:
        return f"the run was cut {waited} in trial {trial.number}"
    if reading.within_ns is None:
        return f"{ended}, and the run names no limit"
    if waited_ns < reading.within_ns:
        return f"{ended}, before its limit of {stated(reading.within_ns / NS_PER_S)}"
    if trial.life.old_gone_ns is None and waited_ns < grace_s * NS_PER_S:
        return f"{ended}, and the old {trial.target.name} had {stated(grace_s)} to end"
    if trial.life.blind:
        return f"the watch of pods was disturbed when trial {trial.number} ended"
    return ""


def _hit_again_ns(reading: Reading, fault: FaultWindow, target: PodIdentity) -> int | None:
    later = (f for f in reading.faults if f.sent_ns > fault.sent_ns)
    return min((f.sent_ns for f in later if any(t.name == target.name for t in f.targets)), default=None)


def _lookback_ns(reading: Reading) -> int:
    """Far enough back for a few samples of every series."""
    slowest_s = reading.period_s(reading.series)
    return round(max(_LOOKBACK_S, _LOOKBACK_PERIODS * slowest_s) * NS_PER_S)


def _last_ns(reading: Reading) -> int:
    return max(reading.last_received_ns, max((e.at_ns for e in reading.events), default=0))
