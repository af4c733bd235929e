"""Connections in memory."""

from __future__ import annotations

import asyncio
import errno
import random

import pytest

from kubesim.network import Network
from kubesim.vantage import Vantage
from tests.kubesim.network.net_lab import POD, VIP, Client, Echo, in_virtual_time, network, now_s


async def _connected(net: Network, address: str = POD) -> Client:
    client = Client()
    await Vantage(net, random.Random(1)).open_tcp(lambda: client, address, 80)
    return client


async def _serving(made: list[Echo] | None = None) -> Network:
    net = network()
    net.add_host(POD)
    await net.listen_tcp(POD, 80, lambda: Echo(made))
    return net


def test_connect_takes_a_round_trip_and_so_does_each_exchange() -> None:
    async def test() -> None:
        client = await _connected(await _serving())
        await asyncio.sleep(1)
        client.transport.write(b"hello")
        await asyncio.sleep(1)
        assert client.seen == [(0.0005, "made"), (1.001, "hello")]

    in_virtual_time(test)


def test_segments_arrive_in_order_whatever_their_latency() -> None:
    async def test() -> None:
        net = network(tcp_one_way=(0.0001, 0.1))
        net.add_host(POD)
        await net.listen_tcp(POD, 80, Echo)
        client = await _connected(net)
        for i in range(100):
            client.transport.write(f"{i},".encode())
        await asyncio.sleep(20)
        assert client.data == "".join(f"{i}," for i in range(100)).encode()

    in_virtual_time(test)


def test_a_closed_port_refuses_after_a_round_trip() -> None:
    async def test() -> None:
        net = network()
        net.add_host(POD)
        with pytest.raises(ConnectionRefusedError) as caught:
            await _connected(net)
        assert caught.value.errno == errno.ECONNREFUSED
        assert now_s() == 0.0005

    in_virtual_time(test)


def test_a_host_that_comes_back_is_found_by_a_repeated_syn() -> None:
    """Linux repeats a SYN after 1, 3, 7, … seconds; a client may connect seconds after the server is there."""

    async def test() -> None:
        net = network()

        async def come_back() -> None:
            await asyncio.sleep(1.5)
            net.add_host(POD)
            await net.listen_tcp(POD, 80, Echo)

        async with asyncio.TaskGroup() as group:
            group.create_task(come_back())
            client = await _connected(net)
        assert client.seen == [(3.0005, "made")]

    in_virtual_time(test)


def test_a_connect_to_nowhere_times_out_after_127_seconds() -> None:
    async def test() -> None:
        with pytest.raises(TimeoutError) as caught:
            await _connected(network())
        assert caught.value.errno == errno.ETIMEDOUT
        assert now_s() == 127

    in_virtual_time(test)


def test_closing_a_listener_ends_its_connections_with_eof_and_refuses_new_ones() -> None:
    async def test() -> None:
        net = network()
        net.add_host(POD)
        made: list[Echo] = []
        listener = await net.listen_tcp(POD, 80, lambda: Echo(made))
        client = await _connected(net)
        await asyncio.sleep(1)
        listener.close()
        with pytest.raises(ConnectionRefusedError):
            await _connected(net)
        await asyncio.sleep(1)
        assert client.seen == [(0.0005, "made"), (1.00075, "eof"), (1.00075, "closed")]
        assert made[0].lost == [None]

    in_virtual_time(test)


def test_a_removed_hosts_connections_stall_for_ever() -> None:
    async def test() -> None:
        made: list[Echo] = []
        net = await _serving(made)
        client = await _connected(net)
        net.remove_host(POD)
        client.transport.write(b"anybody there?")
        made[0].transport.close()  # not even the server's end gets out
        await asyncio.sleep(1000)
        assert client.seen == [(0.0005, "made")]

    in_virtual_time(test)


def test_a_later_host_with_the_address_resets_what_it_does_not_know() -> None:
    async def test() -> None:
        net = await _serving()
        client = await _connected(net)
        net.remove_host(POD)
        net.add_host(POD)
        await net.listen_tcp(POD, 80, Echo)
        await asyncio.sleep(1)
        client.transport.write(b"still you?")
        await asyncio.sleep(1)
        assert client.seen == [(0.0005, "made"), (1.001, "ConnectionResetError")]

    in_virtual_time(test)


