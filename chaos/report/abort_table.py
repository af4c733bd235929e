"""What could have ended the run early (``--abort-if``), and what was seen of it."""

from __future__ import annotations

from typing import Any

from chaos.analysis.reading import Reading


def abort_rows(reading: Reading) -> list[dict[str, str]]:
    """One row a condition; a run.json may say anything."""
    rows = reading.meta.measurement.get("abort_conditions")
    return [_row(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _row(row: dict[str, Any]) -> dict[str, str]:
    at_s, unknown_s = row.get("at_s"), row.get("unknown_s")
    return {
        "condition": str(row.get("condition", "")),
        "result": str(row.get("result", "")),
        "value": str(row.get("value", "")),
        "looks": str(row.get("looks", "")),
        "at": f"{at_s:.3f}" if isinstance(at_s, int | float) else "",
        "unknown": f"for {unknown_s:.1f} s" if isinstance(unknown_s, int | float) and unknown_s > 0 else "",
    }
