"""Datagrams in memory."""

from __future__ import annotations

import asyncio
import errno
from itertools import pairwise

from kubesim import run_virtual
from kubesim.network import Reply
from tests.kubesim.network.net_lab import POD, VIP, Receiver, echo, network, now_s, saying


def test_a_query_and_its_answer_take_one_way_processing_and_one_way() -> None:
    async def test() -> None:
        net = network()
        net.add_host(POD)
        arrivals: list[float] = []

        def handler(payload: bytes, reply: Reply) -> None:
            arrivals.append(now_s())
            reply(payload + b"!", 0.0001)

        await net.listen_udp(POD, 53, handler)
        receiver = Receiver()
        net.open_udp(POD, 53, receiver).send(b"hi")
        await asyncio.sleep(1)
        assert arrivals == [0.00025]
        assert receiver.seen == [(0.0006, b"hi!")]

    run_virtual(test())


def test_the_server_sees_the_state_of_the_instant_of_arrival() -> None:
    """A listener that closes while a datagram is under way refuses it; one that opens meanwhile gets it."""

    async def test() -> None:
        net = network(dns_one_way=(0.010, 0.010))
        net.add_host(POD)
        listener = await net.listen_udp(POD, 53, echo)
        receiver = Receiver()
        port = net.open_udp(POD, 53, receiver)
        port.send(b"closing")
        await asyncio.sleep(0.005)
        listener.close()
        port.send(b"opening")
        await asyncio.sleep(0.007)
        await net.listen_udp(POD, 53, echo)
        await asyncio.sleep(1)
        assert receiver.seen == [(0.020, errno.ECONNREFUSED), (0.025, b"opening")]

    run_virtual(test())


def test_a_closed_port_refuses_after_a_round_trip() -> None:
    async def test() -> None:
        net = network()
        net.add_host(POD)
        receiver = Receiver()
        net.open_udp(POD, 53, receiver).send(b"")
        await asyncio.sleep(1)
        assert receiver.seen == [(0.0005, errno.ECONNREFUSED)]

    run_virtual(test())


def test_an_address_without_host_is_silent() -> None:
    async def test() -> None:
        net = network()
        receiver = Receiver()
        net.add_host(POD)
        await net.listen_udp(POD, 53, echo)
        net.remove_host(POD)
        net.open_udp(POD, 53, receiver).send(b"to a host that was removed")
        net.open_udp("10.244.9.9", 53, receiver).send(b"to one that never was")
        await asyncio.sleep(100)
        assert receiver.seen == []

    run_virtual(test())


def test_nothing_arrives_at_a_closed_client() -> None:
    async def test() -> None:
        net = network()
        net.add_host(POD)
        await net.listen_udp(POD, 53, echo)
        receiver = Receiver()
        port = net.open_udp(POD, 53, receiver)
        port.send(b"hi")
        port.close()
        port.send(b"hi again")
        await asyncio.sleep(1)
        assert receiver.seen == []

    run_virtual(test())


def test_jitter_reorders_and_loss_loses_as_often_as_the_model_says() -> None:
    async def test() -> None:
        net = network(dns_one_way=(0.0002, 0.0008), datagram_loss=(0.01, 0.01))
        net.add_host(POD)
        await net.listen_udp(POD, 53, echo)
        receiver = Receiver()
        port = net.open_udp(POD, 53, receiver)
        for i in range(10_000):
            port.send(i.to_bytes(2, "big"))
            await asyncio.sleep(0.0001)
        await asyncio.sleep(1)
        got = [data for _, data in receiver.seen]
        assert got != sorted(got)  # type: ignore[type-var]
        assert 130 < 10_000 - len(got) < 270  # about 199 = 10,000 * (1 - 0.99 * 0.99)

    run_virtual(test())


def test_stragglers_are_overtaken() -> None:
    async def test() -> None:
        net = network(datagram_straggles=(0.05, 0.05), straggler_one_way=(0.020, 0.020))
        net.add_host(POD)
        await net.listen_udp(POD, 53, echo)
        receiver = Receiver()
        port = net.open_udp(POD, 53, receiver)
        for i in range(1000):
            port.send(i.to_bytes(2, "big"))
            await asyncio.sleep(0.010)
        await asyncio.sleep(1)
        got = [int.from_bytes(data, "big") for _, data in receiver.seen if isinstance(data, bytes)]
        overtaken = sum(later < earlier for earlier, later in pairwise(got))
        assert len(got) == 1000
        assert 50 < overtaken < 150

    run_virtual(test())


