"""The stage table: every boundary of every replacement, and the median of each."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.analysis.stages import Boundary, Timeline
from chaos.analysis.statistics import Bound, bound, median
from chaos.analysis.trials import alike
from chaos.report.bounds import at_least, at_most


@dataclass(frozen=True, slots=True)
class StageRow:
    """One boundary; `cells` are upper bounds in seconds since t0 of the column's own pod."""

    label: str
    cells: tuple[str, ...]
    median: str


def cause_of_all(lines: list[Timeline]) -> str:
    """What happened at t0 of every pod, in words; empty where it was not the same for all."""
    causes = {line.trial.cause for line in lines}
    return causes.pop() if len(causes) == 1 else ""


def heading(line: Timeline, lines: list[Timeline]) -> str:
    """Of a column: its trial and pod, and its cause where those of the lines differ."""
    name = f"{line.trial.number}: {line.trial.target.name}"
    return name if cause_of_all(lines) else f"{name}, since {line.trial.cause}"


def stage_rows(lines: list[Timeline], shown: list[Timeline]) -> list[StageRow]:
    """Rows in the order of the stages; the median is over all trials, not only those shown, where they are alike."""
    keys = list(dict.fromkeys((b.key, b.view) for line in lines for b in line.boundaries))
    order = (
        {b.key: position for position, b in enumerate(max(lines, key=lambda t: len(t.boundaries)).boundaries)}
        if lines
        else {}
    )
    keys.sort(key=lambda k: order.get(k[0], len(order)))
    rows, same = [], alike([line.trial for line in lines])
    for key, view in keys:
        found = [_find(line, key, view) for line in lines]
        figures = [
            None if b is None or b.interval is None else bound(b.interval, t.trial.cause_ns)
            for t, b in zip(lines, found, strict=True)
        ]
        middle = _text(median([f for f in figures if f is not None])) if same else "—"
        labels = {b.label for b in found if b is not None}
        label = labels.pop() if len(labels) == 1 else "t0"
        cells = tuple(_text(f) for t, f in zip(lines, figures, strict=True) if t in shown)
        rows.append(StageRow(label, cells, middle))
    return rows


def _find(line: Timeline, key: str, view: str) -> Boundary | None:
    return next((b for b in line.boundaries if (b.key, b.view) == (key, view)), None)


def _text(value: Bound | None) -> str:
    if value is None:
        return "not seen"
    return f"> {at_least(value.value_ns)}" if value.censored else at_most(value.value_ns)
