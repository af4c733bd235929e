"""Was the steady state reached before the faults and after each of them?"""

from __future__ import annotations

from typing import Any

from chaos.analysis.checkers.verdicts import combine
from chaos.model import History, Verdict

NAME = "steady-state"
_SHOWN = 3


def steady_state(history: History) -> Verdict:
    """`fail` where it was not reached again after a fault; a target that was never steady gives `unknown`.

    So does one of which nothing was heard: silence is no failure.
    """
    marked = [(at_ns, details) for at_ns, what, details in history.marks if what == "steady-state"]
    marks = [details for _, details in marked]
    missed = [m for m in marks if not m.get("reached")]
    unknown = [m for m in missed if m.get("phase") == "before" or _only_silence(m)]
    failures = [_missed(m) for m in missed if m not in unknown]
    unknowns = [_missed(m) for m in unknown]
    if not any(m.get("phase") == "before" for m in marks):
        unknowns.append("the state before the first fault was not checked")
    looks_ns = [at_ns for at_ns, m in marked if m.get("phase") == "after"]
    after = {m.get("trial") for m in marks if m.get("phase") == "after"}
    # A fault within another one's time: what is looked at then is the state after both.
    after |= {f.trial for f in history.faults if any(f.holds(at_ns) for at_ns in looks_ns)}
    last = max((f.trial for f in history.faults), default=0)
    unknowns += [
        f"trial {f.trial}: the state after the fault was not checked"
        for f in history.faults
        if f.trial not in after and (f.replaces or f.trial == last)
    ]
    if not history.faults:
        unknowns.append("there was no trial")
    took_s = [m["took_s"] for m in marks if m.get("phase") == "after" and m.get("took_s") is not None]
    slowest = f", after {max(took_s):.2f} s at most" if took_s else ""
    success = f"Reached before the faults and again after {len(after)} of {len(history.faults)}{slowest}."
    return combine(NAME, failures=failures, unknowns=unknowns, success=success, evidence=("events.jsonl",))


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
