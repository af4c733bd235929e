"""From where a run was measured, and for how long each place lasted."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.analysis.reading import Reading
from chaos.analysis.trials import Trial
from chaos.model import Interval, Series


@dataclass(frozen=True, slots=True)
class Loss:
    """A vantage that did not last.

    Attributes:
        at_ns: the instant up to which its samples are there.
    """

    vantage: str
    node: str
    at_ns: int
    reason: str
    samples: int


@dataclass(frozen=True, slots=True)
class Unsure:
    """A time in which the clock of a vantage was not known well enough."""

    vantage: str
    from_ns: int
    to_ns: int
    reason: str

    def holds(self, from_ns: int, to_ns: int) -> bool:
        """Whether a part of that time is in this one."""
        return from_ns <= self.to_ns and to_ns >= self.from_ns

    def touches(self, interval: Interval) -> bool:
        """Whether an instant known to lie in that interval may lie in this time."""
        return interval.after_ns <= self.to_ns and (interval.before_ns is None or interval.before_ns >= self.from_ns)


def names(reading: Reading) -> list[str]:
    """The vantages that sampled something, the first one first."""
    found = dict.fromkeys(series.vantage for series in reading.series)
    listed = reading.meta.environment.get("vantages")
    if not isinstance(listed, list):
        return list(found)
    ordered = [str(v["name"]) for v in listed if isinstance(v, dict) and v.get("name") in found]
    return list(dict.fromkeys([*ordered, *found]))


def nodes(reading: Reading) -> dict[str, str]:
    """Vantage → the node that it ran on, where that is known."""
    listed = reading.meta.environment.get("vantages")
    rows = listed if isinstance(listed, list) else []
    return {str(v["name"]): str(v.get("node", "")) for v in rows if isinstance(v, dict) and "name" in v}


def losses(reading: Reading) -> dict[str, Loss]:
    """The vantages that were lost, by name."""
    return {
        str(d["vantage"]): Loss(
            str(d["vantage"]), str(d.get("node", "")), at_ns, str(d.get("reason", "")), int(d.get("samples", 0))
        )
        for at_ns, what, d in reading.marks
        if what == "vantage-lost"
    }


def unsure(reading: Reading) -> list[Unsure]:
    """All times in which a vantage's clock was not known well enough."""
    return [
        Unsure(str(d["vantage"]), int(d["from_ns"]), int(d["to_ns"]), str(d.get("reason", "")))
        for _, what, d in reading.marks
        if what == "clock-unsure"
    ]


def primary(reading: Reading, trial: Trial) -> str:
    """The vantage whose view stands for a client's in a trial: the first that lasted through it.

    Clients differ by where they are, so what one client saw must not be pieced together from several places.
    """
    known = names(reading)
    lost = losses(reading)
    lasted = (name for name in known if name not in lost or lost[name].at_ns >= trial.end_ns)
    return next(lasted, known[0] if known else "")


def primary_series(reading: Reading, trial: Trial) -> list[Series]:
    """The series of a trial's primary vantage."""
    name = primary(reading, trial)
    return [series for series in reading.series if series.vantage == name]
