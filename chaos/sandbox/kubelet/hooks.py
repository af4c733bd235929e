"""Lifecycle hooks that run a command in the container.

What they print is kept nowhere (facts.md, section 2, item 6).
"""

from __future__ import annotations

import asyncio

from chaos.sandbox.containers.execution import CommandStartError, NotRunningError
from chaos.sandbox.containers.programs import Input
from chaos.sandbox.kubelet.container import Container
from chaos.sandbox.kubelet.local_pod import LocalPod
from chaos.sandbox.kubelet.waiting import StoppingError
from chaos.sandbox.store import Object

_FAILED = 1


async def run_post_start(pod: LocalPod, container: Container) -> None:
    """Run a container's postStart command; only then does the kubelet go on with the pod.

    Where it fails the container is killed and started again, as after a crash. HTTP hooks are not run.

    Raises:
        StoppingError: the pod is to be terminated.
    """
    hook = (container.spec.get("lifecycle") or {}).get("postStart") or {}
    if "sleep" in hook:
        await pod.waiting.pause(float(hook["sleep"]["seconds"]))
    if "exec" not in hook or not container.is_running:
        return
    running = asyncio.ensure_future(_command(container, hook))
    running.add_done_callback(lambda _: pod.waiting.wake())
    try:
        while not running.done():
            await pod.waiting.sleep(None)
    except StoppingError:
        running.cancel()
        raise
    code = running.result()
    if code and container.process is not None:
        pod.event("FailedPostStartHook", "PostStartHook failed", container=container, warning=True)
        pod.event("Killing", "FailedPostStartHook", container=container)
        container.process.kill()


async def run_pre_stop(container: Container) -> None:
    """Run a container's preStop command to its end; the caller bounds it by the grace period."""
    hook = (container.spec.get("lifecycle") or {}).get("preStop") or {}
    if "exec" in hook:
        await _command(container, hook)


async def _command(container: Container, hook: Object) -> int:
    try:
        argv = tuple(hook["exec"].get("command") or ())
        return await container.execute(argv, Input(), _nowhere, _nowhere)
    except (CommandStartError, NotRunningError):
        return _FAILED


def _nowhere(_text: str) -> None:
    """Hooks have no log."""
