"""The one figure that most people want: how long was a pod unreachable by its name?"""

from __future__ import annotations

from chaos.analysis.connections import client_views
from chaos.analysis.questions.answer import at_most
from chaos.analysis.statistics import Figure
from chaos.analysis.trials import no_effect, trials
from chaos.model import History


def headline(history: History) -> str:
    """A sentence; empty where no client asked by name."""
    effective = {t.key for t in trials(history) if not no_effect(t)}
    if not effective:
        return "In no trial was a fault seen to take effect as meant, so no outage was measured."
    views = [v for v in client_views(history) if v.probe == "http" and v.trial.key in effective]
    outages = [b for v in views if (b := v.outage_ns)]
    if not views:
        return ""
    where = "On the simulated cluster a" if history.meta.simulated else "A"
    if not outages:
        tried = sum(view.samples for view in views)
        return f"{where} deleted pod was reachable by its name whenever it was tried ({tried} times)."
    lengths = [Figure(b.after_ns, censored=True) if b.before_ns is None else Figure(b.before_ns) for b in outages]
    all_of = "" if len(outages) == len(views) else f" in {len(outages)} of {len(views)} trials"
    return f"{where} deleted pod was unreachable by its name{all_of} for {at_most(lengths)}."
