"""What became of the pods of a run, step by step, as the watch showed it.

All instants are arrivals of watch events: upper bounds, since each change was earlier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaos.analysis.claims import need
from chaos.analysis.coverage import unwatched
from chaos.analysis.lifecycle import pod_state
from chaos.analysis.reading import Reading, once


@dataclass(frozen=True, slots=True)
class PodStep:
    """A change of one pod.

    Attributes:
        at_ns: when the watch showed it, on the run's clock; the change was before that.
        pod: its name.
        uid: of the pod object.
        what: ``created``, ``ready``, ``unready``, ``terminating``, ``ended`` (its containers) or ``gone``.
        address: that it had then.
    """

    at_ns: int
    pod: str
    uid: str
    what: str
    address: str


def pod_steps(reading: Reading, from_ns: int = 0, to_ns: int | None = None) -> list[PodStep]:
    """The steps of every pod of the run's namespaces, in the order in which they were seen."""
    return [step for step in _all(reading) if step.at_ns >= from_ns and (to_ns is None or step.at_ns <= to_ns)]


@once
def _all(reading: Reading) -> list[PodStep]:
    return list(_steps(reading))


def step(
    reading: Reading, what: str, pod: str, since_ns: int = 0, *, until_ns: int | None = None, other_than: str = ""
) -> PodStep | None:
    """A pod's first such step in a time, of another UID where one is given; None where none was seen."""
    steps = pod_steps(reading, since_ns, until_ns)
    return next((s for s in steps if s.what == what and s.pod == pod and s.uid != other_than), None)


def _steps(reading: Reading) -> Iterator[PodStep]:
    before: dict[str, str] = {}  # UID → state
    for event in reading.events:
        if event.kind != "Pod":
            continue
        address = str((event.object.get("status") or {}).get("podIP", ""))
        known = before.get(event.uid)
        if event.type == "DELETED":
            before[event.uid] = "gone"
            yield PodStep(event.at_ns, event.name, event.uid, "gone", address)
            continue
        state = pod_state(event.object)
        before[event.uid] = state
        if known is None:
            yield PodStep(event.at_ns, event.name, event.uid, "created", address)
        if state in ("ready", "terminating", "ended") and state != known:
            yield PodStep(event.at_ns, event.name, event.uid, state, address)
        elif known == "ready" and state != "ready":
            yield PodStep(event.at_ns, event.name, event.uid, "unready", address)


def pods_were_watched(reading: Reading, from_ns: int, to_ns: int) -> None:
    """Go on only where the watch of pods has no gap in a time: in one, steps are missed, or come in another order.

    Raises:
        UnmeasuredError: it has.
    """
    need(not unwatched(reading, "Pod", from_ns, to_ns), "the watch of pods had a gap meanwhile")


def most_missing(reading: Reading, pods: tuple[str, ...], from_ns: int, to_ns: int) -> int:
    """How many of these pods were not Ready at the same moment of that time, at most, as the watch showed it.

    Raises:
        UnmeasuredError: the watch had a gap then, or had not shown one of them before.
    """
    pods_were_watched(reading, from_ns, to_ns)
    unseen = set(pods) - {one.pod for one in pod_steps(reading, 0, from_ns)}
    need(not unseen, f"the watch had not shown {' and '.join(sorted(unseen))} before")
    ready: set[str] = set()
    worst = 0
    for one in pod_steps(reading, 0, to_ns):
        if one.pod not in pods:
            continue
        if one.at_ns >= from_ns:
            worst = max(worst, len(pods) - len(ready))  # before this step
        if one.what == "ready":
            ready.add(one.pod)
        elif one.what != "created":
            ready.discard(one.pod)
    return max(worst, len(pods) - len(ready))
