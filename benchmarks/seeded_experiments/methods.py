"""What is done in a drawn experiment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.seeded_experiments import workload
from benchmarks.seeded_experiments.drawing import Drawn, probes
from chaos.experiment import (
    Cordon,
    CutNode,
    DeletePod,
    DeletePods,
    EvictPod,
    Experiment,
    JoinNode,
    PodIdentity,
    Run,
    Scale,
    SetReadiness,
    Uncordon,
    UpdateTemplate,
    Workload,
)
from experiments.shared.nodes import choose_node, takes_pods

STEADY_WITHIN_S = 60.0
# Before the first fault nobody is in a hurry: a reverse name is asked every ten periods only.
_FIRST_PERIODS = 60
_LOOK_WITHIN_S = 150
# So long a pod that is forced to go may still serve, with every delay at its longest.
_SILENT_WITHIN_S = 10
_UNREADY_S = 3.0
_NESTED_AFTER_S = 0.2
# Within that time a watch tells what was done.
_SEEN_S = 0.1
_CHECKERS = ("fault-took-effect", "steady-state", "identity-kept", "single-identity", "recovered-within")
_REPLACES_NOBODY = ("scale", "readiness-flap")


def experiment_of(drawn: Drawn, folder: Path) -> Experiment:
    """The experiment, whose manifests are written below that folder."""
    workload.write(drawn, folder / "manifests")
    kinds = probes(drawn)
    manifests = (workload.MANIFEST, workload.CLUSTERIPS) if "clusterip" in kinds else (workload.MANIFEST,)
    flaps = drawn.kind == "readiness-flap"
    checkers = _CHECKERS[: 1 if flaps else 2] if drawn.kind in _REPLACES_NOBODY else _CHECKERS

    async def method(run: Run) -> None:
        await _METHODS.get(drawn.kind, _repeated)(run, drawn)

    return Experiment(
        name="seeded",
        hypothesis="What is reported of the simulated cluster is true of it.",
        method=method,
        checkers=checkers,
        workload=None if flaps else Workload(manifests, workload.NAME, workload.NAME, workload.PORT),
        probes=kinds,
        blast_radius=drawn.replicas,
        timeout_s=1200,
        watched_names=4,
        source=folder / "seeded.py",
    )


async def _repeated(run: Run, drawn: Drawn) -> None:
    """A fault, and the way back from it, for one pod after the other."""
    await _first(run, drawn)
    for trial in range(drawn.trials):
        pods = run.target.pods
        first = (drawn.seed + trial) % len(pods)
        hit = tuple((pods[first:] + pods[:first])[: drawn.hit])
        if drawn.kind == "delete-several":
            fault: DeletePods | DeletePod | EvictPod = DeletePods(hit, drawn.grace_s)
        elif drawn.kind == "evict":
            fault = EvictPod(hit[0], drawn.grace_s)
        else:
            fault = DeletePod(hit[0], drawn.grace_s)
        async with run.inject(fault):
            await _back(run, drawn)
            if drawn.kind == "force-delete":
                await run.silence(hit[0], within_s=_SILENT_WITHIN_S)
                await run.steady_state(within_s=STEADY_WITHIN_S)


async def _first(run: Run, drawn: Drawn) -> None:
    await run.steady_state(within_s=max(STEADY_WITHIN_S, _FIRST_PERIODS * drawn.period_s))


async def _back(run: Run, drawn: Drawn) -> None:
    await run.steady_state(within_s=drawn.within_s + drawn.beyond_s)


async def _rolling_update(run: Run, drawn: Drawn) -> None:
    await _first(run, drawn)
    async with run.inject(UpdateTemplate(workload.NAME, run.target.pods[-drawn.hit :], "two")):
        await _back(run, drawn)


async def _scale(run: Run, drawn: Drawn) -> None:
    await _first(run, drawn)
    left = drawn.replicas - drawn.hit
    going = run.target.pods[left:]

    async def gone() -> bool:
        return len(run.target.pods) == left

    async with run.inject(Scale(workload.NAME, left, removed=going)):
        await run.until("the removed pods are gone", gone, STEADY_WITHIN_S)
        await run.sleep(1.0)
    async with run.inject(Scale(workload.NAME, drawn.replicas)):
        await _back(run, drawn)


async def _readiness_flap(run: Run, drawn: Drawn) -> None:
    await run.apply(workload.MANIFEST)

    async def running() -> tuple[PodIdentity, ...] | None:
        found = await run.objects.pods(f"app={workload.NAME}", ready=False)
        return found if len(found) == drawn.replicas else None

    pods = await run.until("the pods run", running, STEADY_WITHIN_S)
    for pod in pods or ():
        async with run.inject(SetReadiness(pod, ready=True)):
            await run.sleep(_SEEN_S)
    await run.ready_pods(f"app={workload.NAME}", drawn.replicas, within_s=STEADY_WITHIN_S)
    hit = (pods or ())[: drawn.hit]
    for pod in (pods or ())[: drawn.hit + 1]:
        run.watch_name(f"{pod.name}.{workload.NAME}")
    run.watch_name(workload.NAME)
    run.watch_name(workload.NAME, "SRV")
    for pod in hit:
        run.watch_clients("http", f"{pod.name}.{workload.NAME}", workload.PORT, pod=pod.name)
        run.watch_clients("http", pod.address, workload.PORT, pod=pod.name)
    await run.sleep(max(1.0, 2 * drawn.period_s))
    for ready in (False, True):
        for pod in hit:
            async with run.inject(SetReadiness(pod, ready=ready)):
                await run.sleep(_UNREADY_S / len(hit))


async def _cordon(run: Run, drawn: Drawn) -> None:
    await _first(run, drawn)
    pod = run.target.pods[drawn.seed % drawn.replicas]
    async with run.inject(Cordon(pod.node)):
        pass
    async with run.inject(DeletePod(pod, drawn.grace_s)):
        await _back(run, drawn)
    async with run.inject(Uncordon(pod.node)):
        await run.steady_state(within_s=STEADY_WITHIN_S)


async def _node_loss(run: Run, drawn: Drawn) -> None:
    await _first(run, drawn)
    node = await choose_node(run)
    going = tuple(pod for pod in run.target.pods if pod.node == node)
    cut = CutNode(node, going)

    async def ready(*, wanted: bool) -> bool:
        found = await run.objects.get("Node", node)
        return found is not None and takes_pods(found) == wanted

    async with run.inject(cut):
        await run.until("the node is found not ready", lambda: ready(wanted=False), _LOOK_WITHIN_S)
        await run.sleep(5.0)
        async with run.inject(JoinNode(cut)):
            await run.until("the node is Ready again", lambda: ready(wanted=True), _LOOK_WITHIN_S)
            await _back(run, drawn)


async def _delete_within_a_delete(run: Run, drawn: Drawn) -> None:
    await _first(run, drawn)
    one, other = run.target.pods[:2]
    async with run.inject(DeletePod(one, drawn.grace_s)):
        await run.sleep(_NESTED_AFTER_S)
        async with run.inject(DeletePod(other, drawn.grace_s)):
            await _back(run, drawn)


_METHODS: dict[str, Callable[[Run, Drawn], Awaitable[None]]] = {
    "rolling-update": _rolling_update,
    "scale": _scale,
    "readiness-flap": _readiness_flap,
    "cordon": _cordon,
    "node-loss": _node_loss,
    "delete-within-a-delete": _delete_within_a_delete,
}
