"""sessionAffinity ClientIP: a client stays with its backend, for as long as kube-proxy would let it."""

from __future__ import annotations

import random
from collections import Counter

from kubesim.network.services import Services, Target

VIP: Target = ("10.96.0.7", 3306)
BACKENDS: tuple[Target, ...] = (("10.244.1.2", 3306), ("10.244.1.3", 3306), ("10.244.1.4", 3306))


class Clock:
    now_s = 0.0


def services(affinity_s: float) -> tuple[Services, Clock]:
    clock = Clock()
    found = Services(random.Random(1), lambda: clock.now_s)
    found.set(*VIP, "TCP", BACKENDS, affinity_s)
    return found, clock


def picked(table: Services, times: int, client: str = "10.244.0.1") -> Counter[Target | None]:
    return Counter(table.route(VIP, "TCP", client=client) for _ in range(times))


def test_without_it_connections_spread() -> None:
    table, _ = services(0.0)
    assert set(picked(table, 60)) == set(BACKENDS)


def test_each_client_has_one_backend() -> None:
    table, _ = services(100.0)
    first, *others = (
        picked(table, 20, client) for client in ("10.244.1.9", "10.244.2.9", "10.244.2.10", "10.244.2.11")
    )
    assert [len(one) for one in (first, *others)] == [1, 1, 1, 1]
    assert any(one != first for one in others)


def test_it_is_renewed_by_each_connection_and_ends_after_a_pause() -> None:
    table, clock = services(100.0)
    (first,) = picked(table, 1)
    for _ in range(10):
        clock.now_s += 90
        assert picked(table, 1) == {first: 1}
    seen = set()
    for _ in range(40):
        clock.now_s += 101
        seen |= set(picked(table, 1))
    assert seen == set(BACKENDS)


def test_a_backend_that_is_gone_is_replaced_by_another() -> None:
    table, _ = services(100.0)
    (first,) = picked(table, 1)
    left = tuple(backend for backend in BACKENDS if backend != first)
    table.set(*VIP, "TCP", left, 100.0)
    (second,) = picked(table, 20)
    assert second in left
