"""What an agent's clock says about the run's clock, and how surely.

A reading of an agent's clock is an exchange: the runner sends at `sent_ns`, the agent reads `agent_ns` at some instant
in between, the runner receives at `received_ns`. So at that instant the offset (agent's clock minus run's clock) was
between `agent_ns - received_ns` and `agent_ns - sent_ns`. Nothing is assumed about how the round trip divides.

For an instant between two readings, the offset is taken to lie in the *hull* of both readings' intervals. Let o(t) be
the true offset, o1 and o2 its values at the two readings.

- If o is monotone between them (constant, or drifting however fast), o(t) lies between o1 and o2, so in the hull.
- If it jumps once, o(t) is o1 before the jump and o2 after it, so in the hull. A clock that jumps back shows some
  instants twice; for those the readings on both sides of the jump count, whichever of the two was meant.

What is not covered: two jumps in opposite directions between two readings (a quarter of a second apart, unless the
connection was cut).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from statistics import median
from typing import Any

_PPM = 1e6
# Older readings can matter only for samples that are still under way: the longest timeout of a probe, with room.
_KEPT_NS = 600_000_000_000
_PRUNE_AT = 4096
# A jump back by less than this cannot be told from slow round trips: instants so shortly before a reading may have been
# shown again after it, so the reading after it counts for them too.
_SLACK_NS = 5_000_000


class UnplaceableError(RuntimeError):
    """An instant that no reading tells anything about: a defect of whoever asks."""


@dataclass(frozen=True, slots=True)
class ClockPoint:
    """One reading. `agent_ns` is of the agent's clock, the others of the run's."""

    agent_ns: int
    sent_ns: int
    received_ns: int

    @property
    def round_trip_ns(self) -> int:
        return self.received_ns - self.sent_ns

    @property
    def least_offset_ns(self) -> int:
        return self.agent_ns - self.received_ns

    @property
    def greatest_offset_ns(self) -> int:
        return self.agent_ns - self.sent_ns

    @property
    def middle_offset_ns(self) -> int:
        return (self.least_offset_ns + self.greatest_offset_ns) // 2


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A time (of the run's clock) in which an agent's clock moved against it by at least `moved_ns`."""

    from_ns: int
    to_ns: int
    moved_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Zone:
    """Instants of the agent's clock at which its offset may have been anything in between."""

    from_ns: int
    to_ns: int
    least_ns: int
    greatest_ns: int


