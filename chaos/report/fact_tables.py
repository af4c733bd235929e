"""What the method itself measured, as tables, and what became of the names and clients that it watched."""

from __future__ import annotations

from typing import Any

from chaos.analysis.reading import Reading
from chaos.analysis.transitions import transitions
from chaos.analysis.trials import NS_PER_S
from chaos.model import Interval, Outcome
from chaos.report.watched import watched_series
from chaos.report.wording import words

_ROWS = 60
_CHANGES = 12
_DECIMALS = ".3f"
# Notes that the tool itself writes down for every method.
_ALWAYS = {"not-ready": "Pods that were not Ready in time, and why:"}


def fact_tables(reading: Reading) -> list[dict[str, Any]]:
    """One table for each kind of note that the experiment names, in its order; kinds without notes are left out."""
    found = []
    for kind, caption in (_ALWAYS | (reading.meta.parameters.get("tables") or {})).items():
        rows = [(at_ns, details) for at_ns, what, details in reading.marks if what == kind]
        if not rows:
            continue
        columns = list(dict.fromkeys(key for _, details in rows for key in details))
        found.append(
            {
                "caption": caption,
                "columns": [column.replace("_", " ") for column in columns],
                "rows": [
                    [f"{at_ns / NS_PER_S:.3f}", *(words(details.get(column), _DECIMALS) for column in columns)]
                    for at_ns, details in rows[:_ROWS]
                ],
                "hidden": max(0, len(rows) - _ROWS),
            }
        )
    return found


def watched_rows(reading: Reading) -> list[dict[str, str]]:
    """The changes of each series that was watched, in seconds of the run's clock."""
    rows = []
    for series in watched_series(reading):
        found = transitions(reading, series)
        steps = [f"{_at(change.at)}: {_state(change.after)}" for change in found[:_CHANGES]]
        rows.append(
            {
                "record": f"{series.probe} {series.record}",
                "view": series.view,
                "vantage": series.vantage,
                "steps": "; ".join(steps) + ("; …" if len(found) > _CHANGES else "") or "no answer",
            }
        )
    return rows


def _at(interval: Interval) -> str:
    before_ns = interval.after_ns if interval.before_ns is None else interval.before_ns
    return f"{before_ns / NS_PER_S:.3f}"


def _state(outcome: Outcome) -> str:
    said = ", ".join(outcome.values)
    phase = f" ({outcome.phase})" if outcome.status not in ("OK", "NOERROR") and outcome.phase != "answer" else ""
    return f"{outcome.status}{phase}{f' {said}' if said else ''}"
