"""Moments at which a run may die: at each of them the process forks, and in the child it is dead.

All that a simulated cluster is stands in memory, so a fork is a second cluster in the same state: a run is made once,
however often it dies.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# Of real time: a recovery that takes longer hangs.
_HANGS_AFTER_S = 300


class KilledError(BaseException):
    """The process is gone: nobody catches it, and nothing that is still done reaches anybody."""


@dataclass(frozen=True, slots=True)
class Death:
    """Where a run, or a recovery of it, dies, and from where it is recovered.

    Attributes:
        moment: before a request, after its answer, in the midst of a line of the journal, or after one.
        number: which of these.
        place: where the recovery is.
    """

    moment: str
    number: int
    place: str


@dataclass(slots=True)
class Fate:
    """What became of one death.

    Attributes:
        dies: where, for the table.
        number: of the moment.
        told: whether something said afterwards that there is something to undo.
        untold: what was another although nothing said so.
        left: what is not as before in the end, and what the recovery said.
    """

    dies: str
    number: int
    place: str
    told: bool = False
    untold: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class Crossroads:
    """Where one run, or one recovery, may die.

    Args:
        places: from which it is recovered after a death at that moment.
        every: only at one of so many moments.
        first: which of these is the first.
        begin: called in each child, before it dies.
    """

    def __init__(
        self, places: Callable[[str], Sequence[str]], every: int, first: int, begin: Callable[[Death], None]
    ) -> None:
        self._places, self._every, self._first, self._begin = places, every, first, begin
        self._passed: Counter[str] = Counter()  # of each kind
        self.death: Death | None = None  # in a child
        self.fates: list[Fate] = []
        self._out = -1

    def dies(self, moment: str) -> bool:
        """Whether this process is one in which the run dies here; a dead one comes here no more."""
        if self.death is not None:
            raise KilledError
        self._passed[moment] += 1
        number = self._passed[moment]
        if self._every < 1 or (number - 1) % self._every != self._first % self._every:
            return False
        return any(self._forks(Death(moment, number, place)) for place in self._places(moment))

    @property
    def moments(self) -> int:
        """How many there were."""
        return self._passed.total()

    def _forks(self, death: Death) -> bool:
        read, write = os.pipe()
        loop = asyncio.get_running_loop()
        gc.freeze()  # a collection in the child would copy all of memory
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # other threads are not needed
            child = os.fork()
        if not child:
            os.close(read)
            signal.alarm(_HANGS_AFTER_S)
            asyncio._set_running_loop(loop)  # asyncio takes a forked process for one without
            self.death, self.fates, self._out = death, [], write
            self._begin(death)
            return True
        os.close(write)
        with os.fdopen(read) as said:
            text = said.read()
        os.waitpid(child, 0)
        gc.unfreeze()
        rows: list[dict[str, Any]] = json.loads(text) if text else []
        self.fates += [Fate(**row) for row in rows]
        if not rows:
            self.fates.append(Fate(death.moment, death.number, death.place, left=["the recovery came to no end"]))
        return False

    def tell(self, fates: Sequence[Fate]) -> None:
        """End a child, and say what became of it."""
        with os.fdopen(self._out, "w") as out:
            json.dump([asdict(one) for one in fates], out)
        os._exit(0)
