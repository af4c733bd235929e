"""The one recommendation that a run's evidence carries: the container ends before its grace period is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chaos.analysis.overlap import old_served
from chaos.analysis.reading import Reading
from chaos.analysis.trials import NS_PER_S, Trial, counted_in, no_effect, trials
from chaos.analysis.units import out_of, stated

# A container that was seen to serve for the one share of its grace period, and not seen to stop before the other, has
# used it up: what is left is the time between two samples, and the delay of the watch.
_SERVED, _NOT_STOPPED = 0.95, 0.98
# One that served for longer than its grace period and this was not killed at its end: its node did not hear of it. The
# kubelet gives a hook that used all of it 2 s more (minimumGracePeriodInSeconds); the rest is noticing and killing.
_KILLED_WITHIN_S = 5.0
# From this share of the trials on it is more than a chance.
_MOST = 0.5
_SHOWN_CHARS = 60


def advice(reading: Reading) -> str:
    """A text that cites figures; empty where nothing is to be recommended."""
    found = [end for trial in trials(reading) if (end := _end(reading, trial)) is not None]
    used = [end for end in found if end.used_up]
    if not used or len(used) < _MOST * len(found):
        return ""
    graces = {end.grace_s for end in used}
    grace = f"its grace period of {stated(used[0].grace_s)}" if len(graces) == 1 else "its grace period"
    of_them = out_of(len(used), len(found), counted_in([end.trial for end in found]))
    over = f"in {of_them} it served until {grace} was over."
    hooks = list(dict.fromkeys(hook for end in used for hook in end.hooks))
    if not hooks:
        return f"Let the container end on SIGTERM: {over}"
    return f"Look at what the container does before it ends, first its preStop hook ({', '.join(hooks)}): {over}"


@dataclass(frozen=True, slots=True)
class _End:
    """How a deleted pod's container ended.

    Attributes:
        used_up: whether it served until it was killed at the end of its grace period.
        hooks: the preStop hooks of the pod's containers, in words.
    """

    trial: Trial
    grace_s: int
    used_up: bool
    hooks: tuple[str, ...]


def _end(reading: Reading, trial: Trial) -> _End | None:
    """None where it was not measured, or the pod had no time to end in.

    From when its deletion was seen, which is no earlier than it began: the pod served for at least that long. The
    fault's own instant will not do, since controllers delete one pod after the other.
    """
    grace_s, served, seen_ns = trial.life.grace_s, old_served(reading, trial), _deletion_seen_ns(reading, trial)
    if no_effect(trial) or not grace_s or served is None or seen_ns is None:
        return None
    least_s = (served.after_ns - seen_ns) / NS_PER_S
    stopped_early = served.before_ns is not None and (served.before_ns - seen_ns) / NS_PER_S < _NOT_STOPPED * grace_s
    used_up = _SERVED * grace_s <= least_s <= grace_s + _KILLED_WITHIN_S and not stopped_early
    return _End(trial, grace_s, used_up, tuple(_hooks(trial.life.old_pod or {})))


def _deletion_seen_ns(reading: Reading, trial: Trial) -> int | None:
    """When the watch first showed that the old pod was to end."""
    mine = (e for e in reading.events if e.kind == "Pod" and e.uid == trial.target.uid)
    return next((e.at_ns for e in mine if "deletionTimestamp" in e.object.get("metadata", {})), None)


def _hooks(pod: dict[str, Any]) -> Iterator[str]:
    for container in (pod.get("spec") or {}).get("containers") or []:
        hook = (container.get("lifecycle") or {}).get("preStop") or {}
        if "sleep" in hook:
            yield f"a sleep of {stated(float((hook['sleep'] or {}).get('seconds') or 0))}"
        elif "exec" in hook:
            yield f"exec `{_shown(' '.join((hook['exec'] or {}).get('command') or []))}`"
        elif "httpGet" in hook:
            yield f"httpGet `{_shown(str((hook['httpGet'] or {}).get('path') or '/'))}`"


def _shown(text: str) -> str:
    """A command on one line, short, and nothing that ends its quotation."""
    line = " ".join(text.replace("`", "'").split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[:_SHOWN_CHARS]}…"