def test_an_existing_connection_stays_with_its_backend() -> None:
    async def test() -> None:
        net = await _serving()
        net.set_service(VIP, 80, "TCP", ((POD, 80),))
        client = await _connected(net, VIP)
        net.set_service(VIP, 80, "TCP", ())
        with pytest.raises(ConnectionRefusedError):
            await _connected(net, VIP)
        client.transport.write(b"still here")
        await asyncio.sleep(1)
        assert client.data == b"still here"

    in_virtual_time(test)


def test_a_rejected_connect_fails_at_once_and_one_to_a_removed_service_hangs() -> None:
    async def test() -> None:
        net = network()
        net.set_service(VIP, 80, "TCP", ())
        with pytest.raises(ConnectionRefusedError):
            await _connected(net, VIP)
        assert now_s() == 0
        net.remove_service(VIP, 80, "TCP")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await _connected(net, VIP)
        assert now_s() == 10

    in_virtual_time(test)


def test_half_a_close_leaves_the_other_direction_open() -> None:
    class AnswersAfterEof(Echo):
        def data_received(self, data: bytes) -> None:
            """Wait for the end."""

        def eof_received(self) -> bool:
            self.transport.write(b"late answer")
            return True

    async def test() -> None:
        net = network()
        net.add_host(POD)
        await net.listen_tcp(POD, 80, AnswersAfterEof)
        client = await _connected(net)
        client.transport.write(b"question")
        client.transport.write_eof()
        await asyncio.sleep(1)
        assert client.data == b"late answer"

    in_virtual_time(test)


def test_an_abort_is_a_reset_for_the_other_side() -> None:
    async def test() -> None:
        made: list[Echo] = []
        client = await _connected(await _serving(made))
        made[0].transport.abort()
        await asyncio.sleep(1)
        assert client.seen[-1] == (0.00075, "ConnectionResetError")

    in_virtual_time(test)


def test_writing_to_a_closed_peer_is_a_reset() -> None:
    async def test() -> None:
        class KeepsOpen(Client):
            def eof_received(self) -> bool:  # type: ignore[override]
                return True

        made: list[Echo] = []
        net = await _serving(made)
        client = KeepsOpen()
        await net.open_tcp(lambda: client, POD, 80)
        made[0].transport.close()
        await asyncio.sleep(1)
        client.transport.write(b"too late")
        await asyncio.sleep(1)
        assert client.seen[-1] == (1.001, "ConnectionResetError")

    in_virtual_time(test)


def test_a_reader_that_pauses_gets_everything_later() -> None:
    async def test() -> None:
        client = await _connected(await _serving())
        client.transport.pause_reading()
        client.transport.write(b"held")
        await asyncio.sleep(1)
        assert client.data == b""
        client.transport.resume_reading()
        await asyncio.sleep(0)  # as in asyncio, it is read in the loop's next step
        assert client.data == b"held"

    in_virtual_time(test)


def test_a_protocol_that_raises_is_told_and_loses_its_connection_as_in_asyncio() -> None:
    class Broken(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            raise ValueError(data.decode())

    async def test() -> None:
        told: list[BaseException | None] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context.get("exception")))
        net = network()
        net.add_host(POD)
        await net.listen_tcp(POD, 80, Broken)
        client = await _connected(net)
        client.transport.write(b"boo")
        await asyncio.sleep(1)
        assert [repr(one) for one in told] == ["ValueError('boo')"]
        assert client.seen[-1][1] == "ConnectionResetError"

    in_virtual_time(test)


def test_a_taken_port_and_an_absent_address_cannot_be_bound() -> None:
    async def test() -> None:
        net = await _serving()
        with pytest.raises(OSError, match="in use") as taken:
            await net.listen_tcp(POD, 80, Echo)
        with pytest.raises(OSError, match="Cannot assign") as absent:
            await net.listen_tcp("10.244.9.9", 80, Echo)
        with pytest.raises(ValueError, match="belongs to a host"):
            net.add_host(POD)
        assert (taken.value.errno, absent.value.errno) == (errno.EADDRINUSE, errno.EADDRNOTAVAIL)

    in_virtual_time(test)


def test_a_listener_of_an_earlier_host_does_not_close_the_later_ones() -> None:
    async def test() -> None:
        net = network()
        net.add_host(POD)
        earlier = await net.listen_tcp(POD, 80, Echo)
        net.remove_host(POD)
        net.add_host(POD)
        await net.listen_tcp(POD, 80, Echo)
        earlier.close()
        assert (await _connected(net)).seen

    in_virtual_time(test)
