"""Samples of one probed thing from one place, on one schedule."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from chaos.model.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Series:
    """What is sampled. All samples of a series share it.

    Attributes:
        id: position in the history's list of series.
        probe: ``dns``; ``cached`` (the same through a caching resolver of its own); ``lookup`` (as a program's resolver
            library asks, with retries: its time is what the program waits); or a connection probe: ``tcp`` (connect by
            the pod's name), ``http`` (who answers by the pod's name), ``clusterip`` (who answers behind the ClusterIP
            service of the one pod), ``address`` (who answers at one address, also after the pod has lost it),
            ``stream`` (one long-lived connection).
        record: what a report calls it: ``A web-1.web``, ``SRV web``, ``PTR 10.244.1.7``; for connections
            ``web-1.web:80``, ``10.244.1.7:80``.
        view: the DNS server asked: a CoreDNS pod's name, or ``service`` for the cluster DNS address. For connection
            probes by name, the view that resolved it; otherwise empty.
        pod: the pod that it is about; empty for records of the whole service.
        name: the absolute DNS name asked (no final dot), or the address.
        period_s: seconds between two scheduled samples.
        timeout_s: seconds after which a sample counts as TIMEOUT.
        vantage: the place that it was sampled from.
        ask: what a client asks to hear who answers: the path of a page.
        resolver: options of a ``lookup``, as in resolv.conf; its `view` may name several servers, with commas.
        server: the address of the DNS server asked, where it is none of those that the run began with.
    """

    id: int
    probe: str
    record: str
    view: str
    pod: str
    name: str
    period_s: float
    timeout_s: float
    vantage: str = "local"
    ask: str = "/"
    resolver: str = ""
    server: str = ""


class Observation(NamedTuple):
    """One sample. Times are nanoseconds of the run's clock."""

    scheduled_ns: int
    sent_ns: int
    received_ns: int
    outcome: Outcome


@dataclass(slots=True)
class Samples:
    """The samples of one series as columns, in order of `received_ns` (the order in which they were recorded).

    For a TIMEOUT, `received_ns` is when the prober gave up.
    """

    scheduled_ns: array[int] = field(default_factory=lambda: array("q"))
    sent_ns: array[int] = field(default_factory=lambda: array("q"))
    received_ns: array[int] = field(default_factory=lambda: array("q"))
    outcome: array[int] = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self.sent_ns)

    def append(self, scheduled_ns: int, sent_ns: int, received_ns: int, outcome: int) -> None:
        self.scheduled_ns.append(scheduled_ns)
        self.sent_ns.append(sent_ns)
        self.received_ns.append(received_ns)
        self.outcome.append(outcome)

    def rows(self) -> Iterator[tuple[int, int, int, int]]:
        """(scheduled_ns, sent_ns, received_ns, outcome id) of each sample."""
        return zip(self.scheduled_ns, self.sent_ns, self.received_ns, self.outcome, strict=True)
