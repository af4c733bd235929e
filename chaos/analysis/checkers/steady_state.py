"""Was the steady state reached before the faults and after each of them?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaos.analysis.claims import Finding, against, checker, holds, unsure
from chaos.analysis.reading import Reading
from chaos.analysis.units import at_most_ns, count

_SHOWN = 3
_NS_PER_S = 1_000_000_000


@checker("events.jsonl")
def steady_state(reading: Reading) -> Iterator[Finding]:
    """`fail` where it was not reached again after a fault; a target that was never steady gives `unknown`.

    So does one of which nothing was heard: silence is no failure.
    """
    marked = [(at_ns, details) for at_ns, what, details in reading.marks if what == "steady-state"]
    marks = [details for _, details in marked]
    for mark in (m for m in marks if m.get("reached") is not True):
        told = mark.get("reached") is False and mark.get("missing") and not _only_silence(mark)
        yield against(_missed(mark)) if told and mark.get("phase") == "after" else unsure(_missed(mark))
    if not any(m.get("phase") == "before" for m in marks):
        yield unsure("the state before the first fault was not checked")
    looks = [(at_ns, m.get("trial")) for at_ns, m in marked if m.get("phase") == "after"]
    # A fault within another one's time: what is looked at then is the state after both.
    after = {
        f.trial
        for f in reading.faults
        if any(at_ns >= f.sent_ns and (trial == f.trial or f.holds(at_ns)) for at_ns, trial in looks)
    }
    last = max((f.trial for f in reading.faults), default=0)
    for fault in reading.faults:
        if fault.trial not in after and (fault.replaces or fault.trial == last):
            yield unsure(f"trial {fault.trial}: the state after the fault was not checked")
    if not reading.faults:
        yield unsure("there was no trial")
    took_s = [s for m in marks if m.get("phase") == "after" and isinstance(s := m.get("took_s"), int | float)]
    slowest = f", after {at_most_ns(round(max(took_s) * _NS_PER_S))}" if took_s else ""
    of = f"{count(len(after))} of {count(len(reading.faults), 'fault')}"
    yield holds(f"Reached before the faults and again after {of}{slowest}.")


def _only_silence(mark: dict[str, Any]) -> bool:
    """Whether nothing is known of what was missing but that it was not heard."""
    missing = mark.get("missing") or []
    return bool(missing) and set(missing) <= set(mark.get("unheard") or ())


def _missed(mark: dict[str, Any]) -> str:
    missing = [str(m) for m in mark.get("missing") or []]
    shown = ", ".join(missing[:_SHOWN]) + (", …" if len(missing) > _SHOWN else "")
    when = (
        "before the faults" if mark.get("phase") == "before" else f"after the fault of trial {mark.get('trial', '?')}"
    )
    return f"not reached {when} within {mark.get('within_s', '?')} s" + (f" ({shown})" if shown else "")
