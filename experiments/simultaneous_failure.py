"""What happens to names and clients when several pods of a StatefulSet are deleted at the same moment?"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise

from chaos.experiment import *

from .shared.mysql import PORT, ROOT

STEADY_WITHIN_S = 60
ORDERED_PODS = ("web-0", "web-1", "web-2")
PARALLEL = "app=web-parallel"
PARALLEL_PODS = ("web-parallel-0", "web-parallel-1", "web-parallel-2")
MYSQL = "app=mysql-cluster"
MYSQL_PODS = ("mysql-cluster-0", "mysql-cluster-1", "mysql-cluster-2")
MYSQL_GONE = MYSQL_PODS[:2]  # the unit's command: kubectl delete pod mysql-cluster-0 mysql-cluster-1
MYSQL_LEFT = MYSQL_PODS[2]
STAYED, ENDED = f"open to {MYSQL_LEFT}", f"open to {MYSQL_PODS[0]}"
# Client → the probe and the pod of its series.
CLIENTS = {pod: ("mysql", pod) for pod in MYSQL_PODS} | {
    "any": ("mysql", ""),
    STAYED: ("mysql-stream", MYSQL_LEFT),
    ENDED: ("mysql-stream", MYSQL_PODS[0]),
}
# A controller that waits for nobody makes the next pod of a name sooner than this after the last one is gone.
_AT_ONCE_NS = 1_000_000_000


class Parallel(Note):
    """The StatefulSet with podManagementPolicy Parallel."""

    step: str
    pods: tuple[str, ...]


class Mysql(Note):
    """Two of three MySQL members, deleted at once."""

    step: str
    pods: tuple[str, ...]


async def method(run: Run) -> None:
    """Delete two of three pods at once, then all three; then all three that are started in parallel; then two MySQL members."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for number in (2, 3):
        async with run.inject(DeletePods(run.target.pods[:number], grace_s=run.options.deletion_grace_s)):
            await run.steady_state(within_s=STEADY_WITHIN_S)
    await run.apply("mysql-cluster.yaml")
    await run.apply("web-parallel.yaml")
    for name in PARALLEL_PODS:
        run.watch_name(f"{name}.web-parallel")
    before = await run.ready_pods(PARALLEL, len(PARALLEL_PODS), within_s=STEADY_WITHIN_S)
    await delete_at_once(run, Parallel, PARALLEL, before)
    await mysql_members(run)


async def delete_at_once(run: Run, kind: Callable[..., Note], labels: str, pods: Sequence[PodIdentity]) -> None:
    """Delete pods together, and wait until another Ready one has each of their names."""
    await run.sleep(1.0)
    run.note(kind("deleting", tuple(pod.name for pod in pods)))
    await asyncio.gather(*(run.delete_pod(pod) for pod in pods))
    back = await run.until(f"{labels} are Ready again", partial(all_replaced, run, pods, labels), STEADY_WITHIN_S)
    await run.sleep(1.0)
    run.note(kind("over" if back else "not back", tuple(pod.name for pod in await run.pods_of(labels))))


async def mysql_members(run: Run) -> None:
    """The unit's own deletion, watched by a real MySQL client: of each member by its name, and of any by the service's."""
    before = await run.ready_pods(MYSQL, len(MYSQL_PODS), within_s=STEADY_WITHIN_S)
    if len(before) < len(MYSQL_PODS):
        return
    for probe, pod in CLIENTS.values():
        watch, period_s = (run.clients.watch, 0.05) if probe == "mysql" else (run.clients.hold, 0.2)
        watch("mysql", f"{pod}.mysql-cluster".lstrip("."), PORT, ROOT, period_s=period_s, pod=pod)
    await delete_at_once(run, Mysql, MYSQL, [pod for pod in before if pod.name in MYSQL_GONE])


