"""Was the steady state reached before the faults and after each of them?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaos.analysis.claims import Finding, against, checker, holds, unsure
from chaos.analysis.reading import Reading
from chaos.analysis.units import at_most_ns, count

_SHOWN = 3


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
    number = len(reading.faults)
    which = "each of" if len(after) == number else "the last of"
    again = "it" if number == 1 else f"{which} {count(number, 'fault')}"
    yield holds(f"Everything was right before the first fault, and again after {again}.")
    if took_ns := list(_took_ns(reading, marked)):
        which = "The longest" if len(took_ns) > 1 else "It"
        yield holds(f"{which} took {at_most_ns(max(took_ns))} from the fault's acceptance.")


def _took_ns(reading: Reading, marked: list[tuple[int, dict[str, Any]]]) -> Iterator[int]:
    """From each fault's acceptance until it was reached first; a method may do other things before it asks for it."""
    for fault in reading.faults:
        mine = (at_ns for at_ns, m in marked if m.get("phase") == "after" and m.get("trial") == fault.trial)
        reached_ns = next((at_ns for at_ns in mine if at_ns >= fault.sent_ns), None)
        if reached_ns is not None and fault.accepted_ns is not None:
            yield reached_ns - fault.accepted_ns


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
