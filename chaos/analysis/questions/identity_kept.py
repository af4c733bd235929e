"""Did pods maintain their network identities through failures?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.identity import Identity, identities
from chaos.analysis.overlap import Overlap, overlaps
from chaos.analysis.questions.answer import Question, effective_trials
from chaos.analysis.reading import Reading
from chaos.analysis.trials import Trial, end_unseen, no_effect, not_replaced, trials
from chaos.analysis.units import between, count, out_of
from chaos.model import Interval


def identity_kept(reading: Reading) -> Iterator[str]:
    """From the facets of the identity, and the overlap of old and new."""
    yield from _failed(reading)
    judged = [t for t in trials(reading) if not no_effect(t) and not not_replaced(t)]
    if not judged and any(not end_unseen(reading, t) for t in _gone(reading)):
        return
    keys = {t.key for t in effective_trials(reading)}
    mine = [i for i in identities(reading) if i.trial.key in keys]
    doubled = [o for o in overlaps(reading) if o.trial.key in keys]
    yield from _kept(mine, alone=not any(o.at_least_ns for o in doubled))
    yield _changed(mine)
    yield from _alone(doubled)
    early = [f"{not_replaced(t)}, and {end_unseen(reading, t)}" for t in _gone(reading) if end_unseen(reading, t)]
    if early:
        yield f"This run cannot say of every pod: {'; '.join(early)}."


def _gone(reading: Reading) -> list[Trial]:
    """The trials whose pod had no Ready successor by their end."""
    return [t for t in trials(reading) if not no_effect(t) and not_replaced(t)]


def _failed(reading: Reading) -> Iterator[str]:
    """Those that had their time; one that was cut short cannot tell."""
    late = [f"in trial {t.number} {not_replaced(t)}" for t in _gone(reading) if not end_unseen(reading, t)]
    if late:
        yield f"Not all: {'; '.join(late)}."


def _kept(mine: list[Identity], *, alone: bool) -> Iterator[str]:
    broken = [f"{f.name} of {i.trial.target.name} in trial {i.trial.number} ({f.note})" for i in mine for f in i.broken]
    unmeasured = sorted({f.name for i in mine for f in i.unmeasured})
    always = [f.name for f in mine[0].facets if f.name != "new UID" and all(i.facet(f.name).kept for i in mine)]
    if broken:
        yield f"No: this did not come back: {'; '.join(broken)}."
        if always:
            yield f"These were the same in all {count(len(mine), 'replacement')}: {_and(always)}."
    elif always:
        yes = "As far as it was measured, yes" if unmeasured else "Yes"
        yes += "" if alone else ", but two pods had one identity for a time"
        yield f"{yes}: in {_all(len(mine))} the {_and(always)} were the same."
    if unmeasured:
        yield f"Not measured in every trial: {', '.join(unmeasured)}."
    without = sorted({f.name for i in mine for f in i.facets if not f.applies})
    if without:
        yield f"These pods have no {' and no '.join(without)}."


def _and(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _all(n: int) -> str:
    return "the one replacement" if n == 1 else f"all {count(n)} replacements"


def _changed(mine: list[Identity]) -> str:
    new_uid = sum(i.facet("new UID").kept is True for i in mine)
    moved = [i.trial for i in mine if i.trial.life.new_address and i.trial.life.new_address != i.trial.target.address]
    return f"The UID was new in {out_of(new_uid, len(mine))}, the address in {out_of(len(moved), len(mine))}."


def _alone(found: list[Overlap]) -> Iterator[str]:
    certain = [o for o in found if o.at_least_ns > 0]
    possible = [o for o in found if not o.at_least_ns and not o.unknown and o.at_most_ns != 0]
    excluded = [o for o in found if not o.at_least_ns and o.at_most_ns == 0]
    if certain:
        worst = max(certain, key=lambda o: o.at_least_ns)
        yield (
            f"In {out_of(len(certain), len(found))} the old pod and its successor served at the same time: "
            f"{worst.trial.target.name} for {between(Interval(worst.at_least_ns, None))}."
        )
    impostors = sorted({(who, o.trial.target.name) for o in found for who, _ in o.impostors})
    if len(excluded) == len(found):
        both = "an old pod and its successor" if impostors else "two pods"
        yield f"At no time did {both} serve under one identity."
    elif not certain:
        yield f"In {out_of(len(excluded), len(found))} the run excludes that two pods served under one identity."
    if possible:
        yield f"In {count(len(possible))} the run neither shows nor excludes it."
    yield from (f"{who} answered under the name {name}." for who, name in impostors)


QUESTION = Question(
    "identity-kept",
    "Did pods maintain their network identities through failures?",
    identity_kept,
    ("report.md: Identity", "recoveries.csv", "events.jsonl"),
)
