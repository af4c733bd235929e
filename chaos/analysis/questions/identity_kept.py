"""Did pods maintain their network identities through failures?"""

from __future__ import annotations

from collections.abc import Iterable

from chaos.analysis.identity import Identity, identities
from chaos.analysis.overlap import Overlap, overlaps
from chaos.analysis.questions.answer import Answer, effective_trials, nothing
from chaos.analysis.trials import Trial, end_unseen, no_effect, not_replaced, trials
from chaos.analysis.units import ms
from chaos.model import History

QUESTION = "Did pods maintain their network identities through failures?"


def identity_kept(history: History) -> Answer:
    """From the facets of the identity, the overlap of old and new, and the contrast with a Deployment."""
    judged = effective_trials(history)
    if not judged:
        failed = " ".join((*_failed(history), *_unfinished(history, alone=True)))
        return Answer(QUESTION, failed, ("events.jsonl",)) if failed else nothing(QUESTION, history)
    keys = {t.key for t in judged}
    mine = [i for i in identities(history) if i.trial.key in keys]
    doubled = [o for o in overlaps(history) if o.trial.key in keys]
    sentences = [
        *_failed(history),
        *_unfinished(history, alone=False),
        *_kept(mine, alone=not any(o.at_least_ns for o in doubled)),
        _changed(mine),
        *_alone(doubled),
        *_contrast(history),
    ]
    return Answer(
        QUESTION, " ".join(s for s in sentences if s), ("report.md: Identity", "recoveries.csv", "events.jsonl")
    )


def _failed(history: History) -> Iterable[str]:
    gone = [t for t in _without_successor(history) if not end_unseen(history, t)]
    if gone:
        yield "Not all: " + "; ".join(f"in trial {t.number} {not_replaced(t)}" for t in gone) + "."


def _unfinished(history: History, *, alone: bool) -> Iterable[str]:
    """Of pods whose replacement may have come after the end. `alone`: nothing else is said than what failed."""
    open_ = [t for t in _without_successor(history) if end_unseen(history, t)]
    if not open_:
        return
    reasons = "; ".join(f"{not_replaced(t)}, and {end_unseen(history, t)}" for t in open_)
    failed = any(_failed(history))
    yield f"This run cannot say{' of the others' if failed else '' if alone else ' of every pod'}: {reasons}."


def _without_successor(history: History) -> list[Trial]:
    return [t for t in trials(history) if not no_effect(t) and not_replaced(t)]


def _kept(mine: list[Identity], *, alone: bool) -> Iterable[str]:
    broken = [f"{f.name} of {i.trial.target.name} in trial {i.trial.number} ({f.note})" for i in mine for f in i.broken]
    unmeasured = sorted({f.name for i in mine for f in i.unmeasured})
    always = [f.name for f in mine[0].facets if f.name != "new UID" and all(i.facet(f.name).kept for i in mine)]
    if broken:
        yield f"No: this did not come back: {'; '.join(broken)}."
        if always:
            yield f"These were the same in all {len(mine)} replacements: {', '.join(always)}."
    elif always:
        yes = "As far as it was measured, yes" if unmeasured else "Yes"
        yes += "" if alone else ", but for a while twice at once"
        yield f"{yes}: in {_all(len(mine))} the {', '.join(always)} were the same again."
    if unmeasured:
        yield f"Not measured in every trial: {', '.join(unmeasured)}."
    without = sorted({f.name for i in mine for f in i.facets if not f.applies})
    if without:
        yield f"These pods have no {' and no '.join(without)}, so that could not be lost."


def _all(n: int) -> str:
    return "the one replacement" if n == 1 else f"all {n} replacements"


def _changed(mine: list[Identity]) -> str:
    new_uid = sum(i.facet("new UID").kept is True for i in mine)
    moved = [i.trial for i in mine if i.trial.life.new_address and i.trial.life.new_address != i.trial.target.address]
    text = f"What changed: the UID in {new_uid} of {len(mine)}, the address in {len(moved)} of {len(mine)}"
    if moved:
        text += f" ({moved[0].target.name}: {moved[0].target.address} became {moved[0].life.new_address})"
    return text + "."


def _alone(found: list[Overlap]) -> Iterable[str]:
    certain = [o for o in found if o.at_least_ns > 0]
    possible = [o for o in found if not o.at_least_ns and not o.unknown and o.at_most_ns != 0]
    excluded = [o for o in found if not o.at_least_ns and o.at_most_ns == 0]
    if certain:
        worst = max(certain, key=lambda o: o.at_least_ns)
        yield (
            f"In {len(certain)} of {len(found)} two pods served under one identity at once: {worst.trial.target.name} "
            f"for at least {ms(worst.at_least_ns)}."
        )
    if len(excluded) == len(found):
        yield "At no time did two pods serve under one identity."
    elif not certain:
        yield f"That two pods served under one identity was excluded in {len(excluded)} of {len(found)}."
    if possible:
        yield f"In {len(possible)} it can neither be shown nor excluded."
    impostors = sorted({(who, o.trial.target.name) for o in found for who, _ in o.impostors})
    yield from (f"{who} answered under the name {name}." for who, name in impostors)


def _contrast(history: History) -> Iterable[str]:
    details = next((d for _, what, d in reversed(history.marks) if what == "contrast"), None)
    if details is None:
        if "deployment-contrast" in history.meta.parameters.get("checkers", ("deployment-contrast",)):
            yield "The contrast with a Deployment was not measured."
        return
    yield (
        f"A Deployment's pod, in contrast, was {details.get('deleted')} and came back as {details.get('replacement')}; "
        f"the query for its name gave {details.get('per_pod_record')}."
    )
