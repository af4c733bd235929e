"""A StatefulSet of many pods on the sandbox: Ready, resolvable and probed; what that costs, and how the cost grows.

Each size runs in a process of its own, in virtual time: the manifest goes through the HTTP API, a watch follows the
pods until all are Ready, every pod's name is asked for at every DNS view in real messages, and then all are probed.

    python benchmarks/scale.py          # 100 and 1,000 pods
    python benchmarks/scale.py 300      # one size, as JSON
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

import kubesim
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.watch import Watcher
from chaos.engine.views import find_dns
from chaos.model import ClusterEvent, RunMeta
from chaos.model.recording import Recorder
from chaos.probes import DnsView
from chaos.probes.host import LocalHost
from kubesim import VirtualTimeLoop

SMALL, LARGE = 100, 1000
_NAME = "big"
_PERIOD_S, _PROBED_S, _TIMEOUT_S = 1.0, 10.0, 1.0
_READY_WITHIN_S = 600.0  # of virtual time
_ASK_AGAIN_S = 0.1
_AT_ONCE = 50  # questions under way while every name is asked for once
_LABELS = {"app": _NAME}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one size cost.

    Attributes:
        wall_s: of the whole process, from its start to its end.
        work_cpu_s: CPU seconds from the request that creates the StatefulSet to the last sample; starting Python and
            the sandbox, which cost the same whatever the size, are not in it.
        peak_mb: of resident memory.
        ready_s: virtual seconds until all pods were Ready.
        resolved: names and views that gave exactly the pod's address.
        samples: of the probes.
        agreeing: those of them that gave the pod's address.
    """

    pods: int
    wall_s: float
    work_cpu_s: float
    peak_mb: float
    ready_s: float
    resolved: int
    samples: int
    agreeing: int


def manifests(pods: int) -> list[dict[str, Any]]:
    """A headless service and a Parallel StatefulSet."""
    container = {"name": "nginx", "image": "nginx:alpine", "ports": [{"containerPort": 80, "name": "web"}]}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": _NAME, "namespace": "default"},
            "spec": {"clusterIP": "None", "selector": _LABELS, "ports": [{"port": 80, "name": "web"}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": _NAME, "namespace": "default"},
            "spec": {
                "serviceName": _NAME,
                "replicas": pods,
                "podManagementPolicy": "Parallel",
                "selector": {"matchLabels": _LABELS},
                "template": {"metadata": {"labels": _LABELS}, "spec": {"containers": [container]}},
            },
        },
    ]


async def until_ready(cluster: Cluster, clock: RunClock, pods: int) -> dict[str, str]:
    """The address of each pod, once all are Ready."""
    addresses: dict[str, str] = {}
    done = asyncio.Event()

    def on_event(event: ClusterEvent) -> None:
        status = event.object.get("status", {})
        if any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ())):
            addresses[event.name] = status["podIP"]
            if len(addresses) == pods:
                done.set()

    watcher = Watcher(cluster, clock, "Pod", "default", on_event, lambda _gap: None, labels=f"app={_NAME}")
    following = asyncio.create_task(watcher.run())
    try:
        for manifest in manifests(pods):
            await cluster.create(manifest)
        async with asyncio.timeout(_READY_WITHIN_S):
            await done.wait()
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    return addresses


async def until_resolvable(host: LocalHost, views: tuple[DnsView, ...], addresses: dict[str, str]) -> int:
    """Ask each view for each name until the answer is the pod's address alone; how many names and views that were."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def ask(pod: str, view: str) -> None:
        async with slots:
            while True:
                outcome = await host.resolve(_absolute(pod), "A", view, _TIMEOUT_S)
                if outcome.values == (addresses[pod],):
                    return
                await asyncio.sleep(_ASK_AGAIN_S)

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(pod, view.name)) for pod in addresses for view in views]
    return len(asked)


async def measure(pods: int, folder: Path) -> dict[str, Any]:
    """One size, in this process and in virtual time."""
    sandbox = kubesim.Cluster(seed=1)
    await sandbox.start()
    cluster = await connect(ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector()))
    clock = RunClock(asyncio.get_running_loop())
    recorder = Recorder(folder, RunMeta("scale", simulated=True, started_at=datetime.now(UTC)))
    views = (await find_dns(cluster)).views
    began_cpu_s, began_s = time.process_time(), clock.now_s()
    addresses = await until_ready(cluster, clock, pods)
    ready_s = clock.now_s() - began_s
    async with LocalHost(sandbox.vantage, clock, recorder, views, _TIMEOUT_S) as host:
        resolved = await until_resolvable(host, views, addresses)
        for number, pod in enumerate(sorted(addresses)):
            for view in views:
                series = recorder.open_series(
                    probe="dns",
                    record=f"A {pod}",
                    view=view.name,
                    pod=pod,
                    name=_absolute(pod),
                    period_s=_PERIOD_S,
                    timeout_s=_TIMEOUT_S,
                )
                host.open(series, 0, _PERIOD_S * number / pods)
        await asyncio.sleep(_PROBED_S + _PERIOD_S / 2)
    recorder.flush()
    work_cpu_s = time.process_time() - began_cpu_s
    samples = agreeing = 0
    for series in recorder.history.series:
        for outcome in recorder.history.samples[series.id].outcome:
            samples += 1
            agreeing += recorder.history.outcomes[outcome].values == (addresses[series.pod],)
    recorder.close()
    await cluster.close()
    await sandbox.stop()
    if (failure := sandbox.failure()) is not None:
        raise failure
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "pods": pods,
        "work_cpu_s": work_cpu_s,
        "peak_mb": peak_mb,
        "ready_s": ready_s,
        "resolved": resolved,
        "samples": samples,
        "agreeing": agreeing,
    }


def cost(pods: int) -> Cost:
    """One size, in a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, str(Path(__file__)), str(pods)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall_s = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{pods} pods ended with {done.returncode}:\n{done.stderr}")
    return Cost(wall_s=wall_s, **json.loads(done.stdout))


def small_and_large() -> tuple[Cost, Cost]:
    """Both sizes; the small one is over so soon that it is the median of three."""
    small = sorted((cost(SMALL) for _ in range(3)), key=lambda found: found.work_cpu_s)[1]
    return small, cost(LARGE)


def growth(small: Cost, large: Cost) -> float:
    """CPU per pod of the larger against the smaller."""
    return (large.work_cpu_s / large.pods) / (small.work_cpu_s / small.pods)


def _absolute(pod: str) -> str:
    return f"{pod}.{_NAME}.default.svc.cluster.local"


def main() -> None:
    """One size as JSON, or both and their ratio."""
    if len(sys.argv) > 1:
        with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            print(json.dumps(runner.run(measure(int(sys.argv[1]), Path(folder)))))
        return
    small, large = small_and_large()
    for found in (small, large):
        print(asdict(found))
    print({"growth of CPU per pod": growth(small, large)})


if __name__ == "__main__":
    main()
