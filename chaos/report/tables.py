"""recoveries.csv and summary.csv."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.analysis.statistics import Bound, Summary, bound, maximum, summarise
from chaos.analysis.trials import NS_PER_S, Trial
from chaos.report.escaping import csv_cell

RECOVERY_COLUMNS = (
    "trial",
    "fault",
    "pod",
    "record",
    "view",
    "outcome",
    "lost_after_s",
    "lost_before_s",
    "recovered_after_s",
    "recovered_before_s",
    "stable_before_s",
    "censored_after_s",
    "flips",
    "samples",
    "unknown_samples",
    "vantage",
    "reason",
    "cause_at",
)


def recoveries_csv(reading: Reading) -> str:
    """One row per trial, pod, record and view; seconds since that fault was accepted, with six decimals.

    Reverse records are not among them: the one of the new address is asked for only once that is known, so how long it
    was missing is not measured; the report's identity table says whether it was right at the end. Where a record was
    not recovered, `censored_after_s` tells until when that was seen, and `recovered_…` are empty. `cause_at` is the
    pod's own t0, from which the report counts (RFC 3339, UTC); empty where it is the fault's `accepted_at` in run.json.
    """
    return to_csv([_recovery_row(reading, r) for r in _ordered(reading)], RECOVERY_COLUMNS)


def summary_csv(reading: Reading) -> str:
    """One row per kind of record and view; a figure that is only a lower bound begins with ``>``.

    Seconds since the faults were accepted.
    """
    rows = []
    for (kind, view), group in _groups(reading).items():
        row: dict[str, object] = {"record_kind": kind.value, "view": view, "n": len(group)}
        row |= {str(o).replace("-", "_"): sum(r.outcome is o for r in group) for o in RecoveryOutcome}
        for name, figures in (("lost", lost(group)), ("recovered", recovered(group)), ("stable", stable(group))):
            row |= _figures(name, summarise(figures))
        widths = summarise(
            [Bound(r.recovered.width_ns) for r in group if r.recovered and r.recovered.width_ns is not None]
        )
        row |= {"width_median_s": _text(widths.median), "width_max_s": _text(widths.maximum)}
        row |= {"flips": sum(r.flips for r in group), "samples": sum(r.samples for r in group)}
        row["unknown_samples"] = sum(r.unknown for r in group)
        rows.append(row)
    return to_csv(rows, SUMMARY_COLUMNS)


_FIGURES = ("n", "censored", "median_s", "max_s", "p95_s", "p99_s")
SUMMARY_COLUMNS = (
    "record_kind",
    "view",
    "n",
    *(str(o).replace("-", "_") for o in RecoveryOutcome),
    *(f"{name}_{column}" for name in ("lost", "recovered", "stable") for column in _FIGURES),
    "width_median_s",
    "width_max_s",
    "flips",
    "samples",
    "unknown_samples",
)


CountsFrom = Callable[[Trial], int]


def since_accepted(trial: Trial) -> int:
    """Where the seconds of the tables begin: when the fault was accepted."""
    return trial.accepted_ns


def since_cause(trial: Trial) -> int:
    """Where those of the report begin: the pod's own t0."""
    return trial.cause_ns


def lost(group: Iterable[Recovery], zero: CountsFrom = since_accepted) -> list[Bound]:
    """Upper bounds of when each was lost."""
    return [bound(r.lost, zero(r.trial)) for r in group if r.lost is not None]


def recovered(group: Iterable[Recovery], zero: CountsFrom = since_accepted) -> list[Bound]:
    """Upper bounds of when each was right again; censored where it was not."""
    return [bound(r.recovered, zero(r.trial)) for r in group if r.recovered is not None]


def of_faults(group: Iterable[Recovery], figures: Callable[[list[Recovery], CountsFrom], list[Bound]]) -> list[Bound]:
    """One value a fault, the last of its pods' and vantages', since each pod's own t0."""
    by_fault: dict[int, list[Recovery]] = {}
    for r in group:
        by_fault.setdefault(r.trial.number, []).append(r)
    found = (maximum(figures(of_one, since_cause)) for of_one in by_fault.values())
    return [one for one in found if one is not None]


