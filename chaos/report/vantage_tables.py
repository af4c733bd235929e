"""What several vantages saw of the same records: the first, the median and the last; and how each of them fared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import Recovery, recoveries
from chaos.analysis.trials import NS_PER_S
from chaos.analysis.vantages import losses, names, nodes, unsure
from chaos.model import Interval
from chaos.report.tables import to_csv

_EVENTS = ("lost", "recovered")
_ORDER = ("first", "median", "last")
VANTAGE_COLUMNS = (
    "trial",
    "pod",
    "record",
    "view",
    "event",
    "vantages",
    "seen_by",
    *(f"{which}_{bound}_s" for which in _ORDER for bound in ("after", "before")),
    "maybe_first",
    "maybe_last",
)


def is_worth_telling(reading: Reading) -> bool:
    """Whether there is more to tell than that this process probed."""
    return names(reading) not in ([], ["local"]) or bool(losses(reading))


@dataclass(frozen=True, slots=True)
class Spread:
    """When several vantages saw one change.

    Attributes:
        asked: vantages that watched the record in that trial.
        seen: interval by vantage, of those that saw it.
        unseen: vantages that watched it to the end and did not see it.
    """

    recovery: Recovery
    event: str
    asked: int
    seen: dict[str, Interval]
    unseen: tuple[str, ...]

    @property
    def first(self) -> Interval:
        """The first change that any of them saw: no later than the earliest upper bound, no earlier than any lower."""
        return self._of(min, self.seen.values())

    @property
    def middle(self) -> Interval:
        """The median of their instants, which lies between the medians of the bounds."""
        return self._of(lambda values: round(median(values)), self.seen.values())

    @property
    def last(self) -> Interval:
        return self._of(max, self.seen.values())

    @staticmethod
    def _of(choose: Callable[[Iterable[int]], int], intervals: Iterable[Interval]) -> Interval:
        found = list(intervals)
        return Interval(choose([i.after_ns for i in found]), choose([i.before_ns or i.after_ns for i in found]))

    @property
    def maybe_first(self) -> list[str]:
        """Every vantage that can have been the first, as far as the intervals tell."""
        limit_ns = self.first.before_ns or 0
        return [name for name, i in self.seen.items() if i.after_ns < limit_ns]

    @property
    def maybe_last(self) -> list[str]:
        limit_ns = self.last.after_ns
        return [name for name, i in self.seen.items() if (i.before_ns or i.after_ns) > limit_ns]


def spreads(reading: Reading) -> list[Spread]:
    """Every change of every record at every view that at least one vantage saw, by trial, record and view."""
    groups: dict[tuple[Any, ...], list[Recovery]] = {}
    for recovery in recoveries(reading):
        if recovery.kind is not RecordKind.PTR:
            groups.setdefault((*recovery.trial.key, recovery.record, recovery.view), []).append(recovery)
    found = []
    for _, group in sorted(groups.items()):
        for event in _EVENTS:
            seen = {r.vantage: i for r in group if (i := getattr(r, event)) is not None and i.before_ns is not None}
            unseen = tuple(r.vantage for r in group if r.vantage not in seen and not r.reason)
            if seen:
                found.append(Spread(group[0], event, len(group), seen, unseen))
    return found


def vantages_csv(reading: Reading) -> str:
    """One row per trial, record, view and event (lost, recovered); seconds since that fault was accepted."""
    rows = []
    for spread in spreads(reading):
        trial = spread.recovery.trial
        row: dict[str, object] = {
            "trial": trial.number,
            "pod": trial.target.name,
            "record": spread.recovery.record,
            "view": spread.recovery.view,
            "event": spread.event,
            "vantages": spread.asked,
            "seen_by": len(spread.seen),
            "maybe_first": " ".join(spread.maybe_first),
            "maybe_last": " ".join(spread.maybe_last),
        }
        for which, interval in zip(_ORDER, (spread.first, spread.middle, spread.last), strict=True):
            row[f"{which}_after_s"] = _seconds(interval.after_ns - trial.accepted_ns, 6)
            row[f"{which}_before_s"] = _seconds((interval.before_ns or 0) - trial.accepted_ns, 6)
        rows.append(row)
    return to_csv(rows, VANTAGE_COLUMNS)


def vantage_rows(reading: Reading) -> list[dict[str, str]]:
    """One row per vantage: where it was, what it delivered, what is known of its clock, what happened to it."""
    where, lost = nodes(reading), losses(reading)
    counted = {str(v["name"]): v for v in reading.meta.measurement.get("vantages") or []}
    rows = []
    for name in list(dict.fromkeys([*names(reading), *lost])):
        mine = [reading.count(s) for s in reading.series if s.vantage == name]
        clock = (counted.get(name) or {}).get("clock") or {}
        rows.append(
            {
                "name": name,
                "node": where.get(name) or (lost[name].node if name in lost else "") or "this process",
                "samples": str(sum(mine)),
                "offset": _clock_offset(clock),
                "bound": f"{clock['bound_median_ms']:.2f} / {clock['bound_max_ms']:.2f}" if clock.get("points") else "",
                "drift": f"{clock['drift_ppm']:.0f} ± {clock['drift_error_ppm']:.0f}" if "drift_ppm" in clock else "",
                "remarks": "; ".join(_remarks(reading, name)),
            }
        )
    return rows


def _clock_offset(clock: dict[str, Any]) -> str:
    if not clock.get("points"):
        return "the run's own clock"
    return f"{clock['offset_start_ms']:.1f} to {clock['offset_end_ms']:.1f}"


def _remarks(reading: Reading, name: str) -> Iterable[str]:
    for _, what, details in reading.marks:
        if what == "vantage-gap" and details.get("vantage") == name:
            length_s = (details["to_ns"] - details["from_ns"]) / NS_PER_S
            yield f"it was not heard for {length_s:.1f} s, and what it sampled then was delivered afterwards"
    for span in unsure(reading):
        if span.vantage == name:
            yield f"clock not known from {_seconds(span.from_ns, 2)} to {_seconds(span.to_ns, 2)} s: {span.reason}"
    loss = losses(reading).get(name)
    if loss is not None:
        yield f"lost at {_seconds(loss.at_ns, 2)} s of the run: {loss.reason}"


def spread_rows(reading: Reading) -> list[dict[str, str]]:
    """Medians over all trials, by kind of record, view and event."""
    groups: dict[tuple[str, str, str], list[Spread]] = {}
    for spread in spreads(reading):
        kind = spread.recovery.kind.value
        groups.setdefault((kind, spread.recovery.view, spread.event), []).append(spread)
    rows = []
    for (kind, view, event), group in groups.items():
        apart = sum(s.first.before_ns is not None and s.first.before_ns <= s.last.after_ns for s in group)
        rows.append(
            {
                "record": kind,
                "view": view,
                "event": event,
                "n": str(len(group)),
                "first": _middle_of(group, lambda s: s.first),
                "median": _middle_of(group, lambda s: s.middle),
                "last": ("not by all; " if any(s.unseen for s in group) else "") + _middle_of(group, lambda s: s.last),
                "apart": f"{apart} of {len(group)}",
            }
        )
    return rows


def node_rows(reading: Reading) -> list[dict[str, str]]:
    """Medians over all trials and vantages of a node, for pods' own A records, by node, view and event."""
    where = nodes(reading)
    groups: dict[tuple[str, str, str], list[int]] = {}
    for recovery in recoveries(reading):
        if recovery.kind is not RecordKind.POD_A:
            continue
        for event in _EVENTS:
            interval = getattr(recovery, event)
            if interval is not None and interval.before_ns is not None:
                key = (where.get(recovery.vantage) or "this process", recovery.view, event)
                groups.setdefault(key, []).append(interval.before_ns - recovery.trial.cause_ns)
    return [
        {"node": node, "view": view, "event": event, "n": str(len(found)), "median": _seconds(round(median(found)), 3)}
        for (node, view, event), found in sorted(groups.items())
    ]


def _middle_of(group: list[Spread], of: Callable[[Spread], Interval]) -> str:
    """The median over trials of an instant's bounds, as an interval."""
    after = [of(s).after_ns - s.recovery.trial.cause_ns for s in group]
    before = [(of(s).before_ns or 0) - s.recovery.trial.cause_ns for s in group]
    return f"{_seconds(round(median(after)), 3)} to {_seconds(round(median(before)), 3)}"


def _seconds(duration_ns: int, decimals: int) -> str:
    # Plus nothing: no bound reads as -0.000.
    return f"{round(round(duration_ns / 1000) * 1000 / NS_PER_S, decimals) + 0.0:.{decimals}f}"
