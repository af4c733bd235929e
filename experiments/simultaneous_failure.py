"""What happens to names and clients when several pods of a StatefulSet are deleted at the same moment?"""

import asyncio
from itertools import pairwise

from chaos.experiment import (
    DeletePods,
    Experiment,
    Outage,
    Question,
    Reading,
    Run,
    Series,
    Verdict,
    Workload,
    combine,
    fact,
    facts,
    first,
    last_ns,
    ms,
    outage,
    pod_steps,
    seconds,
    when,
)

from .shared.mysql import PORT, ROOT

STEADY_WITHIN_S = 60
PARALLEL = "app=web-parallel"
PARALLEL_PODS = ("web-parallel-0", "web-parallel-1", "web-parallel-2")
READY_WITHIN_S = 60
MYSQL = "app=mysql-cluster"
MYSQL_PODS = ("mysql-cluster-0", "mysql-cluster-1", "mysql-cluster-2")
MYSQL_GONE = MYSQL_PODS[:2]  # the unit's command: kubectl delete pod mysql-cluster-0 mysql-cluster-1
MYSQL_EVERY_S = 0.05


async def method(run: Run) -> None:
    """Delete two of three pods at once, then all three; then all three that are started in parallel; then two MySQL members."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for count in (2, 3):
        async with run.inject(DeletePods(run.target.pods[:count], grace_s=run.options.deletion_grace_s)):
            await run.steady_state(within_s=STEADY_WITHIN_S)
    await run.apply("mysql-cluster.yaml")
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
    await mysql_members(run)


async def mysql_members(run: Run) -> None:
    """The unit's own deletion, watched by a real MySQL client: of each member by its name, and of any by the service's."""
    before = await run.ready_pods(MYSQL, len(MYSQL_PODS), within_s=READY_WITHIN_S)
    if len(before) < len(MYSQL_PODS):
        return
    for pod in MYSQL_PODS:
        series = run.clients.watch("mysql", f"{pod}.mysql-cluster", PORT, ROOT, period_s=MYSQL_EVERY_S, pod=pod)
        run.mark("mysql-watch", client=pod, how="by its name", series=series.id)
    series = run.clients.watch("mysql", "mysql-cluster", PORT, ROOT, period_s=MYSQL_EVERY_S)
    run.mark("mysql-watch", client="any", how="by the service's name", series=series.id)
    for pod in (MYSQL_PODS[0], MYSQL_PODS[2]):
        series = run.clients.hold("mysql", f"{pod}.mysql-cluster", PORT, ROOT, period_s=0.2, pod=pod)
        run.mark("mysql-watch", client=f"open to {pod}", how="one long-lived connection", series=series.id)
    await run.sleep(1.0)
    gone = [pod for pod in before if pod.name in MYSQL_GONE]
    uids = {pod.uid for pod in gone}
    run.mark("mysql", step="deleting", pods=[pod.name for pod in gone])
    await asyncio.gather(*(run.delete_pod(pod) for pod in gone))

    async def replaced() -> bool:
        pods = await run.pods_of(MYSQL)
        return len(pods) == len(MYSQL_PODS) and not uids & {pod.uid for pod in pods}

    back = await run.until("the MySQL members are Ready again", replaced, READY_WITHIN_S)
    await run.sleep(1.0)
    run.mark("mysql", step="over" if back else "not back", pods=[pod.name for pod in await run.pods_of(MYSQL)])


async def all_new(run: Run, old: set[str]) -> bool:
    pods = await run.pods_of(PARALLEL)
    return len(pods) == len(PARALLEL_PODS) and not old & {pod.uid for pod in pods}


def starts(reading: Reading, from_ns: int, pods: tuple[str, ...]) -> list[tuple[str, int, int]] | None:
    """(pod, created, Ready) of each, by creation; None where a step is missing."""
    steps = pod_steps(reading, from_ns)
    rows = [(pod, first(steps, "created", pod), first(steps, "ready", pod)) for pod in pods]
    if any(created is None or ready is None for _, created, ready in rows):
        return None
    return sorted(((pod, c.at_ns, r.at_ns) for pod, c, r in rows if c and r), key=lambda row: row[1])


def _all_three(reading: Reading) -> int | None:
    """When all three were deleted."""
    return next((f.sent_ns for f in reading.faults if len(f.targets) == 3 and f.accepted_ns is not None), None)  # noqa: PLR2004


def _parallel(reading: Reading) -> int | None:
    found = facts(reading, "parallel", step="deleting")
    return found[-1].at_ns if found else None


def ordered_is_serial(reading: Reading) -> Verdict:
    """Under OrderedReady a pod is created only when the one before is Ready."""
    since = _all_three(reading)
    rows = None if since is None else starts(reading, since, ("web-0", "web-1", "web-2"))
    if rows is None:
        return combine("ordered-is-serial", failures=(), unknowns=("not every step was seen",), success="", evidence=())
    failures = [
        f"{later[0]} was created before {earlier[0]} was Ready"
        for earlier, later in pairwise(rows)
        if later[1] < earlier[2]
    ]
    success = f"Of three pods deleted at once each was created only when the one before was Ready: {', '.join(f'{pod} {seconds(ready - (since or 0))}' for pod, _, ready in rows)}."
    return combine("ordered-is-serial", failures=failures, unknowns=(), success=success, evidence=("events.jsonl",))


def parallel_is_at_once(reading: Reading) -> Verdict:
    """Under Parallel none waits for another."""
    since = _parallel(reading)
    rows = None if since is None else starts(reading, since, PARALLEL_PODS)
    if rows is None:
        return combine(
            "parallel-is-at-once", failures=(), unknowns=("not every step was seen",), success="", evidence=()
        )
    by_name = sorted(rows)
    early = [
        f"{later[0]} was created {ms(earlier[2] - later[1])} before {earlier[0]} was Ready"
        for earlier, later in pairwise(by_name)
        if later[1] < earlier[2]
    ]
    # A pod can be created late because its own predecessor ended late; that says nothing about waiting for others.
    unknowns = [] if early else ["each pod happened to be created after the one before was Ready"]
    success = f"Pods did not wait for the one before: {' and '.join(early)}; the last was Ready after {seconds(max(r[2] for r in rows) - (since or 0))}."
    return combine("parallel-is-at-once", failures=(), unknowns=unknowns, success=success, evidence=("events.jsonl",))


def mysql_outages(reading: Reading) -> dict[str, Outage | None]:
    """Client → its longest outage after the deletion; empty where the members were not deleted."""
    began = fact(reading, "mysql", step="deleting")
    found: dict[str, Outage | None] = {}
    for watched in facts(reading, "mysql-watch") if began is not None and fact(reading, "mysql", step="over") else ():
        series: Series | None = next((s for s in reading.series if s.id == watched["series"]), None)
        if series is not None and began is not None and reading.count(series):
            found[watched["client"]] = outage(reading, series, began.at_ns)
    return found


def length(found: Outage) -> str:
    bounds = found.length_ns
    return (
        f"at least {ms(bounds.after_ns)}"
        if bounds.before_ns is None
        else f"{ms(bounds.after_ns)} to {ms(bounds.before_ns)}"
    )


def mysql_clients_come_back(reading: Reading) -> Verdict:
    """A MySQL client reaches each deleted member again by its name, and the one that was left alone never loses it."""
    found = mysql_outages(reading)
    names = (*MYSQL_PODS, "any", *(f"open to {pod}" for pod in (MYSQL_PODS[0], MYSQL_PODS[2])))
    unknowns = [f"{name} was not watched through the deletion" for name in names if name not in found]
    unknowns += [f"no connection to {pod} failed" for pod in MYSQL_GONE if pod in found and found[pod] is None]
    failures = [
        f"{name}: connections did not work again" for name, one in found.items() if one and one.ended.before_ns is None
    ]
    left = found.get(f"open to {MYSQL_PODS[2]}")
    if left := found.get(f"open to {MYSQL_PODS[2]}"):
        said = f"the open connection to {MYSQL_PODS[2]} was lost: {left.kinds()}"
        (unknowns if {status for status, _ in left.failures} == {"TIMEOUT"} else failures).append(said)
    success = f"By their names {' and '.join(f'{pod} for {length(one)}' for pod in MYSQL_GONE if (one := found.get(pod)))} could not be reached, then again; an open connection to {MYSQL_PODS[2]} went on."
    return combine(
        "mysql-clients-come-back",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("observations.jsonl",),
    )


def mysql_clients(reading: Reading) -> str:
    found = mysql_outages(reading)
    if not found or mysql_clients_come_back(reading).outcome != "ok":
        return ""
    said = "; ".join(f"{pod} for {length(one)} ({one.kinds()})" for pod in MYSQL_GONE if (one := found[pod]))
    first, second = (found[pod] for pod in MYSQL_GONE)
    later = (
        first
        and second
        and first.length_ns.before_ns is not None
        and second.length_ns.after_ns > first.length_ns.before_ns
    )
    serial = ": under OrderedReady the later one waits for the one before" if later else ""
    any_member, held, left = found["any"], found[f"open to {MYSQL_PODS[0]}"], found[MYSQL_PODS[2]]
    service = "never failed" if any_member is None else f"failed for {length(any_member)} ({any_member.kinds()})"
    stayed = "never failed" if left is None else f"failed for {length(left)} ({left.kinds()})"
    ended = (
        f" The connection that was open to {MYSQL_PODS[0]} ended, and its client was away for {length(held)} ({held.kinds()})."
        if held
        else ""
    )
    return (
        f"{' and '.join(MYSQL_GONE)} were deleted at once, and a client by a member's name lost {said}{serial}. "
        f"Connections to {MYSQL_PODS[2]} by its name {stayed}, and those by the service's name, which leaves out members that are not ready, {service}.{ended} "
        "An application should try again for as long as a member takes to come back, with the name and not with a remembered address. "
        "All three MySQL members at once were not tried; the three web servers were, see the order of recovery."
    )


def serial_or_parallel(reading: Reading) -> str:
    ordered_from, parallel_from = _all_three(reading), _parallel(reading)
    if ordered_from is None or parallel_from is None:
        return ""
    ordered = starts(reading, ordered_from, ("web-0", "web-1", "web-2"))
    parallel = starts(reading, parallel_from, PARALLEL_PODS)
    if ordered is None or parallel is None or ordered_is_serial(reading).outcome != "ok":
        return ""
    back = last_ns(when(reading, "A web-2.web", "NOERROR", ordered_from), ordered_from)
    said = ", ".join(f"{pod} after {seconds(ready - ordered_from)}" for pod, _, ready in ordered)
    both = ", ".join(f"{pod} after {seconds(ready - parallel_from)}" for pod, _, ready in parallel)
    total, short = max(r[2] for r in ordered) - ordered_from, max(r[2] for r in parallel) - parallel_from
    return (
        f"Serial under OrderedReady: Ready were {said}"
        + (f", and the last name was back in every view after {seconds(back)}" if back is not None else "")
        + f". Under Parallel: {both}. "
        + (
            f"The ordered set took {total / short:.1f} times as long here."
            if total > short
            else "Here the ordered set was not slower."
        )
    )


experiment = Experiment(
    name="simultaneous-failure",
    hypothesis=(
        "Pods deleted together come back with their identities: one after the other under OrderedReady, at once under "
        "Parallel. (All three members of a set at once: of web servers; of MySQL two of three.)"
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
        mysql_clients_come_back,
    ),
    questions=(
        Question(
            "serial-or-parallel", "Do pods that fail together come back one by one or at once?", serial_or_parallel
        ),
        Question("mysql-clients", "What does a MySQL client see when two members are deleted at once?", mysql_clients),
        "identity-kept",
        "dns-update",
        "connection-handling",
    ),
    watched_names=3,
    tables={
        "parallel": "The StatefulSet with podManagementPolicy Parallel:",
        "mysql": "Two of three MySQL members, deleted at once:",
        "waited": "Waits of the method:",
    },
    needs=("reach",),
    blast_radius=3,
    timeout_s=180,
    duration_s=90,
    method=method,
)
