"""How quickly do DNS records update when pods restart?"""

from __future__ import annotations

from collections.abc import Iterable

from chaos.analysis.overlap import old_served
from chaos.analysis.questions.answer import Answer, at_most, effective_trials, exact, left_out, nothing, show, spread
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.analysis.stages import Timeline, timelines
from chaos.analysis.statistics import Figure, figure
from chaos.analysis.trials import NS_PER_S, end_unseen
from chaos.analysis.units import ms, seconds
from chaos.model import History

QUESTION = "How quickly do DNS records update when pods restart?"

# From this share of the total on, one part is called the cause of the outage.
_MOST = 0.5
# A container that served for this share of its grace period is said to have used it up.
_USED_UP = 0.9


def dns_update(history: History) -> Answer:
    """From the A records of the deleted pods in every view, and the stages of their replacement."""
    judged = effective_trials(history)
    if not judged:
        return nothing(QUESTION, history)
    keys = {t.key for t in judged}
    records = [r for r in recoveries(history) if r.trial.key in keys and r.kind is RecordKind.POD_A]
    lines = [t for t in timelines(history) if t.trial.key in keys]
    if not records:
        return Answer(QUESTION, "This run cannot say: no A record of a deleted pod was asked for.", ("run.json",))
    sentences = [
        *_propagation(lines),
        *_absence(history, records),
        *_division(lines),
        *_what_to_fix(history, lines),
        left_out(history),
    ]
    return Answer(QUESTION, " ".join(filter(None, sentences)), ("recoveries.csv", "report.md: Stages", "timeline.svg"))


def _propagation(lines: list[Timeline]) -> Iterable[str]:
    out = exact([t.propagation_out_ns for t in lines])
    back = exact([t.propagation_in_ns for t in lines])
    if out:
        yield (
            f"Every view had dropped the deleted pod's name by {spread(out)} after the deletion was accepted "
            f"(seen in {len(out)} of {len(lines)} trials)."
        )
    else:
        yield "When the name was dropped was not seen in every view of any trial."
    if back:
        yield f"After the watch had shown the new pod Ready, every view gave its address within {spread(back)}."
    else:
        yield "How soon after Ready the new address appeared was not seen in any trial."


def _absence(history: History, records: list[Recovery]) -> Iterable[str]:
    """How long a view did not give the right address."""
    gaps = [gap for r in records if (gap := _gap(r)) is not None]
    missing = [r for r in records if r.outcome is RecoveryOutcome.NOT_RECOVERED]
    early = next((reason for r in missing if (reason := end_unseen(history, r.trial))), "")
    if gaps:
        yield f"Between the two, a pod's own record was not right for {at_most(gaps)}."
    if missing:
        end = f"the end of the trial ({early})" if early else "the end of the trial"
        yield f"In {len(missing)} of {len(records)} records and views it was still not right at {end}."
    never = sum(r.outcome is RecoveryOutcome.NEVER_LOST for r in records)
    if never:
        yield f"{never} of {len(records)} records and views were never seen wrong."


def _gap(recovery: Recovery) -> Figure | None:
    if recovery.lost is None or recovery.lost.before_ns is None or recovery.recovered is None:
        return None
    return figure(recovery.recovered, recovery.lost.after_ns)


def _division(lines: list[Timeline]) -> Iterable[str]:
    whole = [t for t in lines if all(p.duration_ns is not None for p in t.partition)]
    if not whole:
        yield "The stages of the replacement were not all seen, so the time cannot be divided."
        return
    line = sorted(whole, key=_total_ns)[(len(whole) - 1) // 2]
    part = {p.key: p.duration_ns or 0 for p in line.partition}
    named = {
        "termination of the old pod": part["old-gone"],
        "creating and scheduling the new pod": part["created"] + part["scheduled"],
        "starting the new pod": part["addressed"] + part["ready"],
        "DNS propagation": part["dns-back"],
        "the first answer": part["http"],
    }
    total_ns = _total_ns(line)
    shares = ", ".join(f"{what} {ms(ns)}" for what, ns in named.items())
    which = (
        f"In trial {line.trial.number} ({line.trial.target.name}), the middle one by length, the"
        if whole[1:]
        else "The"
    )
    yield f"{which} first right answer came {seconds(total_ns)} after the deletion was accepted: {shares}."
    if total_ns:
        what, most_ns = max(named.items(), key=lambda item: item[1])
        if most_ns / total_ns >= _MOST:
            rest = "" if what == "DNS propagation" else ", not DNS"
            yield f"So {most_ns / total_ns:.0%} of that time is {what}{rest}."


def _total_ns(line: Timeline) -> int:
    return sum(p.duration_ns or 0 for p in line.partition)


def _what_to_fix(history: History, lines: list[Timeline]) -> Iterable[str]:
    """Names the container that uses up its grace period, where one does."""
    used, known = [], 0
    for line in lines:
        trial = line.trial
        grace_s = trial.life.grace_s
        served = old_served(history, trial)
        if served is None:
            continue
        known += 1
        lost_late = line.propagation_out_ns is None or line.propagation_out_ns > NS_PER_S
        if lost_late:
            continue  # the name stayed while the old container ended, so a shorter end would not shorten the outage
        if grace_s and served.after_ns - trial.accepted_ns >= _USED_UP * grace_s * NS_PER_S:
            used.append((grace_s, Figure(served.after_ns - trial.accepted_ns)))
    if used:
        longest = max(f for _, f in used)
        yield (
            f"In {len(used)} of {known} trials the old container served for as long as its grace period of "
            f"{used[0][0]} s let it (it was still seen to {show(longest)} after the deletion). Either it does not end "
            "on SIGTERM (a shell as PID 1 does not pass it on), or what it does first takes that long (a preStop hook, "
            "open requests). Ending sooner would shorten the outage by nearly as much."
        )
    elif not known:
        yield "For how long the old container went on serving was not measured."
