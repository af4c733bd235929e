"""Puts mutated answers to a prober, and compares what it records with what they establish."""

from __future__ import annotations

import asyncio
import errno
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from benchmarks.dns_mutations.mutations import MUTATIONS
from benchmarks.dns_mutations.oracle import Fact, fact
from benchmarks.dns_mutations.right import Right, right_answers
from chaos.clock import RunClock
from chaos.model import Outcome, Series
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT, TIMEOUT
from chaos.probes import DnsProber, DnsQuestion, DnsView
from chaos.vantage import UdpPort, UdpReceiver
from kubesim import run_virtual

_PERIOD_S, _TIMEOUT_S = 0.001, 0.01
_MOST_SHOWN = 20
# Reading an answer with dnspython costs more than all else; of those that counted as nothing, one in so many is read.
_LOOKS_AT_UNKNOWN = 10


@dataclass
class Result:
    """What came of an attack.

    Attributes:
        counted: how many answers were taken for what: ``right``, ``another`` (which says what it says, such as another
            address), ``unknown`` (malformed, truncated, an error) and ``stray``.
        raised: answers that raised out of the prober.
        wrong: answers that were taken for what they do not establish.
        looked: unknown and stray answers that were looked at for what they establish.
        missed: those of them that establish something.
        shown: the first of these three, for people.
    """

    counted: Counter[str] = field(default_factory=Counter)
    raised: int = 0
    wrong: int = 0
    looked: int = 0
    missed: int = 0
    shown: list[str] = field(default_factory=list)

    def show(self, what: str, kind: str, right: Right, data: bytes, found: object, wanted: object) -> None:
        """Keep one for the report."""
        if len(self.shown) < _MOST_SHOWN:
            asked = f"{right.rtype} {right.name}"
            self.shown.append(f"{what} ({kind}): {asked} got {data.hex()}: taken for {found}, establishes {wanted}")


@dataclass(frozen=True, slots=True)
class _Put:
    """An answer that was put to the prober."""

    kind: str
    right: Right
    data: bytes
    query_id: int


