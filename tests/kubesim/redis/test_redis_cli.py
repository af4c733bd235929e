"""redis-cli in simulated containers: its output without a terminal is that of the real one (7.0.15, as tried)."""

from __future__ import annotations

import pytest

from kubesim.containers import ContainerProcess
from kubesim.containers.input import Input
from tests.kubesim.containers.container_lab import REDIS, ContainerLab, in_lab


async def run(process: ContainerProcess, line: str) -> tuple[int, str, str]:
    """Exit code and what it wrote."""
    out: list[str] = []
    err: list[str] = []
    code = await process.execute(tuple(line.split()), Input(), out.append, err.append)
    return code, "".join(out), "".join(err)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("ping", (0, "PONG\n", "")),
        ("-h 127.0.0.1 -p 6379 ping", (0, "PONG\n", "")),
        ("get nothing", (0, "\n", "")),
        ("set a 1", (0, "OK\n", "")),
        ("incr n", (0, "1\n", "")),
        ("mget n nothing n", (0, "\n\n\n", "")),
        ("keys zzz", (0, "\n", "")),
        ("config get maxmemory", (0, "maxmemory\n0\n", "")),
        ("info cluster", (0, "# Cluster\r\ncluster_enabled:0\r\n", "")),
        ("foo bar", (0, "ERR unknown command 'foo', with args beginning with: 'bar' \n\n", "")),
        ("-e foo", (1, "", "ERR unknown command 'foo', with args beginning with: \n")),
        ("cluster nodes", (0, "ERR This instance has cluster support disabled\n\n", "")),
        ("-p 7999 ping", (1, "", "Could not connect to Redis at 127.0.0.1:7999: Connection refused\n")),
        ("--cluster create", (1, "", "the sandbox's redis-cli does not know --cluster\n")),
    ],
)
def test_a_command_of_its_line(arguments: str, expected: tuple[int, str, str]) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(REDIS)
        assert await run(process, f"redis-cli {arguments}") == expected

    in_lab(test)


def test_the_server_says_in_its_log_when_it_is_ready_and_why_it_ended() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(REDIS)
        code, _, _ = await run(process, "redis-cli shutdown nosave")
        assert code == 137  # what runs beside PID 1 is killed with it
        said = [line.text.partition(" 2026 ")[2].partition(" ")[2] for line in process.log.lines()]
        assert said == [
            "# Server initialized",
            "* Ready to accept connections",
            "# User requested shutdown...",
            "# Redis is now ready to exit, bye bye...",
        ]

    in_lab(test)


def test_what_the_sandbox_does_not_model_stands_in_the_log() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(REDIS, args=["redis-server", "--cluster-enabled", "yes"])
        assert "the sandbox does not model Redis Cluster" in "\n".join(line.text for line in process.log.lines())

    in_lab(test)
