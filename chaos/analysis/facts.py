"""What a method wrote down while it ran: its own measurements beside the samples of the probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos.analysis.reading import Reading


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a method found out (`Run.mark`).

    Attributes:
        at_ns: when, on the run's clock.
        kind: what it is about, such as ``lookup``.
    """

    at_ns: int
    kind: str
    values: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def get(self, key: str, default: Any = None) -> Any:
        """A value that may be missing."""
        return self.values.get(key, default)


def facts(reading: Reading, kind: str, **where: Any) -> list[Fact]:
    """All facts of a kind whose values are those of `where`, in the order in which they were found."""
    found = (Fact(at_ns, what, details) for at_ns, what, details in reading.marks if what == kind)
    return [fact for fact in found if all(fact.get(key) == value for key, value in where.items())]


def fact(reading: Reading, kind: str, **where: Any) -> Fact | None:
    """The last of them; None where the method never came so far."""
    found = facts(reading, kind, **where)
    return found[-1] if found else None
