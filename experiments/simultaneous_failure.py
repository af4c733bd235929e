"""What happens to names and clients when several pods of a StatefulSet are deleted at the same moment?"""

import asyncio
from itertools import pairwise

from chaos.experiment import (
    DeletePods,
    Experiment,
    History,
    Question,
    Run,
    Verdict,
    Workload,
    combine,
    facts,
    first,
    last_ns,
    ms,
    pod_steps,
    seconds,
    when,
)

STEADY_WITHIN_S = 60
PARALLEL = "app=web-parallel"
PARALLEL_PODS = ("web-parallel-0", "web-parallel-1", "web-parallel-2")
READY_WITHIN_S = 60


async def method(run: Run) -> None:
    """Delete two of three pods at once, then all three; then all three of a StatefulSet that starts them in parallel."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for count in (2, 3):
        async with run.inject(DeletePods(run.target.pods[:count], grace_s=run.options.deletion_grace_s)):
            await run.steady_state(within_s=STEADY_WITHIN_S)
    await run.apply("web-parallel.yaml")
    for name in PARALLEL_PODS:
        run.watch_name(f"{name}.web-parallel")
    before = await run.ready_pods(PARALLEL, len(PARALLEL_PODS), within_s=READY_WITHIN_S)
    if len(before) < len(PARALLEL_PODS):
        return
    await run.sleep(1.0)
    uids = {pod.uid for pod in before}
    run.mark("parallel", step="deleting", pods=[pod.name for pod in before])
    await asyncio.gather(*(run.delete_pod(pod) for pod in before))
    await run.until("the parallel pods are Ready again", lambda: all_new(run, uids), READY_WITHIN_S)
    await run.sleep(1.0)
    run.mark("parallel", step="over", pods=[pod.name for pod in await run.pods_of(PARALLEL)])


async def all_new(run: Run, old: set[str]) -> bool:
    pods = await run.pods_of(PARALLEL)
    return len(pods) == len(PARALLEL_PODS) and not old & {pod.uid for pod in pods}


def starts(history: History, from_ns: int, pods: tuple[str, ...]) -> list[tuple[str, int, int]] | None:
    """(pod, created, Ready) of each, by creation; None where a step is missing."""
    steps = pod_steps(history, from_ns)
    rows = [(pod, first(steps, "created", pod), first(steps, "ready", pod)) for pod in pods]
    if any(created is None or ready is None for _, created, ready in rows):
        return None
    return sorted(((pod, c.at_ns, r.at_ns) for pod, c, r in rows if c and r), key=lambda row: row[1])


def _all_three(history: History) -> int | None:
    """When all three were deleted."""
    return next((f.sent_ns for f in history.faults if len(f.targets) == 3 and f.accepted_ns is not None), None)  # noqa: PLR2004


def _parallel(history: History) -> int | None:
    found = facts(history, "parallel", step="deleting")
    return found[-1].at_ns if found else None


def ordered_is_serial(history: History) -> Verdict:
    """Under OrderedReady a pod is created only when the one before is Ready."""
    since = _all_three(history)
    rows = None if since is None else starts(history, since, ("web-0", "web-1", "web-2"))
    if rows is None:
        return combine("ordered-is-serial", failures=(), unknowns=("not every step was seen",), success="", evidence=())
    failures = [
        f"{later[0]} was created before {earlier[0]} was Ready"
        for earlier, later in pairwise(rows)
        if later[1] < earlier[2]
    ]
    success = f"Of three pods deleted at once each was created only when the one before was Ready: {', '.join(f'{pod} {seconds(ready - (since or 0))}' for pod, _, ready in rows)}."
    return combine("ordered-is-serial", failures=failures, unknowns=(), success=success, evidence=("events.jsonl",))


def parallel_is_at_once(history: History) -> Verdict:
    """Under Parallel none waits for another."""
    since = _parallel(history)
    rows = None if since is None else starts(history, since, PARALLEL_PODS)
    if rows is None:
        return combine(
            "parallel-is-at-once", failures=(), unknowns=("not every step was seen",), success="", evidence=()
        )
    by_name = sorted(rows)
    early = [
        f"{later[0]} {ms(earlier[2] - later[1])} before {earlier[0]} was Ready"
        for earlier, later in pairwise(by_name)
        if later[1] < earlier[2]
    ]
    # A pod can be created late because its own predecessor ended late; that says nothing about waiting for others.
    unknowns = [] if early else ["each pod happened to be created after the one before was Ready"]
    success = f"Pods did not wait for the one before: {' and '.join(early)} was created; the last was Ready after {seconds(max(r[2] for r in rows) - (since or 0))}."
    return combine("parallel-is-at-once", failures=(), unknowns=unknowns, success=success, evidence=("events.jsonl",))


def serial_or_parallel(history: History) -> str:
    ordered_from, parallel_from = _all_three(history), _parallel(history)
    if ordered_from is None or parallel_from is None:
        return ""
    ordered = starts(history, ordered_from, ("web-0", "web-1", "web-2"))
    parallel = starts(history, parallel_from, PARALLEL_PODS)
    if ordered is None or parallel is None:
        return ""
    back = last_ns(when(history, "A web-2.web", "NOERROR", ordered_from), ordered_from)
    said = ", ".join(f"{pod} after {seconds(ready - ordered_from)}" for pod, _, ready in ordered)
    both = ", ".join(f"{pod} after {seconds(ready - parallel_from)}" for pod, _, ready in parallel)
    total, short = max(r[2] for r in ordered) - ordered_from, max(r[2] for r in parallel) - parallel_from
    return (
        f"Serial under OrderedReady: Ready were {said}"
        + (f", and the last name was back in every view after {seconds(back)}" if back is not None else "")
        + f". Under Parallel: {both}. "
        + (
            f"The ordered set took {total / short:.1f} times as long here, and the more members and the slower their start, the more it is."
            if total > short
            else "Here the ordered set was not slower."
        )
    )


experiment = Experiment(
    name="simultaneous-failure",
    hypothesis=(
        "Pods deleted together come back with their identities: one after the other under OrderedReady, at once under "
        "Parallel."
    ),
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "address", "stream"),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
        "single-identity",
        "recovered-within",
        ordered_is_serial,
        parallel_is_at_once,
    ),
    questions=(
        Question(
            "serial-or-parallel", "Do pods that fail together come back one by one or at once?", serial_or_parallel
        ),
        "identity-kept",
        "dns-update",
        "connection-handling",
    ),
    watched_names=3,
    tables={"parallel": "The StatefulSet with podManagementPolicy Parallel:", "waited": "Waits of the method:"},
    blast_radius=3,
    timeout_s=180,
    duration_s=60,
    method=method,
)