class TimeBase:
    """The readings of one agent's clock. `add` them in the order in which they were made.

    Args:
        unsure_ns: movements between two readings that are certainly larger than that are kept as `unsure`.
    """

    def __init__(self, unsure_ns: int) -> None:
        self.unsure: list[ClockStep] = []
        self._unsure_ns = unsure_ns
        self._agent = array("q")  # in rising order
        self._least = array("q")
        self._greatest = array("q")
        self._shown_twice: list[_Zone] = []
        self._first: ClockPoint | None = None
        self._newest: ClockPoint | None = None
        self._bounds_ns = array("q")

    def add(self, point: ClockPoint) -> None:
        """Take in a reading."""
        newest = self._newest
        if newest is not None:
            self._judge(newest, point)
        self._first = self._first or point
        self._newest = point
        self._bounds_ns.append((point.round_trip_ns + 1) // 2)
        if newest is not None and (by_ns := newest.greatest_offset_ns - point.least_offset_ns) > _SLACK_NS:
            self._may_have_jumped_back(newest, point, by_ns)
        self._agent.append(point.agent_ns)
        self._least.append(point.least_offset_ns)
        self._greatest.append(point.greatest_offset_ns)
        if len(self._agent) > _PRUNE_AT:
            self._prune(point.agent_ns - _KEPT_NS)

    def _may_have_jumped_back(self, before: ClockPoint, after: ClockPoint, by_ns: int) -> None:
        """Take in a jump back: the clock showed some instants twice, and for these both offsets are possible."""
        elapsed_ns = after.received_ns - before.sent_ns
        place = bisect_right(self._agent, after.agent_ns)
        least = min(before.least_offset_ns, after.least_offset_ns, *self._least[place:])
        greatest = max(before.greatest_offset_ns, after.greatest_offset_ns, *self._greatest[place:])
        # However fast it ran before the jump, twice the time between the readings is more than it can have shown.
        zone = _Zone(before.agent_ns - by_ns, before.agent_ns + 2 * elapsed_ns, least, greatest)
        self._shown_twice.append(zone)
        for column in (self._agent, self._least, self._greatest):
            del column[place:]

    def _judge(self, before: ClockPoint, after: ClockPoint) -> None:
        """Note a clock step where the offset certainly moved too far; slow round trips alone never look like one."""
        moved_ns = max(
            after.least_offset_ns - before.greatest_offset_ns, before.least_offset_ns - after.greatest_offset_ns, 0
        )
        if moved_ns > self._unsure_ns:
            way = "forward" if after.middle_offset_ns > before.middle_offset_ns else "back"
            elapsed_s = (after.sent_ns - before.sent_ns) / 1e9
            reason = f"its clock went {way} by at least {moved_ns / 1e6:.1f} ms within {elapsed_s:.2f} s"
            self.unsure.append(ClockStep(before.sent_ns, after.received_ns, moved_ns, reason))

    def _prune(self, before_ns: int) -> None:
        self._shown_twice = [zone for zone in self._shown_twice if zone.to_ns >= before_ns]
        place = bisect_left(self._agent, before_ns) - 1
        if place > 0:
            for column in (self._agent, self._least, self._greatest):
                del column[:place]

    # ---- mapping ----

    def lower_ns(self, agent_ns: int) -> int:
        """The earliest instant of the run's clock that an instant of the agent's can be.

        Raises:
            UnplaceableError: it is not between two readings.
        """
        return agent_ns - self._hull(agent_ns)[1]

    def upper_ns(self, agent_ns: int) -> int:
        """The latest; see `lower_ns`."""
        return agent_ns - self._hull(agent_ns)[0]

    def middle_ns(self, agent_ns: int) -> int:
        """The middle of both bounds, for what needs no guarantee; outside of all readings by the nearest one."""
        at = min(max(agent_ns, self._agent[0]), self._agent[-1])
        least, greatest = self._hull(at)
        return agent_ns - (least + greatest) // 2

    def _hull(self, agent_ns: int) -> tuple[int, int]:
        """The least and the greatest offset at an instant of the agent's clock."""
        after = bisect_left(self._agent, agent_ns)
        before = bisect_right(self._agent, agent_ns) - 1
        sides = [i for i in (before, after) if 0 <= i < len(self._agent)]
        if after + 1 < len(self._agent) and self._agent[after] - agent_ns <= _SLACK_NS:
            sides.append(after + 1)
        zones = [zone for zone in self._shown_twice if zone.from_ns <= agent_ns <= zone.to_ns]
        if (before < 0 or after >= len(self._agent)) and not zones:
            raise UnplaceableError(f"{agent_ns} ns of an agent's clock lies between no two readings of it")
        least = min([self._least[i] for i in sides] + [zone.least_ns for zone in zones])
        greatest = max([self._greatest[i] for i in sides] + [zone.greatest_ns for zone in zones])
        return least, greatest

    # ---- for the report ----

    def newest(self) -> dict[str, int]:
        """``offset_ns`` of the newest reading, and its ``bound_ns``: the offset is known to ± that."""
        assert self._newest is not None  # noqa: S101 - after the first reading
        return {"offset_ns": self._newest.middle_offset_ns, "bound_ns": self._bounds_ns[-1]}

    def summary(self) -> dict[str, Any]:
        """Offsets at start and end, error bounds, and drift over the whole time with its own bound."""
        first, newest = self._first, self._newest
        if first is None or newest is None:
            return {"points": 0}
        found: dict[str, Any] = {
            "points": len(self._bounds_ns),
            "offset_start_ms": first.middle_offset_ns / 1e6,
            "offset_end_ms": newest.middle_offset_ns / 1e6,
            "bound_median_ms": median(self._bounds_ns) / 1e6,
            "bound_max_ms": max(self._bounds_ns) / 1e6,
        }
        elapsed_ns = newest.sent_ns - first.sent_ns
        if elapsed_ns > 0:
            gained_ns = newest.middle_offset_ns - first.middle_offset_ns
            error_ns = (first.round_trip_ns + newest.round_trip_ns) / 2
            found["drift_ppm"] = round(gained_ns / elapsed_ns * _PPM, 3)
            found["drift_error_ppm"] = round(error_ns / elapsed_ns * _PPM, 3)
        return found
