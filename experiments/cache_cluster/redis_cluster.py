"""A Redis Cluster under a fault, as its members and its clients see it; each writes down notes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from chaos.experiment import Member, Note, Run, ask_members

_LOOK_S = 0.2
_WRITE_S = 0.05
_TIMEOUT_S = 1.0
# Reading the stored values back at the end is not measured, so it may wait longer and try again.
_PATIENT_S = 3.0
_TRIES = 3
NO_ANSWER = "no answer"
# redis-py's texts → what happened, in the order in which they are looked for.
_CAUSES = (
    ("CLUSTERDOWN", "CLUSTERDOWN"),
    ("Name or service not known", "name not found"),
    ("NXDOMAIN", "name not found"),
    ("NODATA", "name not found"),
    ("Error 111", "connection refused"),
    ("Error 113", "no route to host"),
    ("Connect call failed", "connection refused"),
    ("Timeout connecting", "timeout while connecting"),
    ("Timeout reading", "timeout while waiting for the answer"),
    ("Connection closed by server", "connection closed"),
    ("Connection reset", "connection reset"),
    ("LOADING", "LOADING"),
    ("READONLY", "READONLY"),
    ("slots are not covered", "slots without an owner"),
)


class Seen(Note):
    """What the other members said of it, whenever that changed.

    Attributes:
        by: the pod that said it.
        owner: pod that has the slots which the subject had before the fault; empty where nobody has them.
        named: ``as before``, or the hostname that it has instead.
        state: of the cluster.
        after_s: on the run's clock, when the last question was sent that was still answered with the old state; None of
            the first one.
        before_s: when the first answer with the new state came.
    """

    trial: int
    by: str
    of: str
    owner: str
    flags: str
    address: str
    named: str
    state: str
    after_s: float | None = None
    before_s: float = 0.0


class Writes(Note):
    """A cluster client that writes every 50 ms, one write after the other.

    Attributes:
        slots: about whose it is.
        errors: kind → writes that failed so.
        last_ok_s: when the last write before the first error was sent, in seconds since the deletion was accepted.
        ok_again_s: when the first one after the last error was acknowledged: the outage lies between the two.
    """

    trial: int
    slots: str
    tried: int
    done: int
    errors: dict[str, Any]
    last_ok_s: float | None
    ok_again_s: float | None


class Errors(Note):
    """Its errors, in their order (seconds after the deletion was accepted)."""

    trial: int
    slots: str
    error: str
    writes: int
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class Spell:
    """Errors of one kind that followed each other: when the first write was sent, and when the last one failed."""

    kind: str
    count: int
    first_ns: int
    last_ns: int


def cause(error: Exception) -> str:
    """An error of redis-py in a few words, its class included."""
    text = str(error)
    said = next((what for part, what in _CAUSES if part in text), "")
    name = type(error).__name__
    return f"{name}: {said}" if said else name


class MemberWatch:
    """What one member says of another one (the subject), written down as `Seen` whenever it changes.

    Args:
        run: under way.
        by: the pod that is asked, by its own name.
        service: that gives it the name.
        subject: as its members knew it before the fault.
        trial: number of the fault to come.
    """

    def __init__(self, run: Run, by: str, service: str, subject: Member, trial: int) -> None:
        self._run, self._by, self._subject, self._trial = run, by, subject, trial
        self._host = f"{by}.{service}"
        self._state: Seen | None = None
        self._after_ns = 0

    async def watch(self, stop: asyncio.Event) -> None:
        """Until it is told to stop."""
        async with self._run.clients.redis(self._host, timeout_s=_TIMEOUT_S) as client:
            while not stop.is_set():
                await self._look(client)
                await asyncio.sleep(_LOOK_S)

    async def _look(self, client: Any) -> None:
        sent_ns = self._run.now_ns()
        try:
            state, members = await ask_members(client)
        except self._run.clients.redis_error:
            return  # says nothing, and widens the interval
        seen = self._told(state, members)
        if seen != self._state:
            after_s = None if self._state is None else _seconds(self._after_ns)
            self._run.note(replace(seen, after_s=after_s, before_s=_seconds(self._run.now_ns())))
            self._state = seen
        self._after_ns = sent_ns

    def _told(self, state: str, members: Iterable[Member]) -> Seen:
        known, was = list(members), self._subject
        subject = next((m for m in known if m.id == was.id), None)
        owner = next((m.pod for m in known if m.owns(was.slots[0][0])), "")
        flags = ",".join(subject.flags) if subject else "not known"
        named = "as before" if subject and subject.hostname == was.hostname else _name(subject)
        return Seen(self._trial, self._by, was.pod, owner, flags, subject.address if subject else "", named, state)


@dataclass(slots=True)
class Writer:
    """A client of the cluster that writes one key after the other, each once, at most every 50 ms.

    Attributes:
        tag: hash tag that puts its keys into one slot.
        written: keys whose write was acknowledged.
    """

    run: Run
    host: str
    tag: str
    about: str
    trial: int
    written: list[str] = field(default_factory=list)
    _spells: list[Spell] = field(default_factory=list)
    _tried: int = 0
    _last_ok_ns: int | None = None
    _gap: tuple[int | None, int | None] = (None, None)

    async def write(self, stop: asyncio.Event) -> None:
        """Until it is told to stop."""
        client: Any
        async with self.run.clients.redis_cluster(self.host, timeout_s=_TIMEOUT_S) as client:
            while not stop.is_set():
                key = f"{{{self.tag}}}:{self.trial}:{self._tried}"
                self._tried += 1
                sent_ns = self.run.now_ns()
                try:
                    await client.set(key, key)
                except (self.run.clients.redis_error, OSError) as exc:
                    self._failed(cause(exc), sent_ns)
                else:
                    self._succeeded(key, sent_ns)
                spent_s = (self.run.now_ns() - sent_ns) / 1e9
                await asyncio.sleep(max(0.0, _WRITE_S - spent_s))

    def _failed(self, kind: str, sent_ns: int) -> None:
        now_ns = self.run.now_ns()
        if self._spells and self._spells[-1].kind == kind:
            last = self._spells.pop()
            self._spells.append(Spell(kind, last.count + 1, last.first_ns, now_ns))
        else:
            self._spells.append(Spell(kind, 1, sent_ns, now_ns))
        if self._gap == (None, None):
            self._gap = (self._last_ok_ns, None)

    def _succeeded(self, key: str, sent_ns: int) -> None:
        self.written.append(key)
        self._last_ok_ns = sent_ns
        # The outage ends with the first success after the newest error.
        if self._spells and (self._gap[1] is None or self._gap[1] < self._spells[-1].last_ns):
            self._gap = (self._gap[0], self.run.now_ns())

    def report(self, zero_ns: int) -> None:
        """Write down what became of its writes, in seconds since `zero_ns`."""
        counts = Counter[str]()
        for one in self._spells:
            counts[one.kind] += one.count
            first_s, last_s = (_seconds(at_ns - zero_ns) for at_ns in (one.first_ns, one.last_ns))
            self.run.note(Errors(self.trial, self.about, one.kind, one.count, first_s, last_s))
        gap = (None if at_ns is None else _seconds(at_ns - zero_ns) for at_ns in self._gap)
        errors = dict(counts.most_common())
        self.run.note(Writes(self.trial, self.about, self._tried, len(self.written), errors, *gap))


def _seconds(at_ns: int) -> float:
    return round(at_ns / 1e9, 3)


def _name(member: Member | None) -> str:
    return "not known" if member is None else member.hostname or "nothing"


async def ask_member(run: Run, host: str) -> tuple[str, tuple[Member, ...]]:
    """The cluster's state and its members, as one of them says; `NO_ANSWER` and nobody where it does not."""
    async with run.clients.redis(host, timeout_s=_PATIENT_S) as client:
        for _ in range(_TRIES):
            try:
                return await ask_members(client)
            except run.clients.redis_error:
                await asyncio.sleep(_LOOK_S)
    return NO_ANSWER, ()


async def enter(run: Run, host: str, keys: Iterable[str]) -> tuple[Counter[str], int]:
    """Read each key over a new connection with a client that knows of no cluster.

    Returns:
        Id of the member that was reached → how often; how many reads were answered with MOVED.
    """
    came: Counter[str] = Counter()
    moved = 0
    client: Any
    for key in keys:
        async with run.clients.redis(host, timeout_s=_PATIENT_S) as client:
            came[str(await client.execute_command("CLUSTER MYID"))] += 1
            try:
                await client.get(key)
            except run.clients.redis_error as exc:
                if type(exc).__name__ != "MovedError":
                    raise
                moved += 1
    return came, moved


@asynccontextmanager
async def going_on(*works: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Let coroutines run for the time of a block, and then end by themselves.

    They are told to stop rather than cancelled: redis-py now and then makes an ordinary error of a cancellation.
    """
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work(stop))
        try:
            yield
        finally:
            stop.set()
