"""How quickly do DNS records update when pods restart?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.claims import need
from chaos.analysis.overlap import old_served
from chaos.analysis.questions.answer import Question, at_most, effective_trials, exact, left_out, show, spread
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.analysis.stages import Timeline, timelines
from chaos.analysis.statistics import Bound, bound
from chaos.analysis.trials import NS_PER_S, end_unseen
from chaos.analysis.units import ms, out_of, seconds, share, stated

# From this share of the total on, one part is called the cause of the outage.
_MOST = 0.5
# A container that served for this share of its grace period is said to have used it up.
_USED_UP = 0.9


def dns_update(reading: Reading) -> Iterator[str]:
    """From the A records of the deleted pods in every view, and the stages of their replacement."""
    keys = {t.key for t in effective_trials(reading)}
    records = [r for r in recoveries(reading) if r.trial.key in keys and r.kind is RecordKind.POD_A]
    lines = [t for t in timelines(reading) if t.trial.key in keys]
    need(records, "no A record of a deleted pod was asked for")
    yield from _propagation(lines)
    yield from _absence(reading, records)
    yield from _division(lines)
    yield from _what_to_fix(reading, lines)
    yield left_out(reading)


def _propagation(lines: list[Timeline]) -> Iterator[str]:
    out = exact([t.propagation_out_ns for t in lines])
    back = exact([t.propagation_in_ns for t in lines])
    if out:
        yield (
            f"Every view had dropped the deleted pod's name by {spread(out)} after the deletion was accepted "
            f"(seen in {out_of(len(out), len(lines), _each(lines))})."
        )
    else:
        yield "When the name was dropped was not seen in every view of any trial."
    if back:
        yield f"After the watch had shown the new pod Ready, every view gave its address within {spread(back)}."
    else:
        yield "How soon after Ready the new address appeared was not seen in any trial."


def _each(lines: list[Timeline]) -> str:
    """What time lines are counted in."""
    return "trial" if len({line.trial.number for line in lines}) == len(lines) else "replacement"


def _absence(reading: Reading, records: list[Recovery]) -> Iterator[str]:
    """How long a view did not give the right address."""
    gaps = [gap for r in records if (gap := _gap(r)) is not None]
    missing = [r for r in records if r.outcome is RecoveryOutcome.NOT_RECOVERED]
    early = next((reason for r in missing if (reason := end_unseen(reading, r.trial))), "")
    again = _lost_again(records)
    if gaps:
        yield f"Between the two, a pod's own record was not right for {at_most(gaps)}{' at first' if again else ''}."
    if again:
        ends = [bound(r.lasting, r.trial.accepted_ns) for r in again if r.lasting is not None]
        yield (
            f"{out_of(len(again), len(records))} records and views were wrong again after all had been right, and "
            f"right for good {at_most(ends)} after the deletion."
        )
    if missing:
        end = f"the end of the trial ({early})" if early else "the end of the trial"
        yield f"In {out_of(len(missing), len(records))} records and views it was still not right at {end}."
    never = sum(r.outcome is RecoveryOutcome.NEVER_LOST for r in records)
    if never:
        yield f"{out_of(never, len(records))} records and views were never seen wrong."


def _lost_again(records: list[Recovery]) -> list[Recovery]:
    """Those that were wrong again after every view of the record had once been right."""
    found = []
    for one in records:
        views = [r for r in records if (r.trial.key, r.record) == (one.trial.key, one.record)]
        right = [r.recovered.before_ns for r in views if r.recovered is not None and r.recovered.before_ns is not None]
        if one.outcome is RecoveryOutcome.RECOVERED and one.lasting is not None and one.lasting.after_ns > max(right):
            found.append(one)
    return found


def _gap(recovery: Recovery) -> Bound | None:
    if recovery.lost is None or recovery.lost.before_ns is None or recovery.recovered is None:
        return None
    return bound(recovery.recovered, recovery.lost.after_ns)


def _division(lines: list[Timeline]) -> Iterator[str]:
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
            yield f"So {share(most_ns / total_ns)} of that time is {what}{rest}."


def _total_ns(line: Timeline) -> int:
    return sum(p.duration_ns or 0 for p in line.partition)


def _what_to_fix(reading: Reading, lines: list[Timeline]) -> Iterator[str]:
    """Names the container that uses up its grace period, where one does."""
    used, known = [], 0
    for line in lines:
        trial = line.trial
        grace_s = trial.life.grace_s
        served = old_served(reading, trial)
        if served is None:
            continue
        known += 1
        lost_late = line.propagation_out_ns is None or line.propagation_out_ns > NS_PER_S
        if lost_late:
            continue  # the name stayed while the old container ended, so a shorter end would not shorten the outage
        if grace_s and served.after_ns - trial.accepted_ns >= _USED_UP * grace_s * NS_PER_S:
            used.append((grace_s, Bound(served.after_ns - trial.accepted_ns)))
    if used:
        longest = max(f for _, f in used)
        yield (
            f"In {out_of(len(used), known, _each(lines))} the old container served for as long as its grace period of "
            f"{stated(used[0][0])} let it (it was still seen to {show(longest)} after the deletion). Either it does "
            "not end on SIGTERM (a shell as PID 1 does not pass it on), or what it does first takes that long (a "
            "preStop hook, open requests). Ending sooner would shorten the outage by nearly as much."
        )
    elif not known:
        yield "For how long the old container went on serving was not measured."


QUESTION = Question(
    "dns-update",
    "How quickly do DNS records update when pods restart?",
    dns_update,
    ("recoveries.csv", "report.md: Stages", "timeline.svg"),
)
