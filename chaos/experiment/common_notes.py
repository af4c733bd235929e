"""The notes that many methods write down in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos.analysis.notes import Note


@dataclass(frozen=True, slots=True)
class Waited(Note):
    """Waits of the method.

    Attributes:
        step: what was waited for, as `Run.until` was told.
        took_s: seconds until it was found, or until the time was over.
        reached: whether it was found.
    """

    step: str
    took_s: float
    reached: bool


@dataclass(frozen=True, slots=True)
class Change(Note):
    """Changes that the method made and that are no fault of a pod.

    Attributes:
        step: what was changed, as `Run.change` was told.
        sent_ns: when, on the run's clock.
        accepted_ns: when the API server had accepted it.
    """

    step: str
    sent_ns: int
    accepted_ns: int


@dataclass(frozen=True, slots=True)
class Asked(Note):
    """What DNS servers answered; an experiment's own kind may add what else it wants to tell answers apart by.

    Attributes:
        asked: type and name, such as ``A web-0.web``.
        view: that was asked.
        status: of the answer.
        values: addresses or other data, as in `Outcome`.
        ttl: in seconds; None where there was none.
    """

    asked: str
    view: str
    status: str
    values: tuple[str, ...]
    ttl: int | None


@dataclass(frozen=True, slots=True)
class Answered(Note):
    """Who answered connections; an experiment's own kind may add what else it wants to tell counts apart by.

    Attributes:
        asked: name or address.
        connections: how many were made.
        answered: pod → how often it answered; failures by their status and phase.
    """

    asked: str
    connections: int
    answered: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResolverConf(Note):
    """What a pod's /etc/resolv.conf says.

    Attributes:
        nameservers: in its order.
        search: domains, in its order.
        ndots: as in `ResolvConf`.
        exit_code: of the command that read it.
    """

    nameservers: tuple[str, ...]
    search: tuple[str, ...]
    ndots: int
    exit_code: int


@dataclass(frozen=True, slots=True)
class LookedUp(Note):
    """What busybox's nslookup said in a pod.

    Attributes:
        asked: the name, or an address.
        exit_code: of the command.
        addresses: of the name, sorted.
        names: of the address, sorted.
        refused: names that a server refused, each with the status.
        status: NOERROR with anything found, else the worst.
        took_s: seconds.
    """

    asked: str
    exit_code: int
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    refused: tuple[str, ...]
    status: str
    took_s: float


@dataclass(frozen=True, slots=True)
class Fetched(Note):
    """What wget got in a pod, which asks the C library.

    Attributes:
        asked: the name.
        exit_code: of the command.
        page: the first line of the page; empty where there was none.
        said: what wget said of an error.
    """

    asked: str
    exit_code: int
    page: str
    said: str


@dataclass(frozen=True, slots=True)
class QueryCost(Note):
    """What a C library asks for a name.

    Attributes:
        asked: the name.
        queries: A and AAAA of every name that is tried.
        names_tried: how many these are.
        status: of the last name's A.
        steps: each name with its status.
    """

    asked: str
    queries: int
    names_tried: int
    status: str
    steps: tuple[str, ...]
