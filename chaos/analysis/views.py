"""Which DNS servers of a run could be heard."""

from __future__ import annotations

from chaos.analysis.reading import Reading

_SILENT = ("TIMEOUT", "UNREACHABLE")


def views(reading: Reading) -> list[str]:
    """All that were asked, by name."""
    return sorted({series.view for series in reading.series_of(probe="dns")})


def silent_views(reading: Reading, from_ns: int, to_ns: int) -> list[str]:
    """Those that answered nothing in a time; what is asked just before its end may be answered after it."""

    def spoke(view: str) -> bool:
        asked = reading.sampled(from_ns, to_ns, probe="dns", view=view)
        return any(s.outcome.status not in _SILENT for s in asked if s.received_ns < to_ns)

    return [view for view in views(reading) if not spoke(view)]
