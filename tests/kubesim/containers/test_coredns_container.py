"""CoreDNS as a container: ports, lameduck, probes."""

from __future__ import annotations

import asyncio
import errno

import dns.message
import pytest

from kubesim.release import COREDNS_IMAGE
from tests.kubesim.containers.container_lab import ContainerLab, in_lab
from tests.kubesim.network.net_lab import POD, Client, Receiver, now_s

_QUERY = dns.message.make_query("dns-version.cluster.local.", "TXT").to_wire()


async def _ask(lab: ContainerLab) -> list[tuple[float, bytes | int | None]]:
    receiver = Receiver()
    lab.net.open_udp(POD, 53, receiver).send(_QUERY)
    await asyncio.sleep(0.1)
    return receiver.seen


def test_it_answers_over_udp_after_latency_and_processing() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(COREDNS_IMAGE)
        asked_s = now_s()
        [(at_s, answer)] = await _ask(lab)
        assert at_s == round(asked_s + 0.00025 + 0.0001 + 0.00025, 9)
        assert isinstance(answer, bytes)
        assert "1.1.0" in dns.message.from_wire(answer).answer[0].to_text()

    in_lab(test)


def test_it_answers_over_tcp_behind_the_length() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(COREDNS_IMAGE)
        client = Client()
        parts: list[bytes] = []
        client.data_received = parts.append  # type: ignore[assignment,method-assign]
        await lab.net.open_tcp(lambda: client, POD, 53)
        client.transport.write(len(_QUERY).to_bytes(2, "big") + _QUERY)
        await asyncio.sleep(1)
        stream = b"".join(parts)
        assert int.from_bytes(stream[:2], "big") == len(stream) - 2
        assert dns.message.from_wire(stream[2:]).id == dns.message.from_wire(_QUERY).id

    in_lab(test)


async def _page(lab: ContainerLab, port: int, path: str) -> str:
    """The status of a page."""
    return (await lab.request(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n", port=port, within_s=0)).split()[1]


def test_after_sigterm_it_answers_through_lameduck_and_exits() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(COREDNS_IMAGE)
        assert await _page(lab, 8080, "/health") == "200"
        assert await _page(lab, 8181, "/ready") == "200"
        told_s = now_s()
        process.terminate()
        await asyncio.sleep(4.5)
        assert isinstance((await _ask(lab))[0][1], bytes)
        assert await _page(lab, 8080, "/health") == "503"
        assert await _page(lab, 8181, "/ready") == "200"
        await asyncio.sleep(1)
        assert lab.exits == [(told_s + 5, 0)]
        assert (await _ask(lab))[0][1] == errno.ECONNREFUSED
        with pytest.raises(ConnectionRefusedError):
            await _page(lab, 8181, "/ready")

    in_lab(test)


def test_its_health_page_says_ok() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(COREDNS_IMAGE)
        assert "200 OK" in await lab.request("GET /health HTTP/1.1\r\nHost: x\r\n\r\n", port=8080)
        assert "200 OK" in await lab.request("GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", port=8181)

    in_lab(test)


def test_a_corefile_that_cannot_be_read_is_a_crash_with_a_message() -> None:
    async def test(lab: ContainerLab) -> None:
        config = {"metadata": {"name": "coredns", "namespace": "kube-system"}, "data": {"Corefile": ".:53 {"}}
        lab.store.create("ConfigMap", config)
        process = await lab.start(COREDNS_IMAGE)
        await asyncio.sleep(0)
        assert [code for _, code in lab.exits] == [1]
        assert "braces" in process.message

    in_lab(test)
