"""A pod's script cannot end the process that simulates it."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.kubesim.containers.container_lab import BUSYBOX, ContainerLab, in_lab

PYTHON = "python:3.12-slim"


@pytest.mark.parametrize(
    "script",
    [
        "x=x; while true; do x=$x$x; done",
        'x=x; while :; do x="$x$x"; done',
        "set -- a; while :; do set -- $* $*; done",
        "echo {1..99999999}",
        "echo {1..9999}{1..9999}",
        "printf '%1000000000d' 1",
        "x=0123456789; while :; do x=$x$x; echo $x > /tmp/$i; i=1$i; done",
        "while :; do printf %0500d 1 >> /tmp/f; cat /tmp/f >> /tmp/f; done",
        "while :; do x=$x$x.; done & wait",
    ],
)  # fmt: skip
def test_a_script_that_takes_too_much_memory_is_killed_as_the_kernel_would(script: str) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(PYTHON, ["bash", "-c", script])
        await asyncio.sleep(60)
        assert [code for _, code in lab.exits] == [137]
        assert process.reason == "OOMKilled"
        assert "32 MiB" in process.log.lines()[-1].text

    begun_s = time.process_time()
    in_lab(test)
    assert time.process_time() - begun_s < 20


@pytest.mark.parametrize(
    "script",
    [
        "while true; do :; done",
        "while true; do echo x; done",
        "until false; do x=$((x + 1)); done",
        "yes",
        "yes | cat > /dev/null",
        "seq 1 1000000000",
        "trap 'kill $$$$' USR1; while :; do kill -USR1 $$$$; done",
        "while :; do sleep 0; done",
        "while :; do : & done",
        "while :; do (:); done",
        "echo x > /tmp/a; while read l; do echo $l >> /tmp/a; done < /tmp/a; while :; do eval 'eval :'; done",
        # these would fill the memory of a real machine too, but get there at the pace of steps
        "x=$(seq 1 1000000000)",
        "for i in $(seq 1 100000000); do :; done",
        "x=$(yes)",
        "yes | while :; do sleep 1; x=$x$(head -c 50000); done",
        "yes | sort",
    ],
)
def test_a_script_that_never_waits_stops_neither_the_clock_nor_the_machine(script: str) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(BUSYBOX, ["sh", "-c", script])
        await asyncio.sleep(60)
        process.kill()
        await asyncio.sleep(1)
        assert [code for _, code in lab.exits] == [137]
        assert process.reason == ""

    begun_s = time.process_time()
    in_lab(test)
    assert time.process_time() - begun_s < 20


@pytest.mark.parametrize("script", ["f() { f | f & }; f; sleep 5", "while :; do sleep 9 & done"])
def test_a_fork_bomb_finds_no_more_processes(script: str) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(BUSYBOX, ["sh", "-c", script])
        await asyncio.sleep(1)
        said = {line.text for line in process.log.lines()}
        assert "sh: can't fork: Resource temporarily unavailable" in said

    in_lab(test)


def test_a_function_that_calls_itself_for_ever_is_told() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(BUSYBOX, ["sh", "-c", "f() { f; }; f"])
        await asyncio.sleep(1)
        assert [line.text for line in process.log.lines()] == [
            "sh: the sandbox's shell calls functions at most 50 deep"
        ]

    in_lab(test)