class Attack:
    """Vantage and sink of the prober: answers each query at once, with a mutated answer."""

    name = "attack"

    def __init__(self, clock: RunClock, answers: int, seed: int) -> None:
        self.result = Result()
        self.over = asyncio.Event()
        self._rng = random.Random(seed)
        self._rights = right_answers()
        self._facts = {right: fact(right.wire, 0, right.name, right.rtype) for right in self._rights}
        self._answers = answers
        self._clock = clock
        self._by_query: dict[bytes, tuple[int, list[Right]]] = {}
        self._open: dict[tuple[int, int], _Put] = {}  # by series and the instant of its query
        self._ids: dict[Outcome, int] = {}
        self._outcomes: list[Outcome] = []
        self._under_way = b""

    def questions(self) -> Iterator[tuple[int, DnsQuestion]]:
        """Each question that has right answers, with its series."""
        for right in self._rights:
            question = DnsQuestion(right.name, right.rtype)
            if question.tail not in self._by_query:
                self._by_query[question.tail] = (len(self._by_query), [])
                yield self._by_query[question.tail][0], question
            self._by_query[question.tail][1].append(right)

    # ---- the vantage ----

    def random_16_bits(self) -> int:
        return self._rng.getrandbits(16)

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:  # noqa: ARG002 - there is one server
        return _Port(self, receiver)

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:  # noqa: ARG002
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    def answer(self, query: bytes, receiver: UdpReceiver) -> None:
        """Choose among the right answers to a question, mutate one, and deliver it."""
        if not self._answers:
            self.over.set()
            return
        self._answers -= 1
        series_id, rights = self._by_query[query[2:]]
        right, other = self._rng.choice(rights), self._rng.choice(self._rights)
        mutation = self._rng.choice(MUTATIONS)
        data = mutation(self._rng, right, other)
        if data[:2] == b"\0\0":  # stands for the query's own id
            data = query[:2] + data[2:]
        put = _Put(mutation.__name__, right, data, int.from_bytes(query[:2], "big"))
        self._open[series_id, self._clock.now_ns()] = put
        self._under_way = data
        try:
            receiver.datagram(data)
        except Exception as exc:  # noqa: BLE001 - what must not happen is counted
            self.result.raised += 1
            self.result.show("raised", mutation.__name__, right, data, repr(exc), None)
        self._under_way = b""

    # ---- the sink ----

    def outcome_id(self, outcome: Outcome) -> int:
        known = self._ids.setdefault(outcome, len(self._ids))
        if known == len(self._outcomes):
            self._outcomes.append(outcome)
        return known

    def sample(self, series_id: int, scheduled_ns: int, sent_ns: int, received_ns: int, outcome_id: int) -> None:  # noqa: ARG002
        put = self._open.pop((series_id, sent_ns), None)
        if put is None:
            return
        if self._under_way:  # a changed id may be that of an older question that is still open
            put = replace(put, data=self._under_way)
        self._judge(put, self._outcomes[outcome_id])

    def _judge(self, put: _Put, outcome: Outcome) -> None:
        right, result = put.right, self.result
        found = _taken(outcome, right.rtype)
        if found is None:
            what = "stray" if outcome.status == TIMEOUT else "unknown"
            result.counted[what] += 1
            if result.counted[what] % _LOOKS_AT_UNKNOWN:
                return
        wanted = fact(put.data, put.query_id, right.name, right.rtype)
        if found is None:
            result.looked += 1
            if wanted is not None:
                result.missed += 1
                result.show("missed", put.kind, right, put.data, outcome, wanted)
        elif found == wanted:
            same = self._facts[right] == wanted
            result.counted["right" if same else "another"] += 1
        else:
            result.wrong += 1
            result.show("wrong", put.kind, right, put.data, found, wanted)


class _Port:
    """Delivers an answer while the query is being sent."""

    def __init__(self, attack: Attack, receiver: UdpReceiver) -> None:
        self._attack = attack
        self._receiver = receiver

    def send(self, payload: bytes) -> None:
        self._attack.answer(payload, self._receiver)

    def close(self) -> None:
        """There is nothing to close."""


def attack(answers: int, seed: int) -> Result:
    """Put so many mutated answers to a prober, in virtual time."""

    async def main() -> Result:
        clock = RunClock(asyncio.get_running_loop())
        attacker = Attack(clock, answers, seed)
        async with asyncio.TaskGroup() as group:
            prober = DnsProber(attacker, clock, attacker, DnsView("attacked", "192.0.2.1"), _TIMEOUT_S, group)
            prober.start()
            for series_id, question in attacker.questions():
                series = Series(series_id, "dns", question.rtype, "attacked", "", question.name, _PERIOD_S, _TIMEOUT_S)
                prober.add(series, question, _PERIOD_S)
            await attacker.over.wait()
            await asyncio.sleep(2 * _TIMEOUT_S)
            prober.stop()
        return attacker.result

    return run_virtual(main())


def _taken(outcome: Outcome, rtype: str) -> Fact | None:
    """What a recorded outcome claims; None where it is unknown."""
    if outcome.status in DNS_ABSENT:
        return Fact(outcome.status)
    if outcome.status not in DNS_PRESENT:
        return None
    if rtype != "SRV":
        final = "." if rtype == "PTR" else ""
        return Fact("NOERROR", frozenset(value.removesuffix(final) + final for value in outcome.values))
    pairs = (pair.rpartition("=") for pair in outcome.additional)
    targets = tuple(sorted({record.rpartition(" ")[2] for record in outcome.srv}))
    if outcome.values != targets:
        return Fact("inconsistent")
    return Fact(
        "NOERROR",
        frozenset(record.removesuffix(".") + "." for record in outcome.srv),
        frozenset((n, a) for n, _, a in pairs),
    )
