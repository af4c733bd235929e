"""DNS samples: each answer, each way in which there is none, and what they are worth as evidence."""

import asyncio
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from chaos.model import Observation, Outcome
from chaos.probes import DnsProber, DnsQuestion, DnsView, Resolver
from chaos.probes.answer import StrayAnswerError
from chaos.probes.ids import MOST_OPEN, QueryIds
from kubesim import run_virtual
from tests.fakes import FakeVantage, Responder, answer, recorder, refused

NAME = "web-1.web.ns.svc.cluster.local"


def sample(
    tmp_path: Path, responder: Responder, *, balanced: bool = False, for_s: float = 0.025
) -> tuple[list[Observation], DnsProber, FakeVantage]:
    """What a prober records that asks every 10 ms, from the first millisecond on."""

    async def main() -> tuple[list[Observation], DnsProber, FakeVantage]:
        clock, record = recorder(tmp_path)
        vantage = FakeVantage(responder)
        series = record.open_series(
            probe="dns", record="A web-1.web", view="v", pod="web-1", name=NAME, period_s=0.01, timeout_s=0.5
        )
        async with asyncio.TaskGroup() as group:
            prober = DnsProber(vantage, clock, record, DnsView("v", "10.96.0.10", balanced), 0.5, group)
            prober.start()
            prober.add(series, DnsQuestion(NAME, "A"), 0.001)
            await asyncio.sleep(for_s)
            prober.remove(series.id)
            await asyncio.sleep(1)
            prober.stop()
        record.close()
        return list(record.history.observations(series)), prober, vantage

    return run_virtual(main())


def test_each_sample_keeps_when_it_was_scheduled_sent_and_received(tmp_path: Path) -> None:
    seen, _, _ = sample(tmp_path, lambda query: [(0.002, answer(query, "10.244.1.7"))])
    right = Outcome("NOERROR", values=("10.244.1.7",), ttl=30)
    assert seen == [
        Observation(1_000_000, 1_000_000, 3_000_000, right),
        Observation(11_000_000, 11_000_000, 13_000_000, right),
        Observation(21_000_000, 21_000_000, 23_000_000, right),
    ]


def test_a_slow_answer_does_not_delay_the_next_question(tmp_path: Path) -> None:
    delays = iter([0.3, 0.001, 0.001])
    seen, _, _ = sample(tmp_path, lambda query: [(next(delays), answer(query, "10.244.1.7"))])
    assert sorted(o.sent_ns for o in seen) == [1_000_000, 11_000_000, 21_000_000]
    assert seen[-1].received_ns == 301_000_000


def test_no_answer_is_a_timeout_and_a_later_one_is_stray(tmp_path: Path) -> None:
    seen, prober, _ = sample(tmp_path, lambda query: [(0.9, answer(query, "10.244.1.7"))], for_s=0.002)
    assert [o.outcome.status for o in seen] == ["TIMEOUT"]
    assert prober.stray == 1


def test_an_answer_with_a_wrong_id_is_stray_and_the_question_stays_open(tmp_path: Path) -> None:
    def responder(query: bytes) -> list[tuple[float, bytes | OSError]]:
        wrong = bytes([query[0] ^ 1]) + answer(query, "6.6.6.6")[1:]
        return [(0.001, wrong), (0.004, answer(query, "10.244.1.7"))]

    seen, prober, _ = sample(tmp_path, responder, for_s=0.002)
    assert [o.outcome.values for o in seen] == [("10.244.1.7",)]
    assert prober.stray == 1


def test_an_answer_to_another_question_is_stray(tmp_path: Path) -> None:
    other = DnsQuestion("other.example", "A").tail
    seen, prober, _ = sample(tmp_path, lambda query: [(0.001, answer(query[:2] + other, "6.6.6.6"))], for_s=0.002)
    assert [o.outcome.status for o in seen] == ["TIMEOUT"]
    assert prober.stray == 1


@pytest.mark.parametrize("rest", [b"", b"garbage", b"\xff" * 40])
def test_garbage_with_the_right_id_is_stray_and_the_question_stays_open(tmp_path: Path, rest: bytes) -> None:
    seen, prober, _ = sample(
        tmp_path, lambda query: [(0.001, query[:2] + rest), (0.004, answer(query, "10.244.1.7"))], for_s=0.002
    )
    assert [o.outcome.values for o in seen] == [("10.244.1.7",)]
    assert prober.stray == 1


