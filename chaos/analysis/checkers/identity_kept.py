"""Did each replaced pod have its identity again by the end of its trial?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.checkers.verdicts import judged_trials
from chaos.analysis.claims import Finding, against, checker, holds, need, unsure
from chaos.analysis.identity import identities
from chaos.analysis.reading import Reading
from chaos.analysis.trials import not_replaced
from chaos.analysis.units import out_of


@checker("report.md identity")
def identity_kept(reading: Reading) -> Iterator[Finding]:
    """Name, ordinal, hostname, subdomain, claims, A, SRV and reverse record the same; the UID a new one.

    A pod that had no Ready successor within the run's limit did not keep its identity. The limit counts from the
    fault's acceptance, and from the pod's own cause where that came later, as in a rolling update.
    """
    judged, missing = judged_trials(reading)
    yield from map(unsure, missing)
    limit_ns = reading.within_ns
    keys = {t.key for t in judged}
    mine = [i for i in identities(reading) if i.trial.key in keys]
    for identity in mine:
        where = f"trial {identity.trial.number} {identity.trial.target.name}"
        if lacking := not_replaced(identity.trial):
            # Long enough to judge only where the limit was over; a run that was cut short cannot tell, nor can a watch
            # that was disturbed then.
            waited_ns = identity.trial.end_ns - identity.trial.limit_ns
            late = limit_ns is not None and waited_ns >= limit_ns and not identity.trial.life.blind
            yield (against if late else unsure)(f"{where}: {lacking}")
            continue
        yield from (against(f"{where}: {f.name} {f.note}") for f in identity.broken)
        yield from (unsure(f"{where}: {f.name} {f.note}") for f in identity.unmeasured)
    need(mine, "no replacement was seen")
    kept = ", ".join(f.name for f in mine[0].facets if f.kept and f.name != "new UID")
    number = out_of(len(mine), len(mine), "replacement")
    yield holds(f"In {number} the pod came back with a new UID and the same {kept}.")
