"""The notes that many methods write down in the same way."""

from __future__ import annotations

from typing import Any

from chaos.analysis.claims import known
from chaos.analysis.notes import Note, note
from chaos.analysis.reading import Reading
from chaos.analysis.units import count
from chaos.model import Outcome, Series


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

    @property
    def took_ns(self) -> int:
        return round(self.took_s * 1e9)


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

    @property
    def says_something(self) -> bool:
        """Whether it tells what is there; see `Outcome`."""
        return Outcome(self.status).says_something

    def told(self) -> str:
        """For people: ``NOERROR 10.244.1.3``."""
        return f"{self.status} {', '.join(self.values)}".rstrip()


class Answered(Note):
    """Who answered connections; an experiment's own kind may add what else it wants to tell counts apart by.

    Attributes:
        asked: name or address.
        connections: how many were made.
        answered: pod → how often it answered; failures by their status and phase, as in `Outcome.told`.
    """

    asked: str
    connections: int
    answered: dict[str, Any]

    @property
    def heard(self) -> dict[str, int]:
        """Those that say something: who answered, and what was refused; without lost packets and lookups in vain."""
        return {who: n for who, n in self.answered.items() if _says_something(who)}

    @property
    def reached(self) -> dict[str, int]:
        """Pod → connections that it answered."""
        return {who: n for who, n in self.answered.items() if not _failure(who)}

    @property
    def answers(self) -> int:
        """Connections that a pod answered."""
        return sum(self.reached.values())

    @property
    def failed(self) -> dict[str, int]:
        """Failure → connections. They say nothing about whom they would have reached."""
        return {what: n for what, n in self.answered.items() if _failure(what)}

    def told(self) -> str:
        """For people: ``28 to web-1, 32 to web-2``, failures as well."""
        rows = sorted(self.answered.items())
        return ", ".join(f"{count(n)} {'were ' if _failure(who) else 'to '}{who}" for who, n in rows) or "nobody"


def _failure(who: str) -> bool:
    """No pod has such a name."""
    return who.endswith(")")


def _says_something(who: str) -> bool:
    status, failed, phase = who.partition(" (")
    return not failed or Outcome(status, phase.rstrip(")")).says_something


class Watched(Note):
    """Clients that the method watched.

    Attributes:
        client: what the method calls it.
        series: its id in the run.
    """

    client: str
    series: int


def watched(reading: Reading, client: str) -> Series:
    """The series of a client that was written down.

    Raises:
        UnmeasuredError: it was not watched.
    """
    missing = f"the client {client} was not watched"
    found = reading.series_with([note(reading, Watched, missing, client=client).series])
    return known(found[0] if found else None, missing)
