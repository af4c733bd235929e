"""What a caching resolver tells: an answer for its TTL, a denial for the SOA's MINIMUM, a failure only once."""

import asyncio
from pathlib import Path

import dns.message
import dns.rrset

from chaos.model import Observation
from chaos.probes import CachedProber, DnsView
from chaos.probes.cached import FROM_CACHE
from kubesim import run_virtual
from tests.fakes import FakeVantage, Responder, answer, recorder

NAME = "web-1.web.ns.svc.cluster.local"


def denial(query: bytes, *, ttl: int, minimum: int) -> bytes:
    message = dns.message.from_wire(answer(query, rcode=3))
    soa = f"ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 {minimum}"
    message.authority.append(dns.rrset.from_text("cluster.local.", ttl, "IN", "SOA", soa))
    return message.to_wire()


def sample(
    tmp_path: Path, responder: Responder, for_s: float, period_s: float = 1.0
) -> tuple[list[Observation], FakeVantage]:
    """What two series of one name record that ask every second; the first one's samples."""

    async def main() -> tuple[list[Observation], FakeVantage]:
        clock, record = recorder(tmp_path)
        vantage = FakeVantage(responder)
        views = {"service": DnsView("service", "10.96.0.10", balanced=True)}
        series = record.open_series(
            probe="cached", record="A web-1.web", view="service", pod="", name=NAME, period_s=period_s, timeout_s=0.5
        )
        async with CachedProber(vantage, clock, record, views, timeout_s=0.5) as prober:
            prober.add(series, 0.0)
            await asyncio.sleep(for_s)
        record.close()
        return list(record.history.observations(series)), vantage

    return run_virtual(main())


def test_an_answer_is_kept_for_its_ttl_and_then_asked_for_again(tmp_path: Path) -> None:
    addresses = iter(["10.244.1.7", "10.244.1.9"])
    seen, vantage = sample(tmp_path, lambda query: [(0.002, answer(query, next(addresses), ttl=3))], for_s=4.5)
    assert [o.outcome.values[0] for o in seen] == ["10.244.1.7"] * 4 + ["10.244.1.9"]
    assert [o.outcome.detail for o in seen] == ["", FROM_CACHE, FROM_CACHE, FROM_CACHE, ""]
    assert len(vantage.sent) == 2


def test_a_sample_out_of_the_cache_takes_no_time(tmp_path: Path) -> None:
    seen, _ = sample(tmp_path, lambda query: [(0.002, answer(query, "10.244.1.7"))], for_s=1.5)
    assert seen[0].received_ns - seen[0].sent_ns == 2_000_000
    assert seen[1].received_ns == seen[1].sent_ns == seen[1].scheduled_ns


def test_a_denial_is_kept_for_the_smaller_of_the_soas_ttl_and_minimum(tmp_path: Path) -> None:
    seen, vantage = sample(tmp_path, lambda query: [(0.002, denial(query, ttl=30, minimum=2))], for_s=3.5)
    assert [o.outcome.status for o in seen] == ["NXDOMAIN"] * 4
    assert len(vantage.sent) == 2


def test_failures_and_answers_of_no_lifetime_are_not_kept(tmp_path: Path) -> None:
    forms = [lambda q: answer(q, rcode=2), lambda q: answer(q, "10.244.1.7", ttl=0), lambda q: answer(q, rcode=3)]
    queue = iter(forms)
    seen, vantage = sample(tmp_path, lambda query: [(0.002, next(queue)(query))], for_s=2.5)
    assert [o.outcome.status for o in seen] == ["SERVFAIL", "NOERROR", "NXDOMAIN"]
    assert len(vantage.sent) == 3


def test_silence_is_a_timeout_and_delays_no_later_question(tmp_path: Path) -> None:
    seen, vantage = sample(tmp_path, lambda _query: [], for_s=2.9, period_s=0.3)
    assert {o.outcome.status for o in seen} == {"TIMEOUT"}
    assert [at for at, _ in vantage.sent][:3] == [0.0, 0.3, 0.6]
