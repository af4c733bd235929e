"""Trials: which samples and events belong to which fault and pod."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from chaos.analysis.lifecycle import Replacement, replacement
from chaos.analysis.memo import once_per_history
from chaos.model import FaultWindow, History, PodIdentity, Series

NS_PER_S = 1_000_000_000
_LOOKBACK_S = 5.0
_LOOKBACK_PERIODS = 3


class Sample(NamedTuple):
    """One sample of a series; `outcome` is its position in the history's outcomes."""

    sent_ns: int
    received_ns: int
    outcome: int


@dataclass(frozen=True, slots=True)
class Trial:
    """One accepted fault as it concerns one of its targets.

    Attributes:
        accepted_ns: t0, the moment from which a report counts.
        baseline_ns: samples from here to the fault are evidence of the state before it, also where they fall into the
            trial before.
        end_ns: the last instant that belongs to the trial.
        until_ns: the last instant before a fault hits the same pod again: a trial may end while its old container,
            already replaced, still serves.
    """

    fault: FaultWindow
    target: PodIdentity
    accepted_ns: int
    baseline_ns: int
    end_ns: int
    until_ns: int
    life: Replacement

    @property
    def number(self) -> int:
        return self.fault.trial

    @property
    def key(self) -> tuple[int, str]:
        """Trial number and pod name: unique in a history."""
        return self.fault.trial, self.target.name

    @property
    def sent_ns(self) -> int:
        return self.fault.sent_ns

    def seconds(self, at_ns: int) -> float:
        """Seconds since the fault was accepted."""
        return (at_ns - self.accepted_ns) / NS_PER_S


@once_per_history
def trials(history: History) -> list[Trial]:
    """Every accepted fault that replaces its targets, with each of them, by trial and pod name."""
    last_ns = _last_ns(history)
    lookback_ns = _lookback_ns(history)
    found = []
    for fault in history.faults:
        if fault.accepted_ns is None or not fault.replaces:
            continue
        end_ns = fault.ended_ns if fault.ended_ns is not None else max(last_ns, fault.accepted_ns)
        for target in fault.targets:
            again_ns = _hit_again_ns(history, fault, target)
            until_ns = again_ns or max(last_ns, end_ns)
            mine_ns = end_ns if again_ns is None else min(end_ns, again_ns)  # a fault within another one's time
            life = replacement(history, fault, target, mine_ns)
            baseline_ns = max(0, fault.sent_ns - lookback_ns)
            found.append(Trial(fault, target, fault.accepted_ns, baseline_ns, mine_ns, until_ns, life))
    return sorted(found, key=lambda t: t.key)


def no_effect(trial: Trial) -> str:
    """Why the fault did not take effect on this pod; empty where its deletion was seen to begin."""
    if not trial.life.watched:
        return "no event of the pod was seen"
    if not trial.life.terminating:
        return f"the pod {trial.target.name} with UID {trial.target.uid} was never seen to be deleted"
    return ""


def not_replaced(trial: Trial) -> str:
    """What was missing at the trial's end, where the fault took effect; empty where a new pod was Ready."""
    waited = f"{trial.seconds(trial.end_ns):.1f} s after the deletion"
    if trial.life.old_gone_ns is None:
        return f"the old pod {trial.target.name} was still there {waited}"
    if trial.life.new_pod is None:
        return f"there was no new pod {trial.target.name} {waited}"
    if trial.life.ready_ns is None:
        return f"the new pod {trial.target.name} was not Ready {waited}"
    return ""


def end_unseen(history: History, trial: Trial) -> str:
    """Why what was not there at the trial's end may still have come; empty where the run waited long enough to say no.

    Long enough: to the run's limit, and as long as the old pod was allowed to take to end.
    """
    waited_s = trial.seconds(trial.end_ns)
    within_s = history.meta.parameters.get("within_s")
    grace_s = trial.life.grace_s or 0
    if trial.fault.ended_ns is None:
        return f"the run was cut {waited_s:.1f} s after the deletion in trial {trial.number}"
    if isinstance(within_s, int | float) and waited_s < within_s:
        return f"trial {trial.number} ended {waited_s:.1f} s after the deletion, before its limit of {within_s:g} s"
    if trial.life.old_gone_ns is None and waited_s < grace_s:
        return (
            f"trial {trial.number} ended {waited_s:.1f} s after the deletion, and the old {trial.target.name} had "
            f"{grace_s} s to end"
        )
    if trial.life.blind:
        return f"the watch of pods was disturbed when trial {trial.number} ended"
    return ""


def samples_between(history: History, series: Series, from_ns: int, to_ns: int) -> Iterator[Sample]:
    """The samples of a series whose question was sent in [from_ns, to_ns], in order of receipt."""
    columns = history.samples.get(series.id)
    if columns is None:
        return
    # Only received_ns is sorted; what was sent by to_ns was received, or given up, within the timeout and a margin.
    low = bisect_left(columns.received_ns, from_ns)
    high = bisect_right(columns.received_ns, to_ns + round(2 * series.timeout_s * NS_PER_S) + NS_PER_S)
    rows = zip(columns.sent_ns[low:high], columns.received_ns[low:high], columns.outcome[low:high], strict=True)
    for sent_ns, received_ns, outcome in rows:
        if from_ns <= sent_ns <= to_ns:
            yield Sample(sent_ns, received_ns, outcome)


def _hit_again_ns(history: History, fault: FaultWindow, target: PodIdentity) -> int | None:
    later = (f for f in history.faults if f.sent_ns > fault.sent_ns)
    return min((f.sent_ns for f in later if any(t.name == target.name for t in f.targets)), default=None)


def _lookback_ns(history: History) -> int:
    """Far enough back for a few samples of every series."""
    slowest_s = max((s.period_s for s in history.series), default=0.0)
    return round(max(_LOOKBACK_S, _LOOKBACK_PERIODS * slowest_s) * NS_PER_S)


def _last_ns(history: History) -> int:
    received = (s.received_ns[-1] for s in history.samples.values() if len(s))
    return max(max(received, default=0), max((e.at_ns for e in history.events), default=0))
