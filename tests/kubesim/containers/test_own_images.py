"""Images that a test brings along: their programs are coroutines, and their errors end a container, not the cluster."""

from __future__ import annotations

import asyncio
import sys

import pytest
from aiohttp import web

import kubesim
from tests.kubesim.pods_lab import Object, PodsLab, in_sandbox

APP = "example/app"


async def _hello(request: web.BaseRequest) -> web.Response:
    return web.Response(text=f"hello, {request.headers['Host']}")


async def serve(call: kubesim.Call) -> int:
    """Answers at port 8080, until it is told to end."""
    await asyncio.sleep(call.draw_s("app_start"))
    async with call.listen_tcp(8080, web.Server(_hello)):
        call.out("listening\n")
        signal = await call.until_signal()
    call.out(f"ended by {signal.name}\n")
    return 0


async def raises(call: kubesim.Call) -> int:
    call.out("about to divide\n")
    return 1 // (len(call.argv) - 1)


async def never_ends(call: kubesim.Call) -> int:
    while True:
        await asyncio.sleep(1)


async def cannot_be_ended(call: kubesim.Call) -> int:
    while True:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            call.out("no\n")


async def exits(call: kubesim.Call) -> int:
    sys.exit(int(call.argv[1]))


async def forgets_its_code(call: kubesim.Call) -> None:
    """As many a first try does."""


async def asks(call: kubesim.Call) -> int:
    """Prints what a name resolves to, and what the server there says first."""
    (address,) = await call.look_up(call.argv[1])
    said: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class Client(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            said.set_result(data)

    transport = await call.open_tcp(Client, address, 8080)
    transport.write(b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")
    call.out(f"{address}: {(await said).splitlines()[0].decode()}\n")
    transport.close()
    return 0


IMAGE = kubesim.Image(
    APP,
    command=("app",),
    programs={
        **kubesim.BUSYBOX,
        "app": serve,
        "raises": raises,
        "never-ends": never_ends,
        "cannot-be-ended": cannot_be_ended,
        "exits": exits,
        "forgets": forgets_its_code,  # type: ignore[dict-item]  # that is what is tested
        "asks": asks,
    },
    delays=(kubesim.Delay("app_start", 0.5, 0.5, "invented"),),
)


def terminated(lab: PodsLab, pod: str) -> Object:
    (row,) = lab.status(pod)["containerStatuses"]
    ended: Object = row["state"].get("terminated") or row["lastState"]["terminated"]
    return ended


def test_a_program_serves_at_its_pods_address_and_ends_when_it_is_told_to() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("app", APP, restartPolicy="Never")
        lab.pod("client", APP, ["sleep", "3600"])
        await asyncio.sleep(10)
        address = lab.status("app")["podIP"]
        assert (await lab.run("client", "wget", "-qO-", f"http://{address}:8080/")).stdout == f"hello, {address}:8080"
        assert (await lab.run("client", "asks", address)).stdout == f"{address}: HTTP/1.1 200 OK"
        assert [fact.value for fact in lab.sandbox.truth.of("serving", "app", address)] == [("yes",)]
        assert (await lab.run("app", "kill", "1")).code == 0
        await asyncio.sleep(5)
        assert terminated(lab, "app")["exitCode"] == 0
        assert (await lab.get("app/log"))[1] == "listening\nended by TERM\n"
        assert [fact.value for fact in lab.sandbox.truth.of("serving", "app", address)] == [("yes",), ()]

    in_sandbox(test, images=[IMAGE])


def test_what_a_program_raises_is_a_crash_of_its_container_that_shows_the_traceback() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("app", APP, ["raises"], imagePullPolicy="IfNotPresent")
        await asyncio.sleep(20)
        ended = terminated(lab, "app")
        assert (ended["exitCode"], ended["reason"]) == (1, "Error")
        assert ended["message"].startswith("ZeroDivisionError: ")
        assert lab.status("app")["containerStatuses"][0]["restartCount"] > 0
        text = (await lab.get("app/log?previous=true"))[1]
        assert text.startswith("about to divide\nTraceback (most recent call last):\n")
        frames = [line for line in text.splitlines() if line.lstrip().startswith("File ")]
        assert len(frames) == 1
        assert __file__ in frames[0]
        assert "1 // (len(call.argv) - 1)" in text

    in_sandbox(test, images=[IMAGE])  # which fails where the cluster has failed


def test_in_a_script_or_beside_the_first_process_an_error_ends_the_program_alone() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("app", APP)
        await asyncio.sleep(10)
        done = await lab.run("app", "raises")
        assert (done.code, done.stdout) == (1, "about to divide")
        assert "ZeroDivisionError" in done.stderr
        assert (await lab.sh("app", "raises 2>/dev/null || echo failed"))[1:] == ["failed"]
        assert "running" in lab.status("app")["containerStatuses"][0]["state"]

    in_sandbox(test, images=[IMAGE])


@pytest.mark.parametrize("program", ["never-ends", "cannot-be-ended"])
def test_a_program_that_never_ends_is_killed_when_its_grace_period_is_over(program: str) -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("app", APP, [program], terminationGracePeriodSeconds=7)
        await asyncio.sleep(10)
        await lab.cluster.delete("Pod", "app", "default")
        await asyncio.sleep(6.9)
        assert "running" in lab.status("app")["containerStatuses"][0]["state"]
        await asyncio.sleep(2)
        assert lab.sandbox.store.get("Pod", "default", "app") is None
        lab.pod("another", APP, [program])  # which the end of the cluster ends
        await asyncio.sleep(10)

    in_sandbox(test, images=[IMAGE])


def test_a_program_may_end_as_python_programs_do() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("exits", APP, ["exits", "3"], restartPolicy="Never")
        lab.pod("forgets", APP, ["forgets"], restartPolicy="Never")
        await asyncio.sleep(10)
        assert [terminated(lab, pod)["exitCode"] for pod in ("exits", "forgets")] == [3, 0]

    in_sandbox(test, images=[IMAGE])


def test_one_port_is_for_one_program() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("app", APP)
        await asyncio.sleep(10)
        done = await lab.run("app", "app")
        assert done.code == 1
        assert "OSError: [Errno 98] Address already in use" in done.stderr

    in_sandbox(test, images=[IMAGE])


def test_an_own_image_is_known_by_its_tag_and_before_the_shipped_one_of_its_name() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("one", "example/tagged:2", restartPolicy="Never")
        lab.pod("other", "example/tagged:1", restartPolicy="Never")
        lab.pod("mine", "nginx:alpine", restartPolicy="Never")
        await asyncio.sleep(10)
        assert terminated(lab, "one")["exitCode"] == 0
        assert lab.status("other")["containerStatuses"][0]["state"]["waiting"]["reason"] == "ErrImagePull"
        assert terminated(lab, "mine")["exitCode"] == 0

    run = kubesim.Image("example/tagged:2", command=("app",), programs={"app": forgets_its_code})  # type: ignore[dict-item]
    mine = kubesim.Image("nginx", command=("app",), programs={"app": forgets_its_code})  # type: ignore[dict-item]
    in_sandbox(test, images=[run, mine])


@pytest.mark.parametrize("name", ["Example/App", "", "app@sha256:" + "0" * 64])
def test_an_image_needs_a_name(name: str) -> None:
    async def make() -> None:
        kubesim.Cluster(images=[kubesim.Image(name)])

    with pytest.raises(kubesim.SimulationError, match=r"no name for an image\n  Give it one such as example/app"):
        kubesim.run_virtual(make())
