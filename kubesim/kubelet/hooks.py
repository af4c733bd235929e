"""Lifecycle hooks: a command in the container, an HTTP request to it, or a pause.

What a command prints is kept nowhere (facts.md, section 2, item 6).
"""

from __future__ import annotations

import asyncio

from kubesim.containers.execution import CommandStartError, NotRunningError
from kubesim.containers.input import Input
from kubesim.kubelet.container import Container
from kubesim.kubelet.http_get import http_get
from kubesim.kubelet.local_pod import LocalPod
from kubesim.kubelet.waiting import StoppingError
from kubesim.store import Object

_FAILED = 1
_HTTP_WITHIN_S = 30.0  # the kubelet's HTTP client for hooks has its probes' 30 s (lifecycle/handlers.go)


async def run_post_start(pod: LocalPod, container: Container) -> None:
    """Run a container's postStart hook; only then does the kubelet go on with the pod.

    Where it fails the container is killed and started again, as after a crash.

    Raises:
        StoppingError: the pod is to be terminated.
    """
    hook = (container.spec.get("lifecycle") or {}).get("postStart") or {}
    if not hook or not container.is_running:
        return
    running = asyncio.ensure_future(_run(pod, container, hook))
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


async def run_pre_stop(pod: LocalPod, container: Container) -> None:
    """Run a container's preStop hook to its end; the caller bounds it by the grace period."""
    hook = (container.spec.get("lifecycle") or {}).get("preStop") or {}
    if hook and await _run(pod, container, hook):
        pod.event("FailedPreStopHook", "PreStopHook failed", container=container, warning=True)


async def _run(pod: LocalPod, container: Container, hook: Object) -> int:
    if "sleep" in hook:
        await asyncio.sleep(float(hook["sleep"]["seconds"]))
        return 0
    if "httpGet" in hook:
        found = await http_get(pod, container, hook["httpGet"], _HTTP_WITHIN_S)
        return 0 if found.passed else _FAILED
    if "exec" not in hook:
        return 0
    try:
        argv = tuple(hook["exec"].get("command") or ())
        return await container.execute(argv, Input(), _nowhere, _nowhere)
    except (CommandStartError, NotRunningError):
        return _FAILED


def _nowhere(_text: str) -> None:
    """Hooks have no log."""
