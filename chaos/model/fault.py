"""What was injected, into what, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class PodIdentity:
    """A pod as it was when a fault chose it.

    Attributes:
        name: such as ``web-0``.
        uid: of the pod object; its successor of the same name has another.
        address: the one of the family that comes first in its cluster.
        node: on which it runs.
        hostname: that its spec gives it.
        ordinal: its number in the StatefulSet, as its label says.
        claims: names of its volume claims.
        ipv6: its address beside that; empty where it has none.
    """

    name: str
    uid: str
    address: str
    node: str
    hostname: str = ""
    ordinal: str = ""
    claims: tuple[str, ...] = ()
    ipv6: str = ""


def ipv6_of(status: dict[str, Any]) -> str:
    """The IPv6 address in a pod's status beside its first one, which `podIP` is; empty where there is none."""
    others = [str(entry.get("ip", "")) for entry in (status.get("podIPs") or ())[1:]]
    return next((ip for ip in others if ":" in ip), "")


class CauseWords(NamedTuple):
    """How reports say what a fault did to one of its targets, and from when its seconds count.

    Of ``CauseWords("its deletion was accepted", "the deletion", "delete accepted")`` reports make, in this order:
    "Seconds since *its deletion was accepted*", "was not right 60 s after *the deletion*", "*delete accepted* (t0)".

    Attributes:
        what: a clause with its verb in the past, about the pod: "its deletion was accepted".
        noun: the same as a noun with its article, after "after": "the deletion".
        label: two or three words, a step of the time line: "delete accepted".
    """

    what: str
    noun: str
    label: str


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """One injected fault and the time in which its effects were measured: one trial.

    Attributes:
        fault: its name, such as ``delete-pod``.
        trial: 1, 2, ….
        targets: the pods that it chose, as they were just before.
        outcome: ``accepted``; ``refused`` with the reason in `detail`; ``partial`` where some of its requests were
            made and another refused; ``unknown`` where no answer came; ``sent`` where the run was cut off before.
        sent_ns: when the request left.
        accepted_ns: when its response arrived, of several requests the last one; None where it was refused.
        ended_ns: when the `async with run.inject(…)` was left; None where the run was cut short.
        detail: why it was refused or partial.
        parameters: such as ``grace_s``.
        replaces: whether each target is to be replaced by a new pod of its name: then it is a trial of its recovery.
        requests: where each target had a request of its own: by its name when that left, and when its response arrived.
        words: how reports say what it did to a target; None: in a run of an older version.
        one_by_one: whether a controller deletes its targets, each when its turn comes.
    """

    fault: str
    trial: int
    targets: tuple[PodIdentity, ...]
    outcome: str
    sent_ns: int
    accepted_ns: int | None
    ended_ns: int | None
    detail: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    replaces: bool = True
    requests: dict[str, tuple[int, int]] = field(default_factory=dict)
    words: CauseWords | None = None
    one_by_one: bool = False

    @property
    def label(self) -> str:
        """Its name and its targets; without any, the texts among its parameters, such as the name of a node."""
        named = [value for value in self.parameters.values() if isinstance(value, str)]
        about = [target.name for target in self.targets] or named
        return f"{self.fault} {', '.join(filter(None, about))}".rstrip()

    def holds(self, at_ns: int) -> bool:
        """Whether an instant is in its time, from its request on."""
        return self.sent_ns <= at_ns and (self.ended_ns is None or at_ns <= self.ended_ns)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> FaultWindow:
        """What `dataclasses.asdict` made, after a way through JSON.

        Raises:
            ValueError: a request of its own was accepted before it was sent.
        """
        targets = tuple(PodIdentity(**{**t, "claims": tuple(t["claims"])}) for t in fields["targets"])
        requests = {pod: (int(sent), int(accepted)) for pod, (sent, accepted) in fields.get("requests", {}).items()}
        for pod, (sent_ns, accepted_ns) in requests.items():
            if accepted_ns < sent_ns:
                raise ValueError(f"the request for {pod} was accepted before it was sent")
        words = CauseWords(*map(str, given)) if (given := fields.get("words")) else None
        return cls(**{**fields, "targets": targets, "requests": requests, "words": words})
