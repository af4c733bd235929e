"""Watches conditions while a run goes on, and ends it when one holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaos.clock import RunClock
from chaos.engine.aborting.condition import Condition, Seen
from chaos.engine.progress import Progress
from chaos.errors import AbortedError, PreflightError

# A condition that was unknown for longer than this no longer protects anything, so the run is ended.
UNKNOWN_AT_MOST_S = 30.0
_UNDONE = "what the run had changed is undone"


@dataclass(slots=True)
class _Record:
    """What was seen of one.

    Attributes:
        result: ``not watched``, ``did not hold``, ``held`` or ``unknown``.
        value: that was seen last; of one that nobody can tell, why not.
        unknown_since_s: of the stretch that goes on.
        unknown_s: seconds in which nobody could tell, in all that are over.
    """

    result: str = "not watched"
    value: str = ""
    looks: int = 0
    at_s: float | None = None
    unknown_since_s: float | None = None
    unknown_s: float = 0.0


class Watch:
    """All conditions of a run.

    Args:
        conditions: that end it.
        clock: of the run.
        progress: is told what cannot be told.
    """

    def __init__(self, conditions: Sequence[Condition], clock: RunClock, progress: Progress) -> None:
        self.conditions = tuple(conditions)
        self._clock = clock
        self._progress = progress
        self._records = {condition.text: _Record() for condition in self.conditions}

    async def follow(self, condition: Condition, steady: asyncio.Event) -> None:
        """Look at one until it holds; cancelled when the method is over.

        Raises:
            AbortedError: it holds, or nobody could tell for too long.
        """
        await steady.wait()
        condition.begin()
        while True:
            seen = await condition.look()
            self._take(condition, seen)
            await asyncio.sleep(condition.every_s)

    def _take(self, condition: Condition, seen: Seen) -> None:
        record, now_s = self._records[condition.text], self._clock.now_s()
        record.looks += 1
        record.value = seen.value
        if seen.holds is None:
            self._unknown(condition, record, now_s)
            return
        if record.unknown_since_s is not None:
            record.unknown_s += now_s - record.unknown_since_s
            record.unknown_since_s = None
            self._progress.step(f"--abort-if {condition.text!r} is known again")
        record.result = "held" if seen.holds else "did not hold"
        if seen.holds:
            record.at_s = now_s
            raise AbortedError(f"--abort-if {condition.text!r} holds: {seen.value}", hint=_UNDONE)

    def _unknown(self, condition: Condition, record: _Record, now_s: float) -> None:
        record.result = "unknown"
        if record.unknown_since_s is None:
            record.unknown_since_s = now_s
            self._progress.warning(
                f"whether --abort-if {condition.text!r} holds is not known: {record.value}; "
                f"where that lasts for {UNKNOWN_AT_MOST_S:g} s the run is undone"
            )
        elif now_s - record.unknown_since_s >= UNKNOWN_AT_MOST_S:
            record.at_s = now_s
            raise AbortedError(
                f"--abort-if {condition.text!r} cannot be watched any more, for "
                f"{now_s - record.unknown_since_s:.0f} s: {record.value}",
                hint=_UNDONE,
            )

    async def finish(self) -> None:
        """What came after the last look is looked at too, where samples tell it; nothing is raised any more."""
        for condition in self.conditions:
            record = self._records[condition.text]
            if condition.final and record.looks and record.result == "did not hold":
                seen = await condition.look()
                if seen.holds is not None:
                    record.value = seen.value
                if seen.holds:
                    record.result, record.at_s = "held", self._clock.now_s()
        for condition in self.conditions:
            record = self._records[condition.text]
            if record.unknown_since_s is not None:
                record.unknown_s += self._clock.now_s() - record.unknown_since_s
                record.unknown_since_s = None

    def rows(self) -> list[dict[str, Any]]:
        """For run.json, one a condition."""
        return [
            {
                "condition": text,
                "result": record.result,
                "value": record.value,
                "looks": record.looks,
                "at_s": None if record.at_s is None else round(record.at_s, 3),
                "unknown_s": round(record.unknown_s, 3),
            }
            for text, record in self._records.items()
        ]


async def check_all(conditions: Sequence[Condition]) -> None:
    """Before anything is touched: each can be watched, and none holds already.

    Raises:
        PreflightError: one cannot, or does.
    """
    for condition in conditions:
        seen = await condition.check()
        if seen is not None and seen.holds:
            raise PreflightError(
                f"--abort-if {condition.text!r} holds before the run has begun: {seen.value}",
                hint="nothing was touched; wait until it does not hold, or mend the condition",
            )
