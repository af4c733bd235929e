"""Was there ever more than one pod serving under one identity?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.checkers.verdicts import judged_trials
from chaos.analysis.claims import Finding, against, checker, holds, unsure
from chaos.analysis.overlap import Overlap, overlaps
from chaos.analysis.reading import Reading
from chaos.analysis.trials import not_replaced
from chaos.analysis.units import at_most_ns, between, count, out_of
from chaos.model import Interval


@checker("report.md identity")
def single_identity(reading: Reading) -> Iterator[Finding]:
    """`fail` where two answered at once, or another pod under this one's name; `ok` only where that is excluded."""
    judged, missing = judged_trials(reading)
    yield from map(unsure, missing)
    keys = {t.key for t in judged}
    mine = [o for o in overlaps(reading) if o.trial.key in keys]
    for found in mine:
        yield from _of_one(found)
    all_of = out_of(len(mine), len(mine), "replacement")
    yield holds(f"In {all_of} no two pods served under one identity.")


def _of_one(found: Overlap) -> Iterator[Finding]:
    pod, where = found.trial.target.name, f"trial {found.trial.number}"
    if missing := not_replaced(found.trial):
        yield unsure(f"{where}: {missing}")
        return
    if found.at_least_ns > 0:
        yield against(f"{where}: two pods served as {pod} for {between(Interval(found.at_least_ns, None))}")
    for who, times in found.impostors:
        yield against(f"{where}: {who} answered {count(times, 'time')} under the name {pod}")
    if found.unknown:
        yield unsure(f"{where}: {found.unknown}")
    elif found.at_most_ns is None:
        yield unsure(f"{where}: the old {pod} was never seen to stop serving")
    elif found.at_most_ns > 0 and not found.at_least_ns:
        yield unsure(f"{where}: two pods may have served as {pod} for {at_most_ns(found.at_most_ns)}")
