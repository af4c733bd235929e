"""Bytes in, bytes out: whatever comes, and in whatever order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubesim.dns import CoreDNS
from tests.kubesim.dns.dns_lab import ask, dns_lab
from tests.kubesim.dns.questions import questions

_VALID = sorted(questions().values())


@pytest.fixture(scope="module")
def server() -> Iterator[CoreDNS]:
    with dns_lab() as lab:
        lab.add((Path(__file__).parent / "cluster.yaml").read_text())
        yield lab.replica()


def _check(server: CoreDNS, query: bytes, *, tcp: bool) -> None:
    answer = server.answer(query, tcp=tcp)
    if answer is None:
        return
    assert answer[:2] == query[:2]
    assert dns.message.from_wire(answer).flags & dns.flags.QR


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.binary(max_size=600), tcp=st.booleans())
def test_no_bytes_crash_it(server: CoreDNS, query: bytes, tcp: bool) -> None:
    _check(server, query, tcp=tcp)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), tcp=st.booleans())
def test_no_damaged_query_crashes_it(server: CoreDNS, data: st.DataObject, tcp: bool) -> None:
    query = bytearray(data.draw(st.sampled_from([q for q in _VALID if q])))
    for _ in range(data.draw(st.integers(1, 4))):
        query[data.draw(st.integers(0, len(query) - 1))] = data.draw(st.integers(0, 255))
    _check(server, bytes(query), tcp=tcp)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.integers(0, 65535), rtype=st.sampled_from(["A", "SRV"]))
def test_an_answer_over_udp_is_never_larger_than_the_client_takes(server: CoreDNS, payload: int, rtype: str) -> None:
    query = dns.message.make_query("many.dnscheck.svc.cluster.local.", rtype, use_edns=0, payload=payload)
    answer = server.answer(query.to_wire())
    assert answer is not None
    assert len(answer) <= max(512, payload)
    message = dns.message.from_wire(answer)
    complete = sum(len(rrset) for rrset in message.answer) == 40
    assert complete or message.flags & dns.flags.TC


@pytest.mark.parametrize(("name", "count"), [("both", 2), ("web", 4), ("many", 40)])
def test_every_address_comes_first_about_equally_often(server: CoreDNS, name: str, count: int) -> None:
    """The bound is more than five standard deviations above the mean."""
    queries = max(200, 12 * count)
    answers = [ask(server, f"{name}.dnscheck.svc.cluster.local", tcp=True) for _ in range(queries)]
    firsts = Counter(answer.answer[0][0].to_text() for answer in answers)
    mean = queries / count
    assert len(firsts) == count
    assert max(firsts.values()) < mean + 5.5 * mean**0.5


def test_the_addresses_beside_srv_records_are_shuffled_and_the_srv_records_are_not(server: CoreDNS) -> None:
    answers = [ask(server, "_web._tcp.both.dnscheck.svc.cluster.local", "SRV") for _ in range(100)]
    assert len({str(answer.answer[0][0]) for answer in answers}) == 1
    assert len({answer.additional[0].name for answer in answers}) == 2


def test_the_same_seed_gives_the_same_orders() -> None:
    def orders() -> list[bytes | None]:
        with dns_lab() as lab:
            lab.add((Path(__file__).parent / "cluster.yaml").read_text())
            server = lab.replica()
            query = dns.message.make_query("many.dnscheck.svc.cluster.local.", "A", id=7).to_wire()
            return [server.answer(query) for _ in range(20)]

    assert orders() == orders()
