"""Signals reach the process that they would really reach, and shells answer them when real ones do."""

from __future__ import annotations

import asyncio

import pytest

from kubesim.containers.input import Input
from kubesim.containers.process import ContainerProcess
from kubesim.containers.signals import Signal, parse_signal
from tests.kubesim.containers.container_lab import BUSYBOX, NGINX, REDIS, UNIT_LINE, ContainerLab, in_lab
from tests.kubesim.network.net_lab import POD, Client, now_s

DEBIAN_NGINX = "nginx:1.29"
_GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n"


def _log(process: ContainerProcess) -> list[str]:
    return [line.text for line in process.log.lines()]


@pytest.mark.parametrize(
    ("script", "told_at_s", "exit_at_s", "code", "log"),
    [
        # a shell runs a trap when its foreground command has ended
        ("trap 'echo bye; exit 3' TERM; sleep 4; echo never", 1, 4, 3, ["bye"]),
        ("trap 'echo bye' TERM; sleep 4; echo on", 1, 4, 0, ["bye", "on"]),
        # but `wait` ends at once
        ("trap 'echo bye; exit 0' TERM; sleep 60 & wait", 1, 1, 0, ["bye"]),
        ("trap 'kill $!; wait $!; exit $?' TERM; sleep 60 & wait", 1, 1, 143, []),
        ("trap : TERM; sleep 60 & wait $!; echo $?", 1, 1, 0, ["143"]),
        ("trap 'exit 5' 15; sleep infinity & wait", 1, 1, 5, []),
        ("trap 'exit 5' SIGTERM SIGINT\nwhile true; do sleep 1; done", 1.5, 2, 5, []),
        ("trap 'echo end' EXIT; trap 'exit 4' TERM; sleep 9 & wait", 1, 1, 4, ["end"]),
        # ignored, or back to what the kernel does with PID 1
        ("trap '' TERM; sleep 4; echo on", 1, 4, 0, ["on"]),
        ("trap 'exit 5' TERM; trap - TERM; sleep 4; echo on", 1, 4, 0, ["on"]),
        # a trap of another signal
        ("trap 'exit 5' INT; sleep 4 & wait; echo on", 1, 4, 0, ["on"]),
        # the trap of a shell that is not there any more
        ("trap 'exit 5' TERM; exec sleep 4", 1, 4, 0, []),
    ],
)
@pytest.mark.parametrize("image", [BUSYBOX, "python:3.12-slim", "mysql:8.4"])
def test_a_shell_as_pid_1_answers_sigterm(
    image: str, script: str, told_at_s: float, exit_at_s: float, code: int, log: list[str]
) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(image, ["sh", "-c", script])
        await asyncio.sleep(told_at_s - now_s())
        process.terminate()
        await asyncio.sleep(100)
        [(ended_s, ended)] = lab.exits
        assert (round(ended_s, 1), ended) == (exit_at_s, code)
        assert _log(process) == log

    in_lab(test)


@pytest.mark.parametrize(
    ("script", "log"),
    [
        ("sleep 9 & kill $!; wait $!; echo $?", ["143"]),
        ("sleep 9 & kill -9 $!; wait $!; echo $?", ["137"]),
        ("sleep 9 & p=$!; kill -0 $p && echo alive; kill -INT $p; wait $p; kill -0 $p 2> /dev/null || echo gone",
         ["alive", "gone"]),
        ("(exit 3) & wait $!; echo $?", ["3"]),
        ("sleep 1 & sleep 2 & wait; echo $?; wait 999; echo $?", ["0", "127"]),
        ("{ sleep 1; echo later; } & echo now; wait", ["now", "later"]),
        ("x=1; { x=2; } & wait; echo $x", ["1"]),
        ("sh -c 'kill -TERM $$$$; echo never'; echo $?", ["143"]),
        ("sh -c 'trap \"echo caught\" USR1; kill -USR1 $$$$; echo on'", ["caught", "on"]),
        ("kill -9 1; kill 1; echo on", ["on"]),
        ("trap 'echo bye' EXIT; trap", ["trap -- 'echo bye' EXIT", "bye"]),
        ("kill 9999 || echo none", ["sh: kill: (9999) - No such process", "none"]),
        ("kill 0; echo $?", ["sh: kill: 0: the sandbox knows single processes, not groups", "1"]),
        ("trap x NOPE; echo $?", ["sh: trap: NOPE: invalid signal specification", "1"]),
        ("while true; do echo tick; sleep 1; done | head -n 2; echo done", ["tick", "tick", "done"]),
        ("sleep 9 & sleep 0.1; [ $(pidof sleep) = $! ] && echo same; killall sleep; wait $!; echo $?", ["same", "143"]),
    ],
)  # fmt: skip
def test_jobs_and_kill(script: str, log: list[str]) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(BUSYBOX, ["sh", "-c", script])
        await asyncio.sleep(20)
        assert _log(process) == log
        assert len(lab.exits) == 1

    in_lab(test)


