"""The simulated nginx: its page, its HTTP, its end."""

from __future__ import annotations

import asyncio

import pytest

from tests.kubesim.containers.container_lab import NGINX, UNIT_LINE, ContainerLab, in_lab
from tests.kubesim.network.net_lab import POD, Client, now_s

_GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n"
_UNIT = ["/bin/sh", "-c", UNIT_LINE]


def test_the_units_command_serves_the_pods_own_name() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(NGINX, ["/bin/sh"], args=["-c", UNIT_LINE])
        head, _, body = (await lab.request(_GET)).partition("\r\n\r\n")
        assert body == "Hello from web-0\n"
        assert head.startswith("HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n")
        assert f"Content-Length: {len(body)}" in head

    in_lab(test)


def test_without_a_command_it_welcomes() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(NGINX)
        assert "Welcome to nginx!" in await lab.request(_GET)

    in_lab(test)


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /index.html?x=1 HTTP/1.1\r\nHost: web\r\n\r\n", "200 OK"),
        ("GET /missing HTTP/1.1\r\nHost: web\r\n\r\n", "404 Not Found"),
        ("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 3\r\n\r\nabc", "405 Not Allowed"),
        ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
        ("nonsense\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.1\r\nHost: web\r\nContent-Length: many\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.0\r\n\r\n", "200 OK"),
        ("GET /" + "a" * 40_000, "414"),
        ("GET / HTTP/1.1\r\nHost: " + "a" * 40_000, "400 Bad Request"),
    ],
)
def test_status_lines(request_text: str, status: str) -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(NGINX)
        assert (await lab.request(request_text)).startswith(f"HTTP/1.1 {status}")

    in_lab(test)


def test_head_has_the_length_but_no_body() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(NGINX, _UNIT)
        answer = await lab.request("HEAD / HTTP/1.1\r\nHost: web\r\n\r\n")
        assert answer.endswith("\r\n\r\n")
        assert "Content-Length: 17\r\n" in answer

    in_lab(test)


def test_requests_in_one_segment_or_in_pieces_are_all_answered_over_one_connection() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(NGINX, _UNIT)
        body = "POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 5\r\n\r\n"
        answer = await lab.request(_GET + _GET, _GET[:9], _GET[9:], body, "GET /", _GET)
        assert answer.count("Hello from web-0\n") == 4
        assert answer.count("HTTP/1.1 405") == 1

    in_lab(test)


def test_a_connection_is_closed_when_the_client_wishes_or_http_1_0_does_not_say_otherwise() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(NGINX, _UNIT)
        for request in (_GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), "GET / HTTP/1.0\r\n\r\n"):
            assert (await lab.request(request, _GET)).count("Hello") == 1

    in_lab(test)


def test_an_idle_connection_is_closed_after_65_seconds() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(NGINX, _UNIT)
        client = Client()
        await lab.net.open_tcp(lambda: client, POD, 80)
        await asyncio.sleep(30)
        client.transport.write(_GET.encode())
        asked_s = now_s()
        await asyncio.sleep(100)
        ended_s, what = client.seen[-2]
        assert what == "eof"
        assert ended_s == pytest.approx(asked_s + 0.0005 + 65)

    in_lab(test)


def test_as_pid_1_it_obeys_its_stop_signal_and_ends_idle_connections() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(NGINX)
        client = Client()
        await lab.net.open_tcp(lambda: client, POD, 80)
        client.transport.write(_GET.encode())
        await asyncio.sleep(1 - now_s())
        process.terminate()
        process.terminate()
        await asyncio.sleep(1)
        assert lab.exits == [(1.002, 0)]
        assert client.seen[-2] == (1.00225, "eof")
        assert lab.serving() == [(0.010, ("yes",)), (1.002, ())]

    in_lab(test)


@pytest.mark.parametrize("line", [UNIT_LINE, "nginx -g 'daemon off;'"])
def test_behind_a_shell_that_stays_it_hears_nothing_and_serves_until_it_is_killed(line: str) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start("nginx:1.29", ["sh", "-c", line])
        process.terminate()
        await asyncio.sleep(30)
        assert "200 OK" in await lab.request(_GET)
        killed_s = now_s()
        process.kill()
        await asyncio.sleep(0)
        assert lab.exits == [(killed_s, 137)]
        assert lab.serving() == [(0.010, ("yes",)), (killed_s, ())]
        with pytest.raises(ConnectionRefusedError):
            await lab.net.open_tcp(Client, POD, 80)

    in_lab(test)


def test_with_exec_the_shell_is_gone_and_sigterm_works() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(NGINX, ["sh", "-c", UNIT_LINE.replace("&& nginx", "&& exec nginx")])
        assert "Hello from web-0" in await lab.request(_GET)
        process.terminate()
        await asyncio.sleep(1)
        assert [code for _, code in lab.exits] == [0]

    in_lab(test)


def test_killed_while_it_starts_it_never_serves() -> None:
    async def test(lab: ContainerLab) -> None:
        process = lab.create(NGINX)
        async with asyncio.TaskGroup() as group:
            group.create_task(process.start())
            await asyncio.sleep(0.001)
            process.kill()
        assert lab.exits == [(0.001, 137)]
        assert lab.serving() == []

    in_lab(test)
