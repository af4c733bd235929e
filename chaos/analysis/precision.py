"""`--until-precision` as a recorded run tells it: how precise it was to be, and at which look it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.analysis.reading import Reading
from chaos.analysis.survey import Decision, decide, plan
from chaos.model import Interval

# The run writes down what each look found; its details are the fields of `Decision` that are no interval.
LOOKED = "look-at-precision"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a run was to reach.

    Attributes:
        precision: relative half-width of the interval for the median, such as 0.1.
        max_trials: faults, at most.
        stopped_at: number of durations at the look at which the run stopped; None where it ended for another reason.
    """

    precision: float
    max_trials: int
    stopped_at: int | None

    @property
    def looks(self) -> int:
        """How many there may be."""
        return len(plan(self.max_trials).looks)

    def decision(self, durations: Sequence[Interval]) -> Decision:
        """What the look at which it stopped found, by all that is known now; else what a look at its end would find."""
        return decide(durations[: self.stopped_at], self.precision, plan(self.max_trials))


def aim_of(reading: Reading) -> Aim | None:
    """What the run was to reach; None where nobody asked for a precision."""
    parameters = reading.meta.parameters
    if parameters.get("until_precision") is None:
        return None
    looks = (details for _, what, details in reading.marks if what == LOOKED)
    stopped_at = next((int(details["n"]) for details in looks if details["stop"]), None)
    return Aim(float(parameters["until_precision"]), int(parameters["max_trials"]), stopped_at)
