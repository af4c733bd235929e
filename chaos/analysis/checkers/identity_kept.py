"""Did each replaced pod have its identity again by the end of its trial?"""

from __future__ import annotations

import math

from chaos.analysis.checkers.verdicts import combine, judged_trials
from chaos.analysis.identity import identities
from chaos.analysis.trials import not_replaced
from chaos.model import History, Verdict

NAME = "identity-kept"


def identity_kept(history: History) -> Verdict:
    """Name, ordinal, hostname, subdomain, claims, A, SRV and reverse record the same; the UID a new one.

    A pod that had no Ready successor within the run's limit did not keep its identity.
    """
    judged, unknowns = judged_trials(history)
    within_s = float(history.meta.parameters.get("within_s", math.inf))
    failures: list[str] = []
    keys = {t.key for t in judged}
    mine = [i for i in identities(history) if i.trial.key in keys]
    for identity in mine:
        where = f"trial {identity.trial.number} {identity.trial.target.name}"
        missing = not_replaced(identity.trial)
        if missing:
            # Long enough to judge only where the limit was over; a run that was cut short cannot tell, nor can a watch
            # that was disturbed then.
            late = identity.trial.seconds(identity.trial.end_ns) >= within_s and not identity.trial.life.blind
            (failures if late else unknowns).append(f"{where}: {missing}")
            continue
        failures += [f"{where}: {f.name} {f.note}" for f in identity.broken]
        unknowns += [f"{where}: {f.name} {f.note}" for f in identity.unmeasured]
    kept = [f.name for f in mine[0].facets if f.kept and f.name != "new UID"] if mine else []
    success = f"In {len(mine)} of {len(mine)} replacements {', '.join(kept)} were the same again, and the UID was new."
    return combine(NAME, failures=failures, unknowns=unknowns, success=success, evidence=("report.md identity",))