def test_packets_of_one_instant_arrive_in_the_order_of_sending() -> None:
    async def test() -> None:
        net = network()
        net.add_host(POD)
        await net.listen_udp(POD, 53, echo)
        receiver = Receiver()
        ports = [net.open_udp(POD, 53, receiver) for _ in range(300)]
        for i, port in enumerate(ports):
            port.send(str(i).encode())
        await asyncio.sleep(1)
        assert receiver.seen == [(0.0005, str(i).encode()) for i in range(300)]

    run_virtual(test())


def test_a_timer_between_two_packets_runs_between_them() -> None:
    async def test() -> None:
        net = network()
        net.add_host(POD)
        order: list[tuple[float, str]] = []

        def handler(payload: bytes, _reply: Reply) -> None:
            order.append((now_s(), payload.decode()))
            asyncio.get_running_loop().call_soon(lambda: order.append((now_s(), "soon after " + payload.decode())))

        await net.listen_udp(POD, 53, handler)
        loop = asyncio.get_running_loop()
        port = net.open_udp(POD, 53, Receiver())
        loop.call_at(0.001, port.send, b"first")
        loop.call_at(0.003, port.send, b"second")
        loop.call_at(0.002, lambda: order.append((now_s(), "timer")))
        await asyncio.sleep(1)
        assert order == [
            (0.00125, "first"),
            (0.00125, "soon after first"),
            (0.002, "timer"),
            (0.00325, "second"),
            (0.00325, "soon after second"),
        ]

    run_virtual(test())


def test_a_service_keeps_a_source_port_at_its_backend_and_spreads_fresh_ones() -> None:
    async def test() -> None:
        net = network()
        for ip in ("10.244.1.2", "10.244.2.2"):
            net.add_host(ip)
            await net.listen_udp(ip, 53, saying(ip.encode()))
        net.set_service(VIP, 53, "UDP", (("10.244.1.2", 53), ("10.244.2.2", 53)))
        sticky, fresh = Receiver(), Receiver()
        port = net.open_udp(VIP, 53, sticky)
        for _ in range(300):
            port.send(b"")
            net.open_udp(VIP, 53, fresh).send(b"")
        await asyncio.sleep(1)
        assert len({data for _, data in sticky.seen}) == 1
        share = sum(data == b"10.244.1.2" for _, data in fresh.seen)
        assert 110 < share < 190

    run_virtual(test())


def test_a_flow_whose_backend_left_the_service_goes_to_another() -> None:
    async def test() -> None:
        net = network()
        for ip in ("10.244.1.2", "10.244.2.2"):
            net.add_host(ip)
            await net.listen_udp(ip, 53, saying(ip.encode()))
        receiver = Receiver()
        net.set_service(VIP, 53, "UDP", (("10.244.1.2", 53),))
        port = net.open_udp(VIP, 53, receiver)
        port.send(b"")
        net.set_service(VIP, 53, "UDP", (("10.244.2.2", 53),))
        port.send(b"")
        await asyncio.sleep(1)
        assert [data for _, data in receiver.seen] == [b"10.244.1.2", b"10.244.2.2"]

    run_virtual(test())


def test_a_pod_hears_of_a_rejection_by_icmp_alone() -> None:
    async def test() -> None:
        net = network()
        receiver = Receiver()
        net.add_host("10.244.1.9")
        net.set_service(VIP, 53, "UDP", ())
        net.open_udp(VIP, 53, receiver, source="10.244.1.9").send(b"")
        await asyncio.sleep(1)
        assert receiver.seen == [(0.0, errno.ECONNREFUSED)]

    run_virtual(test())


def test_a_service_without_backends_rejects_at_once_and_a_removed_one_is_silent() -> None:
    async def test() -> None:
        net = network()
        receiver = Receiver()
        net.set_service(VIP, 53, "UDP", ())
        port = net.open_udp(VIP, 53, receiver)
        port.send(b"")
        await asyncio.sleep(1)
        net.remove_service(VIP, 53, "UDP")
        port.send(b"")
        await asyncio.sleep(100)
        assert receiver.seen == [(0.0, errno.EPERM), (0.0, errno.ECONNREFUSED)]

    run_virtual(test())


def test_the_same_seed_gives_the_same_instants() -> None:
    def run(seed: int) -> list[tuple[float, bytes | int | None]]:
        receiver = Receiver()

        async def test() -> None:
            net = network(seed, dns_one_way=(0.0002, 0.0008), datagram_loss=(0.1, 0.1))
            net.add_host(POD)
            await net.listen_udp(POD, 53, echo)
            port = net.open_udp(POD, 53, receiver)
            for _ in range(100):
                port.send(b"")
            await asyncio.sleep(1)

        run_virtual(test())
        return receiver.seen

    assert run(1) == run(1) != run(2)
