"""Conditions of ``--abort-if`` in a copy for others: queries, labels and names of objects are left out."""

from __future__ import annotations

from typing import Any

from chaos.options.conditions import FIGURES
from chaos.report.pseudonyms import LEFT_OUT

_ROWS = "abort_conditions"


def without_conditions(measurement: dict[str, Any]) -> dict[str, Any]:
    """What a run found out about itself, with conditions reduced to their kind."""
    found = dict(measurement)
    if isinstance(rows := measurement.get(_ROWS), list):
        found[_ROWS] = [_reduced(row) for row in rows if isinstance(row, dict)]
    if measurement.get("ended_early"):
        found["ended_early"] = without_values(str(measurement["ended_early"]), measurement)
    return found


def conditions_left_out(aborting: dict[str, Any]) -> dict[str, Any]:
    """Of parameters."""
    given = aborting.get("abort_if")
    kept = [_kind(str(one)) for one in given] if isinstance(given, list | tuple) else []
    return {**aborting, "abort_if": kept, "prometheus": LEFT_OUT if aborting.get("prometheus") else ""}


def without_values(text: str, measurement: dict[str, Any]) -> str:
    """A sentence without what conditions that are not figures say, and without what was seen of them."""
    rows = measurement.get(_ROWS)
    for row in rows if isinstance(rows, list) else ():
        condition, value = str(row.get("condition", "")), str(row.get("value", ""))
        if _is_figure(condition):
            continue
        for said in filter(None, (repr(condition), condition, value)):
            text = text.replace(said, LEFT_OUT).replace(" ".join(said.split()), LEFT_OUT)
    return text


def _reduced(row: dict[str, Any]) -> dict[str, Any]:
    condition = str(row.get("condition", ""))
    return row if _is_figure(condition) else {**row, "condition": _kind(condition), "value": LEFT_OUT}


def _is_figure(condition: str) -> bool:
    return condition.startswith(tuple(FIGURES))


def _kind(condition: str) -> str:
    """``prometheus: (left out)``, ``node: (left out)``; a figure as it is."""
    if _is_figure(condition):
        return condition
    head = condition.partition(":")[0].partition("/")[0]
    return f"{head}: {LEFT_OUT}"
