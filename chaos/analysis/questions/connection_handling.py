"""What implications does this have for application connection handling?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chaos.analysis.connections import ClientView, client_views, each, protocol
from chaos.analysis.overlap import old_served
from chaos.analysis.questions.answer import Question, at_most, effective_trials, left_out, spread
from chaos.analysis.reading import Reading
from chaos.analysis.statistics import Bound, bound
from chaos.analysis.units import count, out_of, stated
from chaos.model import Interval
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT

_NAMES = {
    "http": "{} by the pod's name",
    "clusterip": "{} through a ClusterIP service of the one pod",
    "stream": "the long-lived connection",
}


def connection_handling(reading: Reading) -> Iterator[str]:
    """From what clients saw: by name, through a ClusterIP, at the old address, and on an open connection."""
    keys = {t.key for t in effective_trials(reading)}
    views = {p: [v for v in client_views(reading) if v.trial.key in keys and v.probe == p] for p in _NAMES}
    yield from _by_name(reading, views["http"])
    yield from _clusterip(views["http"], views["clusterip"])
    yield from _stream(reading, views["stream"])
    yield from _caching(reading)
    yield from _unmeasured(views, protocol(reading))
    yield left_out(reading)


def _by_name(reading: Reading, views: list[ClientView]) -> Iterator[str]:
    heard = [v for v in views if not v.deaf]
    failed = [v for v in heard if v.failed is not None]
    yield from _deaf("New connections by name", views)
    if not heard:
        return
    if not failed:
        yield "No new connection by name failed." if len(heard) == len(views) else "In the others none failed."
        return
    yield (
        f"New connections by name failed in {out_of(len(failed), len(heard), each(heard))}, {_first(failed)}, "
        f"for {_lengths(failed)}."
    )
    tails = [tail for v in failed if (tail := _served_after_failure(reading, v)) is not None]
    if tails:
        yield (
            f"In {count(len(tails))} of them the old pod was still answering at its address {spread(tails)} after the "
            "name had failed: a client that keeps an address or a connection is served longer than one that resolves "
            "the name again."
        )


def _deaf(what: str, views: list[ClientView]) -> Iterator[str]:
    """Those that had failed before the fault came tell nothing about it."""
    deaf = [v for v in views if v.deaf]
    if deaf:
        where = "" if len(deaf) == len(views) else f" in {out_of(len(deaf), len(views), each(views))}"
        yield f"{what} had failed already before the deletion{where}, so what it did to them was not measured."


def _first(failed: list[ClientView], verb: str = "") -> str:
    """How the failures began, and when, as half a sentence: ``first with EOF (phase idle), seen 18 ms after …``."""
    longest = "first with" if all(v.first for v in failed) else "for the longest time beginning with"
    late = [v for v in failed if not v.early]
    if not late:
        return f"{verb or longest} {_ways(failed)}, already before the deletion"
    seen = f"{verb or longest} {_ways(failed)}, seen {spread([_since(v, v.failed) for v in late])} after the deletion"
    return seen if len(late) == len(failed) else f"{seen} (in {out_of(len(failed) - len(late), len(failed))} before it)"


def _served_after_failure(reading: Reading, view: ClientView) -> Bound | None:
    served = old_served(reading, view.trial)
    if served is None or view.failed is None or view.failed.before_ns is None or view.early:
        return None
    tail_ns = served.after_ns - view.failed.before_ns
    return Bound(tail_ns) if tail_ns > 0 else None


def _clusterip(by_name: list[ClientView], views: list[ClientView]) -> Iterator[str]:
    heard = [v for v in views if not v.deaf]
    failed = [v for v in heard if v.failed is not None]
    yield from _deaf("Requests through the ClusterIP service", views)
    if not heard:
        return
    if not failed:
        yield "Through the ClusterIP service no request failed." if len(heard) == len(views) else "Else none failed."
        return
    yield (f"Through the ClusterIP service of the same pod requests failed {_first(failed)}, for {_lengths(failed)}.")
    named = {v.trial.key: v for v in by_name if v.failed is not None}
    later = [v for v in failed if v.trial.key in named and _certainly_later(v.failed, named[v.trial.key].failed)]
    if later:
        yield (
            f"In {out_of(len(later), len(failed), each(failed))} that began later than for clients of the name: the "
            "same deletion is an outage at another time, depending on which name a client uses."
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
    text = f"The long-lived connection {_first(failed, 'ended with')}"
    if again:
        text += f", and another worked after {_lengths(again)}"
    if len(again) < len(failed):
        text += (
            f"; in {out_of(len(failed) - len(again), len(failed), each(failed))} no other worked before the trial ended"
        )
    yield text + "."
    survived = [v for v in failed if _outlived_name(reading, v)]
    if survived:
        yield (
            f"In {out_of(len(survived), len(failed))} it worked on after the name was gone and ended only then: "
            "clients must expect the end of an open connection, resolve the name again and retry with back-off "
            "for as long as the replacement takes."
        )


def _outlived_name(reading: Reading, stream: ClientView) -> bool:
    others = (v for v in client_views(reading) if v.probe == "http" and v.trial.key == stream.trial.key)
    return any(_certainly_later(stream.failed, v.failed) for v in others)


def _caching(reading: Reading) -> Iterator[str]:
    """The TTLs of the answers themselves: for so long a client may go on with what it has."""
    found: dict[str, set[int]] = {"right": set(), "absent": set()}
    for outcome in {o for s in reading.series_of(probe="dns") if s.pod for o in reading.outcomes_of(s)}:
        if outcome.ttl is None:
            continue
        if outcome.status in DNS_PRESENT:
            found["right"].add(outcome.ttl)
        elif outcome.status in DNS_ABSENT:
            found["absent"].add(outcome.ttl)
    if found["right"]:
        yield (
            f"Answers carried a TTL of up to {stated(max(found['right']))}: a client that caches may use a dead "
            "address for that long."
        )
    if found["absent"]:
        yield (
            f"Negative answers carried up to {stated(max(found['absent']))}: one that caches them may miss the new pod "
            "for that long after it is back."
        )


def _unmeasured(views: dict[str, list[ClientView]], spoken: str) -> Iterator[str]:
    missing = [_NAMES[probe].format(spoken) for probe, found in views.items() if not found]
    if missing:
        yield f"Not measured: {', '.join(missing)}."


def _since(view: ClientView, interval: Interval | None) -> Bound:
    assert interval is not None  # noqa: S101 - callers filter
    return bound(interval, view.trial.accepted_ns)


def _lengths(views: list[ClientView]) -> str:
    """How long the outages lasted, from their upper bounds."""
    bounds = [view.outage_ns for view in views]
    return at_most(
        [Bound(b.after_ns, censored=True) if b.before_ns is None else Bound(b.before_ns) for b in bounds if b]
    )


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
