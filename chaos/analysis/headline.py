"""The one figure that most people want: how long was a pod unreachable by its name?"""

from __future__ import annotations

from chaos.analysis.connections import client_views, each
from chaos.analysis.questions.answer import at_most
from chaos.analysis.reading import Reading
from chaos.analysis.statistics import Bound
from chaos.analysis.trials import no_effect, trials
from chaos.analysis.units import count, out_of


def headline(reading: Reading) -> str:
    """A sentence; empty where no client asked by name."""
    effective = {t.key for t in trials(reading) if not no_effect(t)}
    if not effective:
        return "In no trial was a fault seen to take effect as meant, so no outage was measured."
    views = [v for v in client_views(reading) if v.probe == "http" and v.trial.key in effective]
    if not views:
        return ""
    heard = [v for v in views if not v.deaf]
    before = "its client had failed already before the deletion"
    if not heard:
        return f"Whether a deleted pod was reachable by its name was not measured: {before}."
    deaf = len(views) - len(heard)
    rest = f" In {out_of(deaf, len(views), each(views))} it was not measured: {before}." if deaf else ""
    outages = [b for v in heard if (b := v.outage_ns)]
    if not outages:
        tried = sum(view.samples for view in heard)
        return f"A deleted pod was reachable by its name whenever it was tried ({count(tried, 'time')}).{rest}"
    lengths = [Bound(b.after_ns, censored=True) if b.before_ns is None else Bound(b.before_ns) for b in outages]
    all_of = "" if len(outages) == len(heard) else f" in {out_of(len(outages), len(heard), each(heard))}"
    return f"A deleted pod was unreachable by its name{all_of} for {at_most(lengths)}.{rest}"
