"""The simulated Redis server's life: how it starts, what it refuses, what outlives it, how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.containers import ContainerProcess
from tests.kubesim.containers.container_lab import REDIS, ContainerLab, in_lab
from tests.kubesim.network.net_lab import POD, now_s

_PORT = 6379
_DATA = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
_SPEC = {"hostname": "web-0", "volumes": [{"name": "data", "emptyDir": {}}]}


async def _say(lab: ContainerLab, *lines: str, port: int = _PORT) -> str:
    return await lab.request(*(f"{line}\r\n" for line in lines), port=port)


async def _started(lab: ContainerLab, *arguments: str, **container: Any) -> ContainerProcess:
    """A server whose pod has a volume for /data, which all servers of the test share."""
    pod = {"metadata": {"name": "web-0", "namespace": "default", "uid": "u1"}, "spec": _SPEC}
    spec = {"image": REDIS, "args": ["redis-server", *arguments], **container}
    ended = lab.exits.append
    process = lab._runtime.create_process(pod, spec, POD, lambda code: ended((now_s(), code)))
    await process.start()
    return process


async def _ended(lab: ContainerLab, process: ContainerProcess) -> int:
    process.terminate()
    await asyncio.sleep(1)
    return lab.exits[-1][1]


def test_it_serves_once_it_has_started_and_no_more_when_it_has_ended() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(REDIS)
        assert now_s() == 0.005
        assert await _say(lab, "PING") == "+PONG\r\n"
        began_s = now_s()
        process.terminate()
        await asyncio.sleep(1)
        assert [(round(at_s - began_s, 6), code) for at_s, code in lab.exits] == [(0.050, 0)]
        with pytest.raises(ConnectionRefusedError):
            await _say(lab, "PING")

    in_lab(test)


def test_the_images_entrypoint_takes_options_for_the_servers() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(REDIS, args=["--port", "7000"])
        assert await _say(lab, "PING", port=7000) == "+PONG\r\n"

    in_lab(test)


def test_settings_come_from_a_file_and_then_from_the_command_line() -> None:
    async def test(lab: ContainerLab) -> None:
        text = "# a comment\nbind 0.0.0.0\nport 7000\nappendonly yes\nsave 900 1\nsave 300 10\n"
        lab.store.create("ConfigMap", _config_map(text))
        spec = {"hostname": "web-0", "volumes": [{"name": "conf", "configMap": {"name": "redis"}}]}
        pod = {"metadata": {"name": "web-0", "namespace": "default"}, "spec": spec}
        container = {
            "image": REDIS,
            "command": ["redis-server", "/etc/redis/redis.conf", "--port", "7001"],
            "volumeMounts": [{"name": "conf", "mountPath": "/etc/redis"}],
        }
        await lab._runtime.create_process(pod, container, POD, lambda _: None).start()
        answer = await _say(lab, "CONFIG GET save", "CONFIG GET appendonly", port=7001)
        assert answer == "*2\r\n$4\r\nsave\r\n$12\r\n900 1 300 10\r\n*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n"

    in_lab(test)


def _config_map(text: str) -> dict[str, Any]:
    meta = {"name": "redis", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"redis.conf": text}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cluster-enabled", "yes"], "the sandbox does not model Redis Cluster"),
        (["--replicaof", "redis-0.redis", "6379"], "the sandbox does not model Redis's setting replicaof"),
        (["--requirepass", "secret"], "the sandbox does not model Redis's setting requirepass"),
        (["--bind", "127.0.0.1"], "listens on some addresses only"),
        (["--foo", "bar"], ">>> 'foo \"bar\"'\nBad directive or wrong number of arguments"),
        (["--appendonly", "maybe"], "argument must be 'yes' or 'no'"),
        (["--port", "many"], "argument couldn't be parsed into an integer"),
        (["/nowhere.conf"], "Fatal error, can't open config file '/nowhere.conf': No such file or directory"),
    ],
)
def test_what_it_cannot_do_it_says_and_exits(arguments: list[str], said: str) -> None:
    async def test(lab: ContainerLab) -> None:
        process = await _started(lab, *arguments)
        await asyncio.sleep(0.1)
        assert said in process.message
        assert [code for _, code in lab.exits] == [1]

    in_lab(test)


def test_commands_that_are_not_modelled_are_errors_that_say_so() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(REDIS)
        for line in ("LPUSH x 1", "MULTI", "CONFIG SET appendonly yes", "INFO memory"):
            assert (await _say(lab, line)).startswith("-ERR the sandbox does not model")

    in_lab(test)


def test_an_append_only_file_on_a_volume_keeps_every_write_through_a_kill() -> None:
    async def test(lab: ContainerLab) -> None:
        first = await _started(lab, "--appendonly", "yes", **_DATA)
        await _say(lab, "SET x 1")
        first.kill()
        await _started(lab, "--appendonly", "yes", **_DATA)
        assert await _say(lab, "GET x") == "$1\r\n1\r\n"

    in_lab(test)


def test_without_one_a_server_saves_when_it_is_told_to_end_and_loses_all_when_it_is_killed() -> None:
    async def test(lab: ContainerLab) -> None:
        first = await _started(lab, **_DATA)
        await _say(lab, "SET saved 1")
        assert await _ended(lab, first) == 0
        second = await _started(lab, **_DATA)
        await _say(lab, "SET lost 1")
        second.kill()
        await _started(lab, **_DATA)
        assert await _say(lab, "MGET saved lost") == "*2\r\n$1\r\n1\r\n$-1\r\n"

    in_lab(test)


def test_without_a_volume_nothing_outlives_the_container() -> None:
    async def test(lab: ContainerLab) -> None:
        first = await _started(lab, "--appendonly", "yes")
        await _say(lab, "SET x 1")
        await _ended(lab, first)
        await _started(lab, "--appendonly", "yes")
        assert await _say(lab, "GET x") == "$-1\r\n"

    in_lab(test)


def test_shutdown_ends_it_without_a_reply() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(REDIS)
        assert await _say(lab, "SHUTDOWN NOSAVE") == ""
        assert [code for _, code in lab.exits] == [0]

    in_lab(test)


def test_in_protected_mode_strangers_are_turned_away() -> None:
    async def test(lab: ContainerLab) -> None:
        await lab.start(REDIS, args=["--protected-mode", "yes"])
        answer = await _say(lab, "PING")
        assert answer.startswith("-DENIED Redis is running in protected mode because")
        assert answer.count("\r\n") == 1

    in_lab(test)


def test_two_runs_of_a_server_are_told_apart_by_their_run_id() -> None:
    async def test(lab: ContainerLab) -> None:
        seen = []
        for _ in range(2):
            process = await _started(lab)
            found = [line for line in (await _say(lab, "INFO server")).split("\r\n") if line.startswith("run_id:")]
            seen.append(found[0])
            await _ended(lab, process)
        assert len(seen[0]) == len("run_id:") + 40
        assert seen[0] != seen[1]

    in_lab(test)
