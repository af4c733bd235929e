"""What commands become."""

from __future__ import annotations

import asyncio

import pytest

from kubesim.images import EXAMPLES
from tests.kubesim.containers.container_lab import BUSYBOX, NGINX, ContainerLab, in_lab


@pytest.mark.parametrize(
    ("command", "exits", "message", "log"),
    [
        (None, [(0.0, 0)], "", []),
        (["sh"], [(0.0, 0)], "", []),
        (["sleep", "3"], [(3.0, 0)], "", []),
        (["sleep", "1.5", "1m"], [(61.5, 0)], "", []),
        (["sh", "-c", "echo hi; sleep 2"], [(2.0, 0)], "", ["hi"]),
        (["sleep", "3600"], [], "", []),
        (["sleep", "infinity"], [], "", []),
        (["tail", "-f", "/dev/null"], [], "", []),
        (["sh", "-c", "while true; do echo; sleep 600; done"], [], "", ["", ""]),
        (["sleep", "soon"], [(0.0, 1)], "", ["sleep: invalid number 'soon'"]),
        (["sh", "-c", "exit 3"], [(0.0, 3)], "", []),
        (["sh", "-c", "true && false"], [(0.0, 1)], "", []),
        (["sh", "-c", "nope"], [(0.0, 127)], "", ["sh: nope: not found"]),
        (["nope", "x"], [(0.0, 128)], 'exec: "nope": executable file not found in $PATH', []),
        (["nginx"], [(0.0, 128)], 'exec: "nginx": executable file not found in $PATH', []),
        (["sh", "/scripts/run.sh"], [(0.0, 127)], "", ["sh: can't open '/scripts/run.sh': No such file or directory"]),
        (["sh", "-c", "cat /etc/hostname | grep web"], [(0.0, 0)], "", ["web-0"]),
        (["cat", "/etc/hostname"], [(0.0, 0)], "", ["web-0"]),
    ],
)
def test_commands_of_busybox(
    command: list[str] | None, exits: list[tuple[float, int]], message: str, log: list[str]
) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(BUSYBOX, command)
        await asyncio.sleep(1000)
        assert lab.exits == exits
        assert process.message == message
        assert [line.text for line in process.log.lines()] == log

    in_lab(test)


def test_a_sleeper_as_pid_1_ignores_sigterm_but_not_sigkill() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(BUSYBOX, ["sleep", "3600"])
        process.terminate()
        await asyncio.sleep(30)
        assert lab.exits == []
        process.kill()
        process.kill()
        await asyncio.sleep(10_000)
        assert lab.exits == [(30.0, 137)]

    in_lab(test)


def test_the_pause_container_obeys_sigterm() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start("registry.k8s.io/pause:3.10")
        process.terminate()
        await asyncio.sleep(0)
        assert lab.exits == [(0.0, 0)]

    in_lab(test)


def test_kubernetes_expands_declared_variables_and_leaves_the_rest_to_the_shell() -> None:
    async def test(lab: ContainerLab) -> None:
        env = [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "GREETING", "value": "I am $(POD_NAME)"},
        ]
        line = (
            "echo $(GREETING) $POD_NAME ${POD_NAME} $(hostname) '$POD_NAME' > /usr/share/nginx/html/index.html; "
            "nginx -g 'daemon off;'"
        )
        await lab.start(NGINX, ["sh", "-c", line], env=env)
        answer = await lab.request("GET / HTTP/1.0\r\n\r\n")
        assert answer.endswith("I am web-0 web-0 web-0 web-0 $POD_NAME\n")

    in_lab(test)


def test_every_known_image_can_be_started_as_it_is() -> None:
    async def test(lab: ContainerLab) -> None:
        for image in EXAMPLES:
            process = await lab.start(image)
            process.kill()
        await asyncio.sleep(1)
        assert {code for _, code in lab.exits} <= {0, 1, 137}, "mysql wants a password"

    in_lab(test)


def test_an_unknown_image_is_a_key_error() -> None:
    async def test(lab: ContainerLab) -> None:
        with pytest.raises(KeyError):
            lab.create("mystery:1")

    in_lab(test)


def test_timeout_ends_a_program_when_its_time_is_over_and_passes_on_how_it_ended_before() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start("busybox:1.35", ["sh", "-c", "timeout 2 sleep 9; exit $?"])
        await lab.start("python:3.11-slim", ["sh", "-c", "timeout 3 sleep 9; exit $?"])
        await lab.start("busybox:1.35", ["sh", "-c", "timeout 2 false; exit $?"])
        await asyncio.sleep(5)
        assert [code for _, code in lab.exits] == [1, 143, 124]
        assert [round(at_s) for at_s, _ in lab.exits] == [0, 2, 3]

    in_lab(test)