def starts(reading: Reading, from_ns: int, pods: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """(pod, created, Ready) of each after an instant, by creation."""

    def at_ns(what: str, pod: str) -> int:
        return known(step(reading, what, pod, from_ns), "not every step was seen").at_ns

    rows = [(pod, at_ns("created", pod), at_ns("ready", pod)) for pod in pods]
    pods_were_watched(reading, from_ns, max(ready_ns for _, _, ready_ns in rows))
    return sorted(rows, key=lambda row: row[1])


def ordered_ns(reading: Reading) -> int:
    found = (f for f in reading.faults if len(f.targets) == len(ORDERED_PODS) and f.accepted_ns is not None)
    return known(next(found, None), "all three were not deleted at once").sent_ns


def parallel_ns(reading: Reading) -> int:
    return note(reading, Parallel, "the parallel pods were not deleted", step="deleting").at_ns


@checker("events.jsonl")
def ordered_is_serial(reading: Reading) -> Iterator[Finding]:
    """Under OrderedReady a pod is created only when the one before is Ready."""
    since_ns = ordered_ns(reading)
    rows = starts(reading, since_ns, ORDERED_PODS)
    for (before, _, ready_ns), (pod, created_ns, _) in pairwise(rows):
        if created_ns < ready_ns:
            yield against(f"{pod} was created before {before} was Ready")
    yield holds("Each pod of web was created only when the one before was Ready.")


@checker("events.jsonl")
def parallel_is_at_once(reading: Reading) -> Iterator[Finding]:
    """Under Parallel none waits for another."""
    since_ns, early, silent = parallel_ns(reading), [], []
    rows = sorted(starts(reading, since_ns, PARALLEL_PODS))
    for (before, _, ready_ns), (pod, created_ns, _) in pairwise(rows):
        gone = step(reading, "gone", pod, since_ns)
        if created_ns < ready_ns:
            early.append(f"{pod} was created {ms(ready_ns - created_ns)} before {before} was Ready")
        # A pod can be created late because its own predecessor ended late; that says nothing about waiting for others.
        elif gone is not None and created_ns - gone.at_ns > _AT_ONCE_NS and gone.at_ns < ready_ns:
            late = ms(created_ns - gone.at_ns)
            yield against(f"{pod} was created only when {before} was Ready, {late} after its name was free")
        else:
            silent.append(f"Whether {pod} waited for {before} is not known.")
    need(early, "each pod happened to be created after the one before was Ready")
    last_ns = max(ready_ns for _, _, ready_ns in rows) - since_ns
    yield from map(holds, (f"Not all of web-parallel waited for the one before: {' and '.join(early)}.", *silent))
    yield holds(f"The last was Ready {at_most_ns(last_ns)} after the first request.")


def mysql_span(reading: Reading) -> tuple[int, int]:
    """From the members' deletion until they had been Ready again for a moment."""
    missing = "the members were not deleted and seen to come back"
    return note(reading, Mysql, missing, step="deleting").at_ns, note(reading, Mysql, missing, step="over").at_ns


def client(reading: Reading, name: str) -> Series:
    probe, pod = CLIENTS[name]
    found = reading.series_of(probe=probe, pod=pod)
    return known(next(iter(found), None), f"{name} was not watched through the deletion")


def mysql_outage(reading: Reading, name: str) -> Outage | None:
    """The longest that a client had in that time."""
    return outage(reading, client(reading, name), *mysql_span(reading))


@checker("observations.jsonl")
def mysql_clients_come_back(reading: Reading) -> Iterator[Finding]:
    """A MySQL client reaches each deleted member again by its name, and the one that was left alone never loses it."""
    for name in CLIENTS:
        yield from one_client(reading, name)
    lost = {pod: known(mysql_outage(reading, pod), f"no connection to {pod} failed").length_ns for pod in MYSQL_GONE}
    each = ", ".join(f"{pod} for {between(length)}" for pod, length in lost.items())
    yield holds(f"Unreachable by name: {each}. Both were reached again. An open connection to {MYSQL_LEFT} went on.")


def one_client(reading: Reading, name: str) -> Iterator[Finding]:
    """What speaks against one client's having come back, or never having lost its connection. Silence does not."""
    series, span = client(reading, name), mysql_span(reading)
    said = [sample.outcome for sample in sorted(reading.samples(series, *span))]
    heard = [outcome for outcome in said if outcome.says_something]
    lost = [outcome for outcome in heard if outcome.status != "OK"]
    if not covered(reading, series, *span, limit_s=(span[1] - span[0]) / 1e9):
        yield unsure(f"{name} could not be heard all the time")
    elif heard[-1].status != "OK":
        yield against(f"{name}: connections did not work again")
    if name in MYSQL_GONE and not lost:
        yield unsure(f"no connection to {name} was seen to fail")
    if name == STAYED and lost:
        yield against(f"the open connection to {MYSQL_LEFT} was lost: {lost[0].told}")
    elif name == STAYED and len(heard) < len(said):
        yield unsure(f"the open connection to {MYSQL_LEFT} was not answered all the time")


def mysql_clients(reading: Reading) -> Iterator[str]:
    held(reading, mysql_clients_come_back)
    found = {name: mysql_outage(reading, name) for name in CLIENTS}
    first, second = (known(found[pod], "it was not lost").length_ns for pod in MYSQL_GONE)
    yield f"It loses each deleted member until that one is back. Deleted were {' and '.join(MYSQL_GONE)}."
    for pod in MYSQL_GONE:
        yield f"{pod} was unreachable by name {_for(found[pod])}."
    if first.before_ns is not None and second.after_ns > first.before_ns:
        yield "Under OrderedReady the later one waits for the one before."
    left, service = (f"failed {_for(found[name])}" if found[name] else "never failed" for name in (MYSQL_LEFT, "any"))
    yield f"Connections to {MYSQL_LEFT} by its name {left}. Connections by the service's name, which leaves out members that are not Ready, {service}."
    if found[ENDED]:
        yield f"The open connection to {MYSQL_PODS[0]} ended; its client had none {_for(found[ENDED])}."
    yield "An application should retry for as long as a member takes to come back, and resolve the name each time. This run did not delete all three MySQL members at once."


def _for(lost: Outage | None) -> str:
    return f"for {between(lost.length_ns)} ({lost.kinds()})" if lost else ""


def ways_back(reading: Reading) -> Iterator[tuple[str, int, dict[str, int]]]:
    """How a set came back, where its check holds: in words, when its first pod was deleted, and when each was Ready."""
    for how, check, since, pods in (
        ("Under OrderedReady pods came back one by one", ordered_is_serial, ordered_ns, ORDERED_PODS),
        ("Under Parallel not all waited for the one before", parallel_is_at_once, parallel_ns, PARALLEL_PODS),
    ):
        if check(reading).outcome == "ok":
            yield how, since(reading), {pod: at_ns for pod, _, at_ns in starts(reading, since(reading), pods)}


def how_they_return(reading: Reading) -> Iterator[str]:
    held(reading, ordered_is_serial)
    for how, since_ns, ready in ways_back(reading):
        each = ", ".join(f"{pod} {at_most_ns(at_ns - since_ns)}" for pod, at_ns in ready.items())
        yield f"{how}. Ready after the first request: {each}."
        yield from where_measured(_names_back, reading, since_ns, ready)
    yield from where_measured(_waits, reading)
    yield f"Whether the identity stayed was judged of web only, of whose pods {', then '.join(count(len(f.targets)) for f in reading.faults)} were deleted together."


def _waits(reading: Reading) -> str:
    rows = starts(reading, since_ns := ordered_ns(reading), ORDERED_PODS)
    gone = [known(step(reading, "gone", pod, since_ns), f"{pod} was not seen to go").at_ns for pod, _, _ in rows]
    told = ", ".join(f"{pod} {ms(created_ns - at_ns)}" for (pod, created_ns, _), at_ns in zip(rows, gone, strict=True))
    return f"Under OrderedReady a pod waits for the one before. As the watch saw both, this lay between the end of its old object and its creation: {told}."


def _names_back(reading: Reading, since_ns: int, pods: Iterable[str]) -> str:
    span, back_ns = (since_ns, reading.last_received_ns), []  # nobody touches these pods any more
    for pod in pods:
        new = known(step(reading, "ready", pod, since_ns), f"{pod} was not Ready again").address
        record = f"A {pod}.{pod.rpartition('-')[0]}"  # each set is called as its service
        back_ns.append(all_turned_ns(reading, record, "NOERROR", *span, value=new))
    return f"The last name was back in every view {at_most_ns(max(back_ns) - since_ns)} after that request."


def headline(reading: Reading) -> str:
    said = [
        f"{how}: the last of {count(len(ready))} was Ready {at_most_ns(max(ready.values()) - since_ns)} after the first deletion."
        for how, since_ns, ready in ways_back(reading)
    ]
    if mysql_clients_come_back(reading).outcome == "ok":
        each = ", ".join(f"{pod} for {between(o.length_ns)}" for pod in MYSQL_GONE if (o := mysql_outage(reading, pod)))
        said.append(f"Two MySQL members that were deleted together were unreachable by name: {each}.")
    need(said, "no pods that were deleted together were seen to come back")
    return " ".join(said)


experiment = Experiment(
    name="simultaneous-failure",
    hypothesis="Web servers that are deleted together come back one after the other under OrderedReady, with their identities; under Parallel none waits for another. A MySQL client reaches both members again that were deleted together.",
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "address", "stream"),
    checkers=(
        *OF_SINGLE_REPLACEMENT,
        "recovered-within",
        ordered_is_serial,
        parallel_is_at_once,
        mysql_clients_come_back,
    ),
    questions=(
        Question("serial-or-parallel", "Do pods that fail together come back one by one or at once?", how_they_return),
        Question("mysql-clients", "What does a MySQL client see when two members are deleted at once?", mysql_clients),
        "identity-kept",
        "dns-update",
        "connection-handling",
    ),
    watched_names=3,
    tables=(Parallel, Mysql, Waited),
    headline=headline,
    needs=("reach",),
    blast_radius=3,
    timeout_s=180,
    duration_s=90,
    method=method,
    options=("grace", "force"),
)
