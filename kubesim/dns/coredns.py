"""One CoreDNS replica: what it knows, and since when; what it answers, in bytes."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from math import inf

from kubesim.dns import outside
from kubesim.dns.cache import Cache
from kubesim.dns.corefile import KUBEADM_COREFILE, Corefile, CorefileError, parse
from kubesim.dns.erratic import Erratic
from kubesim.dns.lookup import Lookup
from kubesim.dns.names import is_under
from kubesim.dns.query import OPCODE, RD, BadQueryError, Query
from kubesim.dns.query import parse as parse_query
from kubesim.dns.record import Answer, Name, Rcode, Record, RType
from kubesim.dns.response import bad_version, header_only, render
from kubesim.dns.truth import AnswerTruth
from kubesim.dns.zone import KINDS, Zone
from kubesim.model import Model
from kubesim.simclock import SimClock
from kubesim.store import Change, Store
from kubesim.truth import Truth

_SYSTEM = "kube-system"
_CONFIG_MAP = "coredns"
# Answers are kept in several orders and one is drawn per query: all orders of up to four addresses; of up to 24, one
# for each address that may come first; larger answers are shuffled anew for each query.
_ALL_ORDERS_OF = 4
_KEPT_ORDERS = 24

# How many different questions are remembered. A cluster has fewer names; only a scan of made-up names asks for more.
_MEMO_ROWS = 10_000

SERVFAIL = Answer(Rcode.SERVFAIL, authoritative=False)

_Variants = tuple[tuple[bytes, ...], float]  # responses without id; until when they are right


class CoreDNS:
    """Answers from a zone that follows the store with a delay of its own.

    It reads the Corefile of ConfigMap kube-system/coredns at construction (kubeadm's where there is none); a later
    change takes a restart.

    Args:
        replica: the pod's name, which facts carry as `where`.

    Raises:
        CorefileError: the Corefile cannot be read or asks for what is not modelled.
    """

    def __init__(self, store: Store, clock: SimClock, model: Model, truth: Truth, replica: str) -> None:
        self._store, self._clock, self._model, self._replica = store, clock, model, replica
        self.corefile: Corefile = parse(_corefile_text(store))
        self._zone = Zone()
        self._lookup = Lookup(self._zone, self.corefile, self._own_address, lambda: self._serial)
        self._cache = Cache(self.corefile)
        self._erratic = {zone: Erratic(settings) for zone, settings in self.corefile.erratic}
        self._truth = AnswerTruth(truth, self._lookup, self._lookup.domain, replica)
        self._serial = 0
        self._random: random.Random = model.rng(f"loadbalance {replica}")
        self._memos: dict[bool, dict[bytes, _Variants]] = {False: {}, True: {}}
        self._pending: deque[Change] = deque()
        self._timers: deque[asyncio.TimerHandle] = deque()
        self._last_apply_s = -inf
        self._unsubscribe: Callable[[], None] = _nothing

    def start(self) -> None:
        """Take over the present state and follow it from now on."""
        for kind in sorted(KINDS):
            for obj in self._store.list(kind):
                self._apply(Change(0, "ADDED", kind, obj, None))
        self._unsubscribe = self._store.subscribe(self._on_change)

    def stop(self) -> None:
        """Follow no longer; stopping twice, or before the start, is harmless."""
        self._unsubscribe()
        self._unsubscribe = _nothing
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._pending.clear()

    # ---- answering ----

    def respond(self, query: bytes, *, tcp: bool = False) -> tuple[bytes | None, float]:
        """The response's bytes, None where there is silence, and the seconds by which a plugin holds it back."""
        if self._erratic:
            found = self._erratically(query, tcp=tcp)
            if found is not None:
                return found
        return self.answer(query, tcp=tcp), 0.0

    def _erratically(self, data: bytes, *, tcp: bool) -> tuple[bytes | None, float] | None:
        """None where the question is for another server block."""
        try:
            query = parse_query(data)
        except BadQueryError:
            return None
        zone = max((zone for zone in self._erratic if is_under(query.name, zone)), key=len, default=None)
        if zone is None:
            return None
        answer, late_s = self._erratic[zone].serve(query)
        return (None if answer is None else data[:2] + render(query, answer, tcp=tcp)), late_s

    def answer(self, query: bytes, *, tcp: bool = False) -> bytes | None:
        """The response's bytes as of now; None where CoreDNS stays silent."""
        memo = self._memos[tcp]
        known = memo.get(query[2:])
        if known is None or (known[1] is not inf and self._clock.now_s() >= known[1]):
            found = self._variants(query, tcp=tcp)
            if found is None:
                return None
            if len(memo) >= _MEMO_ROWS:
                memo.clear()
            memo[query[2:]] = known = found
        variants = known[0]
        if len(variants) == 1:
            return query[:2] + variants[0]
        return query[:2] + variants[int(self._random.random() * len(variants))]

    def _variants(self, data: bytes, *, tcp: bool) -> _Variants | None:
        try:
            query = parse_query(data)
        except BadQueryError as exc:
            return None if exc.rcode is None else ((header_only(data, exc.rcode),), inf)
        if query.edns and query.edns.version:
            return (bad_version(query),), inf
        answer, until_s = self._resolve(query)
        addresses = [r for r in (*answer.answers, *answer.additional) if _is_address(r)]
        if self.corefile.shuffled and len(addresses) > _KEPT_ORDERS:
            orders, until_s = [self._shuffled(answer, None)], -inf
        else:
            orders = self._orders(answer, addresses)
        return tuple(render(query, order, tcp=tcp) for order in orders), until_s

    def _resolve(self, query: Query) -> tuple[Answer, float]:
        now_s = self._clock.now_s()
        kept = self._cache.get(query, now_s)
        if kept is None:
            answer, until_s = self._completed(query, self._lookup.answer(query) or self._forwarded(query))
            if query.flags & OPCODE and self.corefile.cached:
                return answer.with_ttl(self.corefile.min_ttl_s), inf  # how the cache plugin treats NOTIFY
            kept = self._cache.put(query, answer, now_s)
            if kept is None:
                return answer, until_s
            self._truth.keep(query, now_s, self._cache.until_s(query))
        return kept

    def _forwarded(self, query: Query) -> Answer:
        """What the resolver outside says; SERVFAIL where nobody is left to ask."""
        if any(is_under(query.name, zone) for zone in self.corefile.forwarded):
            return outside.ask(query)
        return SERVFAIL

    def _completed(self, query: Query, answer: Answer) -> tuple[Answer, float]:
        """With the addresses of an alias that leads out of the cluster, as the server itself resolves it."""
        last = answer.answers[-1] if answer.answers else None
        if last is None or last.rtype != RType.CNAME or query.qtype not in (RType.A, RType.AAAA):
            return answer, inf
        target = last.data[0]
        assert isinstance(target, Name)  # noqa: S101 - an alias has a target
        asked = replace(query, flags=RD, qname=target.wire, name=target.text().lower(), edns=None)
        found, until_s = self._resolve(asked)
        return replace(answer, answers=(*answer.answers, *found.answers)), until_s

    def _orders(self, answer: Answer, addresses: list[Record]) -> list[Answer]:
        """The orders that the loadbalance plugin may give to an answer, each as likely as the others."""
        if not self.corefile.shuffled or len(addresses) < 2:  # noqa: PLR2004 - one address has one order
            return [answer]
        if len(addresses) <= _ALL_ORDERS_OF and addresses == list(answer.answers):
            return [replace(answer, answers=order) for order in permutations(answer.answers)]
        return [self._shuffled(answer, first) for first in addresses]

    def _shuffled(self, answer: Answer, first: Record | None) -> Answer:
        """Addresses of each section in a random order, `first` before the others, behind whatever else is there."""

        def shuffled(records: tuple[Record, ...]) -> tuple[Record, ...]:
            addresses = [r for r in records if _is_address(r)]
            self._random.shuffle(addresses)
            addresses.sort(key=lambda r: r != first)
            return (*(r for r in records if not _is_address(r)), *addresses)

        return replace(answer, answers=shuffled(answer.answers), additional=shuffled(answer.additional))

    def _own_address(self) -> str:
        pod = self._store.get("Pod", _SYSTEM, self._replica)
        address: str = (pod or {}).get("status", {}).get("podIP", "")
        return address

    # ---- learning ----

    def _on_change(self, change: Change) -> None:
        if change.kind not in KINDS:
            return
        arrival_s = self._clock.now_s() + self._model.draw("dns_propagation")
        self._last_apply_s = max(self._last_apply_s, arrival_s)  # one watch per kind, so order is kept
        self._pending.append(change)
        self._timers.append(self._clock.loop.call_at(self._last_apply_s, self._apply_next))

    def _apply_next(self) -> None:
        # Each timer takes the oldest change, whichever timer it is: asyncio does not order timers of one instant.
        self._timers.popleft()
        self._apply(self._pending.popleft())

    def _apply(self, change: Change) -> None:
        effect = self._zone.apply(change)
        if not effect:
            return
        self._serial = int(self._clock.wall().timestamp())
        for memo in self._memos.values():
            memo.clear()
        self._truth.note(effect, self._clock.now_s())


def _corefile_text(store: Store) -> str:
    config = store.get("ConfigMap", _SYSTEM, _CONFIG_MAP)
    if config is None:
        return KUBEADM_COREFILE
    text: str | None = config.get("data", {}).get("Corefile")
    if text is None:
        raise CorefileError(
            f"ConfigMap {_SYSTEM}/{_CONFIG_MAP} has no key Corefile", hint="delete it to get kubeadm's Corefile"
        )
    return text


def _nothing() -> None:
    """Nobody is subscribed."""


def _is_address(record: Record) -> bool:
    return record.rtype in (RType.A, RType.AAAA)