def stable(group: Iterable[Recovery], zero: CountsFrom = since_accepted) -> list[Bound]:
    """When each was right for good; censored where wrong answers came until too near the end to tell.

    A record that stayed right, but had too few answers before the end to prove it, is left out.
    """
    found = []
    for r in group:
        if r.stable_before_ns is not None:
            found.append(Bound(r.stable_before_ns - zero(r.trial)))
        elif r.recovered is not None and (r.recovered.before_ns is None or r.flips):
            found.append(Bound(r.recovered.after_ns - zero(r.trial), censored=True))
    return found


def grouped(reading: Reading) -> list[tuple[RecordKind, str, list[Recovery]]]:
    """Recoveries by kind of record and view, in the kinds' order."""
    return [(kind, view, group) for (kind, view), group in _groups(reading).items()]


def _groups(reading: Reading) -> dict[tuple[RecordKind, str], list[Recovery]]:
    kinds = list(RecordKind)
    groups: dict[tuple[RecordKind, str], list[Recovery]] = {}
    for recovery in sorted(_forward(reading), key=lambda r: (kinds.index(r.kind), r.view, r.trial.key)):
        groups.setdefault((recovery.kind, recovery.view), []).append(recovery)
    return groups


def _forward(reading: Reading) -> list[Recovery]:
    """All but the reverse records, whose absence is not measured."""
    return [r for r in recoveries(reading) if r.kind is not RecordKind.PTR]


def _ordered(reading: Reading) -> list[Recovery]:
    return sorted(_forward(reading), key=lambda r: (*r.trial.key, r.record, r.view, r.vantage))


def _recovery_row(reading: Reading, r: Recovery) -> dict[str, object]:
    back = r.recovered if r.recovered is not None and r.recovered.before_ns is not None else None
    censored = r.recovered is not None and r.recovered.before_ns is None

    def since(at_ns: int | None) -> str:
        return "" if at_ns is None else _seconds(at_ns - r.trial.accepted_ns)

    return {
        "trial": r.trial.number,
        "fault": r.trial.fault.fault,
        "pod": r.trial.target.name,
        "record": r.record,
        "view": r.view,
        "outcome": str(r.outcome),
        "lost_after_s": since(r.lost.after_ns if r.lost else None),
        "lost_before_s": since(r.lost.before_ns if r.lost else None),
        "recovered_after_s": since(back.after_ns if back else None),
        "recovered_before_s": since(back.before_ns if back else None),
        "stable_before_s": since(r.stable_before_ns),
        "censored_after_s": since(r.recovered.after_ns if censored and r.recovered else None),
        "flips": r.flips,
        "samples": r.samples,
        "unknown_samples": r.unknown,
        "vantage": r.vantage,
        "reason": r.reason,
        "cause_at": _cause_at(reading, r.trial),
    }


def _cause_at(reading: Reading, trial: Trial) -> str:
    cause_at = reading.wall_text(trial.cause_ns)
    return "" if cause_at == reading.wall_text(trial.accepted_ns) else cause_at


def _figures(name: str, summary: Summary) -> dict[str, object]:
    values = (summary.n, summary.censored, *map(_text, (summary.median, summary.maximum, summary.p95, summary.p99)))
    return {f"{name}_{column}": value for column, value in zip(_FIGURES, values, strict=True)}


def _text(value: Bound | None) -> str:
    if value is None:
        return ""
    return (">" if value.censored else "") + _seconds(value.value_ns)


def _seconds(duration_ns: int) -> str:
    # Whole microseconds first, so that -0.0000001 is not written as "-0.000000".
    return f"{round(duration_ns / 1000) * 1000 / NS_PER_S:.6f}"


def to_csv(rows: list[dict[str, object]], columns: tuple[str, ...]) -> str:
    """Rows as CSV with these columns."""
    safe = [{key: csv_cell(value) for key, value in one.items()} for one in rows]
    return str(pd.DataFrame(safe, columns=list(columns)).to_csv(index=False, lineterminator="\n"))
