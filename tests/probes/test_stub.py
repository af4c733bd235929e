"""Lookups take as long as a program's own resolver library lets them take."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.model import Observation
from chaos.probes import DnsView, StubOptions, StubProber
from kubesim import run_virtual
from tests.fakes import FakeVantage, answer, recorder, refused

NAME = "web-1.web.ns.svc.cluster.local"
Answers = Callable[[int, bytes], list[tuple[float, bytes | OSError]]]


def look_up(tmp_path: Path, options: str, answers: Answers, *, servers: int = 1) -> tuple[Observation, FakeVantage]:
    """One lookup; `answers` gets the number of each query."""

    async def main() -> tuple[Observation, FakeVantage]:
        clock, record = recorder(tmp_path)
        queries = iter(range(100))
        vantage = FakeVantage(lambda query: answers(next(queries), query))
        views = {f"dns-{n}": DnsView(f"dns-{n}", f"10.244.1.{n}") for n in range(servers)}
        series = record.open_series(
            probe="lookup",
            record="A web-1.web (glibc)",
            view=",".join(views),
            pod="",
            name=NAME,
            period_s=60.0,
            timeout_s=20.0,
            resolver=options,
        )
        async with StubProber(vantage, clock, record, views) as prober:
            prober.add(series, 0.0)
            await asyncio.sleep(30)
        record.close()
        return next(iter(record.history.observations(series))), vantage

    return run_virtual(main())


def took_s(sample: Observation) -> float:
    return (sample.received_ns - sample.sent_ns) / 1e9


def test_glibc_asks_again_after_five_seconds(tmp_path: Path) -> None:
    found, _ = look_up(tmp_path, "", lambda n, query: [(0.002, answer(query, "10.0.0.1"))] if n else [])
    assert (took_s(found), found.outcome.status, found.outcome.detail) == (5.002, "NOERROR", "2 queries")


def test_glibc_gives_up_after_ten_seconds(tmp_path: Path) -> None:
    found, vantage = look_up(tmp_path, "", lambda _n, _query: [])
    assert (took_s(found), found.outcome.status) == (10.0, "TIMEOUT")
    assert [at for at, _ in vantage.sent] == [0.0, 5.0]


def test_timeout_and_attempts_are_those_of_resolv_conf(tmp_path: Path) -> None:
    found, vantage = look_up(tmp_path, "timeout:1 attempts:3", lambda _n, _query: [])
    assert (took_s(found), len(vantage.sent)) == (3.0, 3)


def test_a_slow_answer_to_the_first_query_counts_while_the_second_is_open(tmp_path: Path) -> None:
    slow = [1.4, 9.0]
    found, _ = look_up(tmp_path, "timeout:1 attempts:2", lambda n, query: [(slow[n], answer(query, "10.0.0.1"))])
    assert took_s(found) == 1.4


def test_the_next_server_is_asked_at_once_where_the_first_refuses(tmp_path: Path) -> None:
    found, _ = look_up(
        tmp_path, "", lambda n, query: [(0.002, answer(query, "10.0.0.1") if n else refused())], servers=2
    )
    assert (took_s(found), found.outcome.status) == (0.004, "NOERROR")


def test_servfail_from_every_server_is_the_outcome_and_denials_end_the_lookup(tmp_path: Path) -> None:
    failing, _ = look_up(tmp_path, "", lambda _n, query: [(0.001, answer(query, rcode=2))], servers=2)
    assert (failing.outcome.status, failing.outcome.detail) == ("SERVFAIL", "4 queries")
    denied, _ = look_up(tmp_path, "", lambda _n, query: [(0.001, answer(query, rcode=3))], servers=2)
    assert (denied.outcome.status, denied.outcome.detail) == ("NXDOMAIN", "1 query")


def test_musl_asks_all_servers_at_once_and_again_after_half_its_time(tmp_path: Path) -> None:
    found, vantage = look_up(tmp_path, "musl timeout:5 attempts:2", lambda _n, _query: [], servers=2)
    assert [at for at, _ in vantage.sent] == [0.0, 0.0, 2.5, 2.5]
    assert (took_s(found), found.outcome.status) == (5.0, "TIMEOUT")


def test_musl_does_not_hear_that_a_datagram_was_refused(tmp_path: Path) -> None:
    found, _ = look_up(tmp_path, "musl timeout:5 attempts:2", lambda _n, _query: [(0.001, refused())])
    assert (took_s(found), found.outcome.status) == (5.0, "TIMEOUT")


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'edns0' is no option"):
        StubOptions.parse("timeout:1 edns0")