def test_the_units_line_ends_with_its_server_on_alpine_and_with_the_grace_period_on_debian() -> None:
    async def test(lab: ContainerLab) -> None:
        alpine = await lab.start(NGINX, ["/bin/sh"], args=["-c", UNIT_LINE])
        alpine.terminate()
        await asyncio.sleep(1)
        assert [(round(at_s, 3), code) for at_s, code in lab.exits] == [(0.012, 0)]
        debian = await lab.start(DEBIAN_NGINX, ["/bin/sh"], args=["-c", UNIT_LINE])
        debian.terminate()
        await asyncio.sleep(40)
        assert len(lab.exits) == 1
        assert "Hello from web-0" in await lab.request(_GET)

    in_lab(test)


@pytest.mark.parametrize(
    "command",
    [["nginx", "-s", "quit"], ["nginx", "-s", "stop"], ["kill", "1"], ["sh", "-c", "kill $(pidof nginx) && sleep 0.5"]],
)
@pytest.mark.parametrize("argv", [None, ["sh", "-c", UNIT_LINE]])
def test_a_hook_reaches_the_server_that_is_pid_1(command: list[str], argv: list[str] | None) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(NGINX, argv)
        said: list[str] = []
        code = await process.execute(tuple(command), Input(), said.append, said.append)
        await asyncio.sleep(1)
        assert said == []
        assert code in (0, 137), "137: the container ended before the hook"
        assert [c for _, c in lab.exits] == [0]

    in_lab(test)


def test_a_hook_ends_a_server_that_is_a_shells_child_and_the_shell_goes_on() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(DEBIAN_NGINX, ["sh", "-c", "nginx -g 'daemon off;'; echo ended $?; sleep 1"])
        said: list[str] = []
        assert await process.execute(("nginx", "-s", "quit"), Input(), said.append, said.append) == 0
        await asyncio.sleep(3)
        assert _log(process) == ["ended 0"]
        assert [code for _, code in lab.exits] == [0]

    in_lab(test)


def test_a_server_in_the_background_gets_what_the_trap_passes_on() -> None:
    async def test(lab: ContainerLab) -> None:
        script = "redis-server & p=$!; trap 'kill -TERM $p; wait $p; exit $?' TERM; wait $p"
        process = await lab.start(REDIS, ["sh", "-c", script])
        await asyncio.sleep(1 - now_s())
        assert await process.execute(("redis-cli", "ping"), Input(), print, print) == 0
        process.terminate()
        await asyncio.sleep(5)
        assert [(round(at_s, 2), code) for at_s, code in lab.exits] == [(1.05, 0)]
        assert "# Redis is now ready to exit, bye bye..." in _log(process)[-1]

    in_lab(test)


def test_nginx_without_daemon_off_leaves_a_daemon_behind() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(NGINX, ["sh", "-c", "nginx && sleep 100; true"])
        await asyncio.sleep(1)
        assert "200 OK" in await lab.request(_GET)
        process.kill()
        await lab.start(NGINX, ["nginx"])
        await asyncio.sleep(1)
        assert [code for _, code in lab.exits] == [137, 0]

    in_lab(test)


def test_a_graceful_end_refuses_new_connections_and_finishes_open_ones() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(NGINX)
        used, half, unused = Client(), Client(), Client()
        for factory in (lambda: used, lambda: half, lambda: unused):
            await lab.net.open_tcp(factory, POD, 80)
        used.transport.write(_GET.encode())
        half.transport.write(_GET[:20].encode())
        await asyncio.sleep(1 - now_s())
        process.terminate()
        await asyncio.sleep(0.5)
        with pytest.raises(ConnectionRefusedError):
            await lab.net.open_tcp(Client, POD, 80)
        assert "eof" in [what for _, what in used.seen]
        assert "eof" not in [what for _, what in half.seen]
        half.transport.write(_GET[20:].encode())
        await asyncio.sleep(0.1)
        assert "eof" in [what for _, what in half.seen]
        assert not lab.exits, "a connection that has asked nothing yet is waited for"
        unused.transport.close()
        await asyncio.sleep(0.1)
        assert [code for _, code in lab.exits] == [0]
        assert lab.serving()[-1][1] == ()

    in_lab(test)


def test_a_fast_end_closes_what_is_open() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(NGINX, ["sh", "-c", "nginx -g 'daemon off;' & sleep 1; kill -TERM $!; wait $!; echo $?"])
        client = Client()
        await lab.net.open_tcp(lambda: client, POD, 80)
        await asyncio.sleep(2)
        assert "eof" in [what for _, what in client.seen]
        assert [code for _, code in lab.exits] == [0]

    in_lab(test)


def test_signals_are_read_by_name_and_number() -> None:
    assert {parse_signal(text) for text in ("TERM", "SIGTERM", "term", "15")} == {Signal.TERM}
    assert parse_signal("NOPE") is None
    assert parse_signal("99") is None
