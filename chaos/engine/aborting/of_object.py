"""A condition in the status of an object of Kubernetes."""

from __future__ import annotations

from chaos.clock import RunClock
from chaos.cluster.client import CLUSTER_WIDE, Cluster
from chaos.engine.aborting.condition import Condition, Seen
from chaos.errors import ApiError, PreflightError
from chaos.options.conditions import ObjectCondition

# A look is tried again by the next one.
_BUDGET_S = 2.0
_ABSENT = "not there"


class WatchedObject(Condition):
    """Reads the object once a second.

    Args:
        said: what was asked for.
        namespace: of the run.
        early: whether the object must be there before the run begins; what a run makes is not.
    """

    every_s = 1.0

    def __init__(
        self, said: ObjectCondition, cluster: Cluster, clock: RunClock, namespace: str, *, early: bool
    ) -> None:
        super().__init__(said.text)
        self._said = said
        self._cluster = cluster
        self._clock = clock
        self._namespace = "" if said.kind in CLUSTER_WIDE else namespace
        self._early = early
        self._was_there = False
        self._since_s: float | None = None  # since when it has held, by the looks

    async def check(self) -> Seen | None:
        """See `Condition.check`."""
        if not self._early:
            return None
        seen = await self._read()
        if isinstance(seen, ApiError):
            raise PreflightError(f"--abort-if {self.text!r} cannot be watched: {seen.message}", hint=seen.hint)
        if not self._was_there:
            raise PreflightError(
                f"--abort-if {self.text!r} is about {self._what}, which is not there", hint="is its name right?"
            )
        return Seen(self._holds(seen) and not self._said.for_s, self._told(seen))

    async def look(self) -> Seen:
        """See `Condition.look`."""
        asked_s = self._clock.now_s()
        seen = await self._read()
        if isinstance(seen, ApiError):
            self._since_s = None  # the condition may have changed while it could not be read
            return Seen(None, seen.message)
        if not self._was_there:
            return Seen(None, f"there is no {self._what}")
        if not self._holds(seen):
            self._since_s = None
            return Seen(False, self._told(seen))
        now_s = self._clock.now_s()
        if self._since_s is None:
            self._since_s = now_s  # counted from the receipt, after the server looked: so the time is a lower bound
        for_s = asked_s - self._since_s
        told = self._told(seen) + (f" for at least {max(for_s, 0.0):.0f} s" if self._said.for_s else "")
        return Seen(for_s >= self._said.for_s or not self._said.for_s, told)

    async def _read(self) -> str | ApiError:
        """The condition's status."""
        try:
            found = await self._cluster.get(self._said.kind, self._said.name, self._namespace, budget_s=_BUDGET_S)
        except ApiError as exc:
            return exc
        if found is None:
            return _ABSENT
        self._was_there = True
        rows = (found.get("status") or {}).get("conditions") or ()
        return next((str(row.get("status")) for row in rows if row.get("type") == self._said.type), _ABSENT)

    def _holds(self, status: str) -> bool:
        return (status == self._said.status) is self._said.equal

    def _told(self, status: str) -> str:
        return f"{self._said.type} of {self._what} is {status}"

    @property
    def _what(self) -> str:
        where = f" in namespace {self._namespace}" if self._namespace else ""
        return f"{self._said.kind} {self._said.name}{where}"