def test_an_answer_to_the_question_that_cannot_be_read_is_malformed_which_says_nothing(tmp_path: Path) -> None:
    seen, _, _ = sample(tmp_path, lambda query: [(0.001, answer(query, "10.244.1.7")[:-1])], for_s=0.002)
    assert [o.outcome.status for o in seen] == ["MALFORMED"]


def test_ids_are_drawn_and_none_comes_again_soon() -> None:
    """Sequential ids, as there were before, are known to whoever sees one."""
    rng = random.Random(1)
    ids = QueryIds(lambda: rng.getrandbits(16))
    drawn = [ids.draw() for _ in range(3 * MOST_OPEN)]
    assert len({b - a for a, b in pairwise(drawn[:1000])}) > 900
    last: dict[int, int] = {}
    distances = []
    for number, query_id in enumerate(drawn):
        if query_id in last:
            distances.append(number - last[query_id])
        last[query_id] = number
    assert min(distances) > MOST_OPEN


def test_a_refused_datagram_counts_against_the_oldest_open_question(tmp_path: Path) -> None:
    seen, _, _ = sample(tmp_path, lambda _: [(0.003, refused())], for_s=0.002)
    assert [(o.outcome.status, o.outcome.phase) for o in seen] == [("ECONNREFUSED", "send")]


def test_a_balanced_view_is_asked_from_a_fresh_port_each_time(tmp_path: Path) -> None:
    seen, _, vantage = sample(tmp_path, lambda query: [(0.001, answer(query, "10.244.1.7"))], balanced=True)
    assert len(seen) == vantage.ports == 3


def test_a_single_server_is_asked_through_one_port(tmp_path: Path) -> None:
    seen, _, vantage = sample(tmp_path, lambda query: [(0.001, answer(query, "10.244.1.7"))])
    assert len(seen) == 3
    assert vantage.ports == 1


@pytest.mark.parametrize(("rcode", "status"), [(3, "NXDOMAIN"), (2, "SERVFAIL"), (5, "REFUSED"), (0, "NODATA")])
def test_answers_without_addresses_keep_their_reason(rcode: int, status: str) -> None:
    question = DnsQuestion(NAME, "A")
    assert question.read(answer(b"\0\1" + question.tail, rcode=rcode)).status == status


def test_the_order_of_addresses_does_not_matter() -> None:
    question = DnsQuestion(NAME, "A")
    one = question.read(answer(b"\0\1" + question.tail, "10.0.0.2", "10.0.0.1"))
    two = question.read(answer(b"\0\2" + question.tail, "10.0.0.1", "10.0.0.2"))
    assert one == two
    assert one.values == ("10.0.0.1", "10.0.0.2")


def test_a_truncated_answer_is_not_taken_for_the_whole_set() -> None:
    question = DnsQuestion(NAME, "A")
    data = bytearray(answer(b"\0\1" + question.tail, "10.0.0.2"))
    data[2] |= 0x02
    assert question.read(bytes(data)).status == "TRUNCATED"


def test_a_query_that_comes_back_is_no_answer() -> None:
    question = DnsQuestion(NAME, "A")
    with pytest.raises(StrayAnswerError):
        question.read(b"\0\1" + question.tail)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is no DNS question"):
        DnsQuestion("a" * 64 + ".example", "A")


FAILURES: dict[str, Callable[[bytes], bytes | OSError]] = {
    "ECONNREFUSED": lambda _query: refused(),
    "TIMEOUT": lambda query: query[:2] + b"junk",
    "MALFORMED": lambda query: answer(query, "10.244.1.7")[:-1],
}


@pytest.mark.parametrize("status", FAILURES)
def test_the_resolver_turns_every_failure_into_an_outcome(status: str) -> None:
    async def main() -> tuple[Outcome, int]:
        vantage = FakeVantage(lambda query: [(0.001, FAILURES[status](query))])
        resolver = Resolver(vantage, DnsView("service", "10.96.0.10", balanced=True), 0.2)
        return await resolver.ask(NAME), resolver.stray

    outcome, stray = run_virtual(main())
    assert outcome.status == status
    assert stray == (status == "TIMEOUT")
