"""What a run watched beside the recovery of pods: it has a lane in the picture and a row in a table each."""

from __future__ import annotations

from chaos.analysis.reading import Reading
from chaos.model import Series


def watched_series(reading: Reading) -> list[Series]:
    """What the method watched itself, in the order in which it began to.

    Where all faults left the pods in place, the workload's own names and the clients that use them too: no section
    about recoveries shows them.
    """
    ids = {i for _, what, details in reading.marks if what == "watching" for i in details.get("series", ())}
    own = bool(reading.faults) and not any(fault.replaces for fault in reading.faults)
    return [series for series in reading.series if series.id in ids or (own and _is_of_a_name(series))]


def _is_of_a_name(series: Series) -> bool:
    return series.probe == "http" or (series.probe == "dns" and series.record.startswith(("A ", "AAAA ")))
