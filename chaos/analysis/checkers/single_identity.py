"""Was there ever more than one pod serving under one identity?"""

from __future__ import annotations

from chaos.analysis.checkers.verdicts import combine, judged_trials
from chaos.analysis.overlap import overlaps
from chaos.analysis.trials import not_replaced
from chaos.analysis.units import ms, seconds
from chaos.model import History, Verdict

NAME = "single-identity"


def single_identity(history: History) -> Verdict:
    """`fail` where two answered at once, or another pod under this one's name; `ok` only where that is excluded."""
    judged, unknowns = judged_trials(history)
    failures = []
    keys = {t.key for t in judged}
    mine = [o for o in overlaps(history) if o.trial.key in keys]
    for found in mine:
        pod = found.trial.target.name
        where = f"trial {found.trial.number}"
        if missing := not_replaced(found.trial):
            unknowns.append(f"{where}: {missing}")
            continue
        if found.at_least_ns > 0:
            failures.append(f"{where}: two pods served as {pod} for at least {ms(found.at_least_ns)}")
        failures += [f"{where}: {who} answered {n} times under the name {pod}" for who, n in found.impostors]
        if found.unknown:
            unknowns.append(f"{where}: {found.unknown}")
        elif found.at_most_ns is None:
            unknowns.append(f"{where}: the old {pod} was never seen to stop serving")
        elif found.at_most_ns > 0 and not found.at_least_ns:
            unknowns.append(f"{where}: two pods may have served as {pod} for up to {seconds(found.at_most_ns)}")
    success = f"In {len(mine)} of {len(mine)} replacements no two pods served under one identity."
    return combine(NAME, failures=failures, unknowns=unknowns, success=success, evidence=("report.md identity",))
