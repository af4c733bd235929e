"""A node that is cut off the network: what vanishes, what waits, and what goes on when it is back."""

from __future__ import annotations

import asyncio
import errno

import pytest

from kubesim import run_virtual
from kubesim.network import Network
from tests.kubesim.network.net_lab import POD, Client, Echo, Receiver, echo, network, now_s

NEIGHBOUR = "10.244.1.6"
NODE = "node-1"


async def serving() -> Network:
    net = network()
    for ip in (POD, NEIGHBOUR):
        net.add_host(ip)
        await net.listen_tcp(ip, 80, Echo)
        await net.listen_udp(ip, 53, echo)
    return net


def cut(net: Network) -> None:
    for ip in (POD, NEIGHBOUR):
        net.cut_off(ip, NODE)


def rejoin(net: Network) -> None:
    for ip in (POD, NEIGHBOUR):
        net.rejoin(ip)


def test_datagrams_to_a_cut_host_vanish_until_it_is_back() -> None:
    async def test() -> None:
        net, receiver = await serving(), Receiver()
        port = net.open_udp(POD, 53, receiver)
        cut(net)
        port.send(b"lost")
        await asyncio.sleep(1)
        assert receiver.seen == []
        rejoin(net)
        port.send(b"back")
        await asyncio.sleep(1)
        assert [data for _, data in receiver.seen] == [b"back"]

    run_virtual(test())


def test_an_answer_that_is_under_way_when_the_node_is_cut_is_lost() -> None:
    async def test() -> None:
        net, receiver = await serving(), Receiver()
        await net.listen_udp(POD, 54, lambda data, reply: cut(net) or reply(data))  # type: ignore[func-returns-value]
        net.open_udp(POD, 54, receiver).send(b"?")
        await asyncio.sleep(1)
        assert receiver.seen == []

    run_virtual(test())


def test_a_connect_gets_through_with_the_first_syn_after_the_node_is_back() -> None:
    async def test() -> None:
        net = await serving()
        cut(net)
        asyncio.get_running_loop().call_later(5, rejoin, net)
        await net.open_tcp(Client, POD, 80)
        assert now_s() == pytest.approx(7, abs=0.001)

    run_virtual(test())


def test_pods_of_the_same_node_still_reach_each_other() -> None:
    async def test() -> None:
        net = await serving()
        cut(net)
        client = Client()
        await net.open_tcp(lambda: client, POD, 80, source=NEIGHBOUR)
        client.transport.write(b"hello")
        await asyncio.sleep(1)
        assert client.data == b"hello"

    run_virtual(test())


def test_a_connection_goes_on_with_the_retransmission_after_the_node_is_back() -> None:
    async def test() -> None:
        net, client = await serving(), Client()
        await net.open_tcp(lambda: client, POD, 80)
        cut(net)
        await asyncio.sleep(1)
        began_s = now_s()
        client.transport.write(b"one ")
        client.transport.write(b"two")
        await asyncio.sleep(2)
        rejoin(net)
        await asyncio.sleep(10)
        assert client.data == b"one two"
        # Sent again after 0.2, 0.6, 1.4 and 3 s.
        assert client.seen[-1][0] - began_s == pytest.approx(3, abs=0.01)

    run_virtual(test())


def test_the_kernel_gives_a_connection_up_after_a_quarter_of_an_hour() -> None:
    async def test() -> None:
        net, client = await serving(), Client()
        await net.open_tcp(lambda: client, POD, 80)
        cut(net)
        client.transport.write(b"lost")
        await asyncio.sleep(1000)
        assert client.seen[-1][1] == "TimeoutError"
        assert client.seen[-1][0] == pytest.approx(924.6, abs=0.01)

    run_virtual(test())


def test_a_new_connect_to_a_cut_host_times_out() -> None:
    async def test() -> None:
        net = await serving()
        cut(net)
        with pytest.raises(TimeoutError) as caught:
            await net.open_tcp(Client, POD, 80)
        assert caught.value.errno == errno.ETIMEDOUT

    run_virtual(test())
