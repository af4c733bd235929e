"""What really happened in a run, on the run's clock: from the sandbox's truth log and its API server's writes alone.

Nothing here reads a sample, an event that the tool's watches saw, or the tool's analysis.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from benchmarks.seeded_experiments.running import Commits
from chaos.faults.cut_node import SANDBOX_NETWORK
from tests.sandboxed import Ran

T = TypeVar("T")
Value = tuple[str, ...]
_SERVICE_LABEL = "kubernetes.io/service-name"


@dataclass(slots=True)
class Steps(Generic[T]):
    """A value that changes at instants; `first` before the first of them."""

    first: T
    at_ns: list[int] = field(default_factory=list)
    values: list[T] = field(default_factory=list)

    def add(self, at_ns: int, value: T) -> None:
        """From that instant on; instants come in order."""
        if self.at_ns and self.at_ns[-1] == at_ns:
            self.values[-1] = value
        else:
            self.at_ns.append(at_ns)
            self.values.append(value)

    def value(self, at_ns: int) -> T:
        """At an instant, a change at it included."""
        position = bisect_right(self.at_ns, at_ns)
        return self.values[position - 1] if position else self.first

    def within(self, from_ns: int, to_ns: int) -> list[T]:
        """Every value that it had in [from_ns, to_ns], the one just before a change at `from_ns` included."""
        return [
            self.value(from_ns - 1),
            *(v for at, v in zip(self.at_ns, self.values, strict=True) if from_ns <= at <= to_ns),
        ]

    def turns(self, holds: Callable[[T], bool], from_ns: int, to_ns: int) -> list[tuple[int, bool]]:
        """The instants of (from_ns, to_ns] at which a condition on the value changes, with what it then is."""
        was, found = holds(self.value(from_ns)), []
        for at, value in zip(self.at_ns, self.values, strict=True):
            now = holds(value)
            if at > from_ns and at <= to_ns and now != was:
                found.append((at, now))
            if at > from_ns:
                was = now
        return found


def joined(parts: Iterable[Steps[Any]]) -> Steps[tuple[Any, ...]]:
    """The values of several, side by side."""
    known = list(parts)
    together = Steps(tuple(part.first for part in known))
    for at_ns in sorted({at for part in known for at in part.at_ns}):
        together.add(at_ns, tuple(part.value(at_ns) for part in known))
    return together


@dataclass(frozen=True, slots=True)
class PodTruth:
    """One pod object: its steps (``created``, ``scheduled``, ``addressed``, ``ready``, ``terminating``, ``gone``)."""

    name: str
    uid: str
    node: str
    address: str
    claims: tuple[str, ...]
    at_ns: dict[str, int]


class World:
    """The truth of one run."""

    def __init__(self, ran: Ran, commits: Commits) -> None:
        self._ran = ran
        self._commits = commits
        history = ran.history
        self.namespace = str(history.meta.target["namespace"])
        self.replicas = tuple(v for v in history.meta.environment["dns_views"] if v != "service")
        self._zones: dict[tuple[str, str, str], Steps[Value]] = defaultdict(lambda: Steps(()))
        self._kept: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
        self._serving: dict[str, Steps[str]] = defaultdict(lambda: Steps(""))
        self._routes: dict[str, Steps[Value]] = defaultdict(lambda: Steps(()))
        self._served: dict[tuple[str, str, str], Steps[Value]] = {}
        self._read_log()
        self.nodes = self._links()
        self.pods = self._pods()
        self._node_of = {pod.address: pod.node for pod in self.pods}
        self._endpoints = self._slices()

    def _read_log(self) -> None:
        for fact in self._ran.truth.facts:
            at_ns = self._ran.ns(fact.at_s)
            if fact.what == "dns":
                self._zones[fact.where, fact.name, fact.rtype].add(at_ns, fact.value)
            elif fact.what == "kept":
                until_ns = self._ran.ns(float(fact.value[0]))
                self._kept[fact.where, fact.name, fact.rtype].append((at_ns, until_ns))
            elif fact.what == "serving":
                self._serving[fact.where].add(at_ns, fact.name if fact.value else "")
            elif fact.what == "service":
                self._routes[fact.where].add(at_ns, fact.value)

    def _links(self) -> dict[str, Steps[bool]]:
        """Node → whether it is in the network."""
        found: dict[str, Steps[bool]] = defaultdict(lambda: Steps(first=True))
        for at_s, change in self._commits.nodes:
            up = (change.object["metadata"].get("annotations") or {}).get(SANDBOX_NETWORK) != "down"
            link = found[change.object["metadata"]["name"]]
            if link.value(self._ran.ns(at_s)) != up:
                link.add(self._ran.ns(at_s), up)
        return found

    def _pods(self) -> list[PodTruth]:
        steps: dict[str, dict[str, int]] = defaultdict(dict)
        for fact in self._ran.truth.of("pod"):
            steps[fact.where].setdefault(fact.value[0], self._ran.ns(fact.at_s))
        newest = {}
        for at_s, change in self._commits.pods:
            meta, status = change.object["metadata"], change.object.get("status") or {}
            newest[meta["uid"]] = change.object
            if status.get("podIP"):
                steps[meta["uid"]].setdefault("addressed", self._ran.ns(at_s))
        return [
            PodTruth(
                pod["metadata"]["name"],
                uid,
                pod["spec"].get("nodeName", ""),
                (pod.get("status") or {}).get("podIP", ""),
                tuple(sorted(v["persistentVolumeClaim"]["claimName"] for v in _claims(pod))),
                steps[uid],
            )
            for uid, pod in newest.items()
            if pod["metadata"].get("namespace") in (self.namespace, "kube-system")
        ]

    def _slices(self) -> Steps[frozenset[str]]:
        """The UIDs that are ready endpoints of the governing service."""
        service = self._ran.history.meta.target["service"]
        by_slice: dict[str, frozenset[str]] = {}
        found: Steps[frozenset[str]] = Steps(frozenset())
        for at_s, change in self._commits.slices:
            meta = change.object["metadata"]
            mine = (meta.get("labels") or {}).get(_SERVICE_LABEL) == service
            if not mine or meta["namespace"] != self.namespace:
                continue
            endpoints = [] if change.type == "DELETED" else change.object.get("endpoints") or []
            by_slice[meta["name"]] = frozenset(
                e["targetRef"]["uid"] for e in endpoints if (e.get("conditions") or {}).get("ready") is not False
            )
            found.add(self._ran.ns(at_s), frozenset().union(*by_slice.values()))
        return found

    # ---- what is asked of it ----

    @property
    def endpoints(self) -> Steps[frozenset[str]]:
        """UIDs of the pods that the governing service has as ready."""
        return self._endpoints

    def pod(self, uid: str) -> PodTruth | None:
        """The pod with that UID."""
        return next((pod for pod in self.pods if pod.uid == uid), None)

    def ready_pod(self, name: str, at_ns: int) -> PodTruth | None:
        """The pod of a name that is Ready then, and not going."""
        for pod in self.generations(name):
            going = min((pod.at_ns[step] for step in ("terminating", "gone") if step in pod.at_ns), default=None)
            if "ready" in pod.at_ns and pod.at_ns["ready"] <= at_ns and (going is None or going > at_ns):
                return pod
        return None

    def writes(self, name: str) -> list[int]:
        """When a pod of that name was written to, or removed."""
        return [
            self._ran.ns(at_s)
            for at_s, change in self._commits.pods
            if change.object["metadata"]["name"] == name and change.object["metadata"]["namespace"] == self.namespace
        ]

    def generations(self, name: str) -> list[PodTruth]:
        """The pods of a name, by creation."""
        found = [pod for pod in self.pods if pod.name == name and "created" in pod.at_ns]
        return sorted(found, key=lambda pod: pod.at_ns["created"])

    def answers(self, replica: str, name: str, rtype: str) -> Steps[Value]:
        """What a DNS server answers, with what its cache keeps: () where it denies."""
        key = replica, name.lower(), rtype
        if key not in self._served:
            self._served[key] = _with_cache(self._zones[key], self._kept[key])
        return self._served[key]

    def srv(self, replica: str, service: str, name: str) -> Steps[Value]:
        """The addresses that an SRV answer for the service carries for one of its targets; () without the target."""
        key = replica, name.lower(), f"SRV of {service}"
        if key not in self._served:
            targets, own = self._zones[replica, service, "SRV"], self._zones[replica, name.lower(), "A"]
            both = joined([_holds(targets, name), own])
            zone: Steps[Value] = Steps(())
            for at_ns, (named, addresses) in zip(both.at_ns, both.values, strict=True):
                zone.add(at_ns, addresses if named else ())
            self._served[key] = _with_cache(zone, self._kept[replica, service, "SRV"])
        return self._served[key]

    def who_serves(self, address: str) -> Steps[str]:
        """The pod whose container takes connections at an address and can be reached; "" where there is none."""
        serving, link = self._serving[address], self.nodes[self._node_of.get(address, "")]
        both = joined([serving, link])
        found = Steps("")
        for at_ns, (who, up) in zip(both.at_ns, both.values, strict=True):
            found.add(at_ns, str(who) if up else "")
        return found

    def taken(self, address: str, name: str) -> Steps[bool]:
        """Whether an address is a pod's of another name."""
        found = Steps(first=False)
        others = [pod.at_ns for pod in self.pods if pod.address == address and pod.name != name]
        changes = [(at["addressed"], True) for at in others if "addressed" in at]
        changes += [(at["gone"], False) for at in others if "gone" in at]
        for at_ns, now in sorted(changes):
            found.add(at_ns, now)
        return found

    def routes(self, address: str) -> Steps[Value]:
        """The addresses behind a ClusterIP."""
        return self._routes[address]

    def views(self, view: str) -> tuple[str, ...]:
        """The servers whose answers a view gives."""
        return self.replicas if view == "service" else (view,)


def _claims(pod: dict[str, object]) -> Iterator[dict[str, dict[str, str]]]:
    volumes = pod["spec"].get("volumes") or ()  # type: ignore[attr-defined]
    return (volume for volume in volumes if "persistentVolumeClaim" in volume)


def _holds(targets: Steps[Value], name: str) -> Steps[Value]:
    found: Steps[Value] = Steps(())
    for at_ns, values in zip(targets.at_ns, targets.values, strict=True):
        found.add(at_ns, (name,) if name in values else ())
    return found


def _with_cache(zone: Steps[Value], kept: list[tuple[int, int]]) -> Steps[Value]:
    """While an answer is kept, it is what the zone said when it was put there."""
    found: Steps[Value] = Steps(zone.first)
    instants = sorted({*zone.at_ns, *(until for _, until in kept)})
    starts = [start for start, _ in kept]
    for at_ns in instants:
        position = bisect_right(starts, at_ns) - 1
        held = position >= 0 and kept[position][0] <= at_ns < kept[position][1]
        found.add(at_ns, zone.value(kept[position][0]) if held else zone.value(at_ns))
    return found
