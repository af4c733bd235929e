"""One fault as it really went for one of its pods, and what each DNS server really said of that pod's records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.seeded_experiments.world import PodTruth, Steps, Value, World, joined
from chaos.model import FaultWindow, History, PodIdentity

T = TypeVar("T")
U = TypeVar("U")
OLD, ABSENT, NEW, KEPT = "old", "absent", "new", "kept"
POD_A, SERVICE_A, SRV, PTR = "A of the pod", "A of the service", "SRV of the service", "PTR of the pod's address"


@dataclass(frozen=True, slots=True)
class Scene:
    """One accepted fault and one of its targets.

    Attributes:
        end_ns: the last instant that belongs to it.
        until_ns: the last instant before a fault hits a pod of that name again.
        new: the pod of that name at the end, where it is another one than the target.
    """

    fault: FaultWindow
    target: PodIdentity
    sent_ns: int
    accepted_ns: int
    end_ns: int
    until_ns: int
    old: PodTruth
    new: PodTruth | None

    @property
    def new_address(self) -> str:
        """Of the successor, where it was Ready in time."""
        return self.new.address if self.new is not None and self.ready_ns is not None else ""

    @property
    def ready_ns(self) -> int | None:
        """When the successor was Ready; None where it was not by the end."""
        at_ns = None if self.new is None else self.new.at_ns.get("ready")
        return at_ns if at_ns is not None and at_ns <= self.end_ns else None

    @property
    def limit_ns(self) -> int:
        """From when its limit counts: the fault's acceptance, or the own deletion where a controller asks for it."""
        one_by_one = self.fault.fault in _ONE_BY_ONE and self.hit_ns is not None
        return max(self.accepted_ns, self.hit_ns or 0) if one_by_one else self.accepted_ns

    @property
    def hit_ns(self) -> int | None:
        """When the deletion of the target began; None where it did not."""
        known = [self.old.at_ns[step] for step in ("terminating", "gone") if step in self.old.at_ns]
        return min(known, default=None)


_ONE_BY_ONE = ("rolling-update", "scale")


def scenes(world: World, history: History) -> list[Scene]:
    """Of every accepted fault that replaces its pods, by fault and pod."""
    last_ns = max((s.received_ns[-1] for s in history.samples.values() if len(s)), default=0)
    last_ns = max(last_ns, max((e.at_ns for e in history.events), default=0))
    found = []
    for fault in history.faults:
        if fault.accepted_ns is None or not fault.replaces:
            continue
        ended_ns = last_ns if fault.ended_ns is None else fault.ended_ns
        for target in fault.targets:
            again = [f.sent_ns for f in history.faults if f.sent_ns > fault.sent_ns and _hits(f, target.name)]
            until_ns = min(again, default=max(last_ns, ended_ns))
            end_ns = min([ended_ns, *again])
            old = world.pod(target.uid)
            if old is not None:
                new = _successor(world, target, fault.sent_ns, end_ns)
                found.append(
                    Scene(fault, target, fault.sent_ns, fault.accepted_ns, end_ns, until_ns, old, new),
                )
    return found


def _hits(fault: FaultWindow, name: str) -> bool:
    return any(target.name == name for target in fault.targets)


def _successor(world: World, target: PodIdentity, from_ns: int, to_ns: int) -> PodTruth | None:
    """The last one that was Ready by then; without any, the last one that was created."""
    later = [
        pod
        for pod in world.generations(target.name)
        if pod.uid != target.uid and from_ns <= pod.at_ns["created"] <= to_ns
    ]
    ready = [pod for pod in later if pod.at_ns.get("ready", to_ns + 1) <= to_ns]
    return (ready or later)[-1] if later else None


class Records:
    """What a server says of a scene's pod: `OLD`, `ABSENT`, `NEW`; or `KEPT`, where the address is the same again."""

    def __init__(self, world: World, history: History, scene: Scene) -> None:
        self._world, self._scene = world, scene
        target = history.meta.target
        self._service = f"{target['service']}.{target['namespace']}.svc.{target.get('domain', 'cluster.local')}"
        self._own = f"{scene.target.name}.{self._service}"
        self._taken = world.taken(scene.target.address, scene.target.name)

    def states(self, kind: str, replica: str) -> Steps[str]:
        """Of a forward record, as one server gives it."""
        world = self._world
        if kind == SERVICE_A:
            said = joined([world.answers(replica, self._service, "A"), self._taken])
            return _mapped(said, lambda both: self._state(both[0], taken=both[1]))
        own = world.srv(replica, self._service, self._own) if kind == SRV else world.answers(replica, self._own, "A")
        return _mapped(own, self._state)

    def reverse(self, replica: str, address: str) -> Steps[str]:
        """Whether the reverse name of an address leads to the pod: `KEPT` or `ABSENT`."""
        name = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
        return _mapped(self._world.answers(replica, name, "PTR"), lambda v: KEPT if self._own in v else ABSENT)

    def right(self, kind: str, replica: str) -> Steps[bool]:
        """Whether what it gives is what it should be after the replacement."""
        if not self._scene.new_address:
            return Steps(first=False)
        if kind == PTR:
            return _mapped(self.reverse(replica, self._scene.new_address), lambda state: state == KEPT)
        return _mapped(self.states(kind, replica), lambda state: state in (NEW, KEPT))

    def _state(self, addresses: Value, *, taken: bool = False) -> str:
        """What a server gives: `taken` where the old address is another pod's by now, which may be there too."""
        old, new = self._scene.target.address, self._scene.new_address
        if old in addresses and old == new:
            return KEPT
        if old in addresses and not (taken and new in addresses):
            return OLD
        return NEW if new and new in addresses else ABSENT


def _mapped(steps: Steps[T], function: Callable[[T], U]) -> Steps[U]:
    return Steps(function(steps.first), list(steps.at_ns), [function(value) for value in steps.values])


def right_since(right: Steps[bool], from_ns: int, to_ns: int) -> int | None:
    """From when on it was right up to an instant; `from_ns` where it never was wrong; None where it was wrong then."""
    if not right.value(to_ns):
        return None
    turned = [at for at, now in right.turns(bool, from_ns, to_ns) if now]
    return turned[-1] if turned else from_ns


def lasting_since(right: Steps[bool], from_ns: int, to_ns: int, unseen_ns: int) -> Iterator[int]:
    """From when on it may be held to have been right up to an instant, if wrong times as short as that go unseen."""
    until_ns = to_ns
    for at_ns, now in reversed([(from_ns, right.value(from_ns)), *right.turns(bool, from_ns, to_ns)]):
        if now:
            yield at_ns
        elif until_ns - at_ns > unseen_ns:
            return
        until_ns = at_ns


def entered(states: Steps[str], wanted: tuple[str, ...], from_ns: int, to_ns: int) -> Iterator[int]:
    """The instants at which it came into one of these states."""
    return (at for at, now in states.turns(lambda state: state in wanted, from_ns, to_ns) if now)


def left(states: Steps[str], wanted: tuple[str, ...], from_ns: int, to_ns: int) -> Iterator[int]:
    """The instants at which it was no longer in one of them."""
    return (at for at, now in states.turns(lambda state: state in wanted, from_ns, to_ns) if not now)
