"""How one container is stopped while its pod goes on: after a failed probe, or because its image was changed."""

from __future__ import annotations

import asyncio

from kubesim.kubelet.container import Container
from kubesim.kubelet.ending import MINIMUM_GRACE_S
from kubesim.kubelet.hooks import run_pre_stop
from kubesim.kubelet.local_pod import LocalPod


async def stop_container(pod: LocalPod, container: Container, grace_s: float) -> None:
    """Run its preStop hook, send SIGTERM, and SIGKILL at the end of the grace period; return when it has ended.

    Raises:
        StoppingError: the pod is to be terminated; whoever does it goes on from here.
    """
    since_s = pod.now_s()
    hook = asyncio.ensure_future(run_pre_stop(pod, container))
    hook.add_done_callback(lambda _: pod.waiting.wake())
    try:
        while container.is_running and not hook.done() and pod.now_s() < since_s + grace_s:
            await pod.waiting.sleep(since_s + grace_s)
    finally:
        hook.cancel()
    if container.process is not None:
        container.process.terminate()
    until_s = max(since_s + grace_s, pod.now_s() + MINIMUM_GRACE_S)
    while container.is_running and pod.now_s() < until_s:
        await pod.waiting.sleep(until_s)
    if container.process is not None:
        container.process.kill()
    while container.is_running:
        await pod.waiting.sleep(None)
