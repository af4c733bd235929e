"""What implications does this have for application connection handling?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chaos.analysis.bounds import length, since
from chaos.analysis.connections import ClientView, client_views, each, protocol
from chaos.analysis.over_faults import at_most_over_faults, noun, over_faults, per_fault
from chaos.analysis.overlap import CUT, old_served
from chaos.analysis.questions.answer import Question, effective_trials, left_out
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import recoveries
from chaos.analysis.trials import NS_PER_S, named_cause
from chaos.analysis.units import out_of, stated
from chaos.model import Interval
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT

# From this share of a TTL on it is as good as all of it.
_NEARLY = 0.98

_NAMES = {
    "http": "{} by the pod's name",
    "clusterip": "{} through a ClusterIP service of the one pod",
    "stream": "the long-lived connection",
}


def connection_handling(reading: Reading) -> Iterator[str]:
    """From what clients saw: by name, through a ClusterIP, at the old address, and on an open connection."""
    keys = {t.key for t in effective_trials(reading)}
    views = {p: [v for v in client_views(reading) if v.trial.key in keys and v.probe == p] for p in _NAMES}
    yield from _by_name(reading, views["http"], f"New {protocol(reading)} connections by name")
    yield from _clusterip(views["http"], views["clusterip"])
    yield from _stream(reading, views["stream"])
    yield from _caching(reading)
    yield from _unmeasured(views, protocol(reading))
    yield left_out(reading)


def _by_name(reading: Reading, views: list[ClientView], who: str) -> Iterator[str]:
    heard = [v for v in views if not v.deaf]
    failed = [v for v in heard if v.failed is not None]
    yield from _deaf(who, views)
    if not heard:
        return
    if not failed:
        yield "No new connection by name failed." if len(heard) == len(views) else "In the others none failed."
        return
    yield from _failures(who, failed, heard)
    tails = [(v.trial.number, tail) for v in failed if (tail := _served_after_failure(reading, v)) is not None]
    if tails:
        lasted = over_faults(per_fault(tails), noun(v.trial.fault for v in failed))
        where = f"In {out_of(len(tails), len(failed), each(failed))}"
        yield f"{where} the old pod still answered at its address for {lasted} after the name had failed."
        yield "There a client that kept its address was served longer than one that resolved the name again."


def _deaf(what: str, views: list[ClientView]) -> Iterator[str]:
    """Those that had failed before the fault came tell nothing about it."""
    deaf = [v for v in views if v.deaf]
    if deaf:
        where = "" if len(deaf) == len(views) else f" in {out_of(len(deaf), len(views), each(views))}"
        before = f"before {named_cause(v.trial for v in deaf)}"
        yield f"{what} had failed already {before}{where}, so what it did to them was not measured."


def _failures(who: str, failed: list[ClientView], heard: list[ClientView]) -> Iterator[str]:
    yield f"{who} failed in {out_of(len(failed), len(heard), each(heard))}."
    yield from _began(failed)
    yield f"The outage lasted {_lengths(failed)}."


def _began(failed: list[ClientView], how: str = "") -> Iterator[str]:
    """How the failures began, and when: ``They failed first with EOF (phase idle), at most 18 ms after …``."""
    first = "They failed first with" if all(v.first for v in failed) else "The longest outage began with"
    late = [v for v in failed if not v.early]
    cause = named_cause(v.trial for v in late or failed)
    if not late:
        yield f"{how or first} {_ways(failed)}, already before {cause}."
        return
    seen = per_fault((v.trial.number, _since(v)) for v in late)
    when = at_most_over_faults(seen, noun(v.trial.fault for v in late), f"after {cause}")
    yield f"{how or first} {_ways(failed)}, {when}."
    if len(late) < len(failed):
        yield f"In {out_of(len(failed) - len(late), len(failed))} it was before {cause}."


def _served_after_failure(reading: Reading, view: ClientView) -> Interval | None:
    served = old_served(reading, view.trial)
    # One on a node that was cut off may have been out of reach in between.
    cut = view.trial.fault.fault == CUT
    if cut or served is None or view.failed is None or view.failed.before_ns is None or view.early:
        return None
    tail = length(view.failed, served)
    return tail if tail.after_ns > 0 else None


def _clusterip(by_name: list[ClientView], views: list[ClientView]) -> Iterator[str]:
    heard = [v for v in views if not v.deaf]
    failed = [v for v in heard if v.failed is not None]
    yield from _deaf("Requests through the ClusterIP service", views)
    if not heard:
        return
    if not failed:
        yield "Through the ClusterIP service no request failed." if len(heard) == len(views) else "Else none failed."
        return
    yield from _failures("Through the pod's ClusterIP service requests", failed, heard)
    named = {v.trial.key: v for v in by_name if v.failed is not None}
    later = [v for v in failed if v.trial.key in named and _certainly_later(v.failed, named[v.trial.key].failed)]
    if later:
        yield (
            f"In {out_of(len(later), len(failed), each(failed))} that outage began later than by name: when an outage "
            "begins depends on the name that a client uses."
        )


def _certainly_later(late: Interval | None, early: Interval | None) -> bool:
    return late is not None and early is not None and early.before_ns is not None and late.after_ns > early.before_ns


def _stream(reading: Reading, views: list[ClientView]) -> Iterator[str]:
    heard = [v for v in views if not v.deaf]
    failed = [v for v in heard if v.failed is not None]
    yield from _deaf("Long-lived connections", views)
    if not heard:
        return
    if not failed:
        yield "No long-lived connection ended." if len(heard) == len(views) else "No other one ended."
        return
    again = [v for v in failed if v.restored is not None and v.restored.before_ns is not None]
    first = all(v.first for v in failed)
    yield from _began(
        failed, "The long-lived connection ended with" if first else "For the longest time it was down after"
    )
    if again:
        yield f"Another one worked after {_lengths(again)}."
    if len(again) < len(failed):
        none = out_of(len(failed) - len(again), len(failed), each(failed))
        yield f"In {none} no other one worked before the trial ended."
    survived = [v for v in failed if _outlived_name(reading, v)]
    if survived:
        yield (
            f"In {out_of(len(survived), len(failed))} it worked on after the name was gone. When it ends a client has "
            "to resolve the name again, and to retry with back-off for as long as the replacement takes."
        )


def _outlived_name(reading: Reading, stream: ClientView) -> bool:
    others = (v for v in client_views(reading) if v.probe == "http" and v.trial.key == stream.trial.key)
    return any(_certainly_later(stream.failed, v.failed) for v in others)


def _caching(reading: Reading) -> Iterator[str]:
    """What the TTLs of the answers mean, by the times of this run."""
    found: dict[str, set[int]] = {"right": set(), "absent": set()}
    for outcome in {o for s in reading.series_of(probe="dns") if s.pod for o in reading.outcomes_of(s)}:
        if outcome.ttl is None:
            continue
        if outcome.status in DNS_PRESENT:
            found["right"].add(outcome.ttl)
        elif outcome.status in DNS_ABSENT:
            found["absent"].add(outcome.ttl)
    if found["right"]:
        yield _kept_address(reading, max(found["right"]))
    if found["absent"]:
        yield f"A client may keep a denial for {stated(max(found['absent']))}."
        yield "It then misses the new pod for up to that long."


def _kept_address(reading: Reading, ttl_s: int) -> str:
    """For how long an address that a client keeps for its TTL is a dead one: from when the old pod stopped serving."""
    may_keep = f"A client may keep an answer for its TTL of {stated(ttl_s)}"
    dead = []
    for trial in effective_trials(reading):
        views = [r for r in recoveries(reading) if r.trial.key == trial.key and r.kind is RecordKind.POD_A]
        stopped, ends = old_served(reading, trial), [r.lost.before_ns for r in views if r.lost is not None]
        known = [end for end in ends if end is not None]
        if stopped is not None and known and len(known) == len(views):
            # It was given at the latest when the last view dropped it.
            ttl_ns = ttl_s * NS_PER_S
            dead.append((trial.number, Interval(0, min(ttl_ns, max(0, max(known) + ttl_ns - stopped.after_ns)))))
    if not dead:
        return f"{may_keep}. For how long its address would be a dead one was not measured."
    durations = per_fault(dead)
    if all((one.before_ns or 0) >= _NEARLY * ttl_s * NS_PER_S for one in durations):
        return f"{may_keep}. Its address may be dead for all of that."
    lasted = at_most_over_faults(durations, noun(t.fault for t in effective_trials(reading)), "of that")
    return f"{may_keep}. Its address would have been dead for {lasted}."


def _unmeasured(views: dict[str, list[ClientView]], spoken: str) -> Iterator[str]:
    missing = [_NAMES[probe].format(spoken) for probe, found in views.items() if not found]
    if missing:
        yield f"Not measured: {', '.join(missing)}."


def _since(view: ClientView) -> Interval:
    """When it began to fail, since the pod's own t0."""
    assert view.failed is not None  # noqa: S101 - callers filter
    return since(view.failed, view.trial.cause_ns)


def _lengths(views: list[ClientView]) -> str:
    """How long the outages lasted, over faults."""
    lasted = per_fault((view.trial.number, view.outage_ns) for view in views if view.outage_ns)
    return over_faults(lasted, noun(view.trial.fault for view in views))


def _ways(views: list[ClientView]) -> str:
    ways = Counter(v.first_failure for v in views if v.first_failure is not None)
    ordered = sorted(ways.items(), key=lambda way: (-way[1], way[0]))
    return " or ".join(f"{status} (phase {phase})" for (status, phase), _ in ordered)


QUESTION = Question(
    "connection-handling",
    "What implications does this have for application connection handling?",
    connection_handling,
    ("report.md: What clients saw", "timeline.svg", "observations.jsonl"),
)
