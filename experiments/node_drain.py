"""What does draining a node cost its pods' names, and does a PodDisruptionBudget hold?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from chaos.experiment import *

from .shared.nodes import choose_node

STEADY_WITHIN_S = 60
PODS = ("web-0", "web-1", "web-2", "web-3")
BUDGET = 1
# The pod whose volume lies on the node is watched so long while the node is closed.
PENDING_S = 3.0
PINNED = "pinned-0"
PINNED_NAME = f"A {PINNED}.pinned"
REFUSED = "429 "
MOVED = "evict the pod whose volume lies on the node"
# The watch may tell of a readiness so much later than the budget's controller acts on it.
_WATCH_LATE_NS = 200_000_000


@dataclass(frozen=True, slots=True)
class Drain(Note):
    """What was drained."""

    node: str
    pods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placed(Note):
    """Which pod was on which node."""

    phase: str
    nodes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Eviction(Note):
    """Evictions that were made, and refusals before them."""

    pod: str
    refused: int
    answer: str


@dataclass(frozen=True, slots=True)
class Budget(Note):
    """What was said about the eviction of another pod while one was away."""

    away: str
    tried: str
    refused: int  # times
    answer: str  # the first refusal, whole
    answers: tuple[str, ...]  # the different refusals, without their explanations
    ended: bool  # it was allowed in the end; this was written down then


@dataclass(frozen=True, slots=True)
class Pinned(Note):
    """The pod whose volume lies on the node."""

    phase: str
    pod: str
    node: str
    name: str
    why: str


async def method(run: Run) -> None:
    """Cordon a node, evict the run's own pods from it one by one while a budget refuses more, and open it again."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    node = await choose_node(run)
    going = [pod for pod in run.target.pods if pod.node == node]
    await pin(run, node)
    await run.until("the budget allows an eviction", partial(budget_is_free, run), STEADY_WITHIN_S)
    run.note(Drain(node, tuple(pod.name for pod in going)))
    async with run.inject(Cordon(node)):
        await placed(run, "before")
    for name in [pod.name for pod in going]:
        pod = next(pod for pod in run.target.pods if pod.name == name)
        eviction = EvictPod(pod, grace_s=run.options.deletion_grace_s)
        async with run.inject(eviction):
            run.note(Eviction(name, len(eviction.refusals), "".join(eviction.refusals[:1])))
            await ask_for_another(run, name, going)
            await run.steady_state(within_s=STEADY_WITHIN_S)
    await placed(run, "drained")
    await drain_pinned(run)
    async with run.inject(Uncordon(node)):
        await run.until(f"{PINNED} is Ready again", partial(run.pods_of, "app=pinned"), STEADY_WITHIN_S)
        await look_at_pinned(run, "open again")
        await run.steady_state(within_s=STEADY_WITHIN_S)


async def pin(run: Run, node: str) -> None:
    """Make a pod whose volume lies on that node. The volume is a folder that every node has, mounted to be read."""
    affinity = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    await run.objects.create(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"{run.target.namespace}-pinned"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "16Mi"},
                "claimRef": {"namespace": run.target.namespace, "name": f"data-{PINNED}"},
                "hostPath": {"path": "/tmp", "type": "Directory"},  # noqa: S108 - only to be looked at
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [affinity]}]}},
                "persistentVolumeReclaimPolicy": "Retain",
            },
        }
    )
    await run.apply("pinned.yaml")
    run.watch_name(f"{PINNED}.pinned")
    await run.ready_pods("app=pinned", 1, STEADY_WITHIN_S)
    await look_at_pinned(run, "before")


async def budget_is_free(run: Run) -> bool:
    budget = await run.objects.get("PodDisruptionBudget", "web") or {}
    return int((budget.get("status") or {}).get("disruptionsAllowed", 0)) >= BUDGET


async def placed(run: Run, phase: str) -> None:
    """Write down which pod is where."""
    run.note(Placed(phase, {pod.name: pod.node for pod in run.target.pods}))


async def ask_for_another(run: Run, away: str, going: list[PodIdentity]) -> None:
    """Ask again and again, as a dry run, whether another pod would be evicted now, until it would be."""
    order = [pod.name for pod in going if pod.name > away] + [name for name in PODS if name != away]
    other = next(pod for pod in run.target.pods if pod.name == order[0])
    answers: list[str] = []

    async def allowed() -> bool:
        said = await run.objects.may_evict(other)
        if said:
            answers.append(said)
        return not said

    reached = await run.until(f"another eviction is allowed while {away} is away", allowed, STEADY_WITHIN_S)
    kinds = tuple(sorted({said.split(":")[0] for said in answers}))
    run.note(Budget(away, other.name, len(answers), "".join(answers[:1]), kinds, ended=bool(reached)))


async def drain_pinned(run: Run) -> None:
    """Evict the pod that cannot come back anywhere else, and look at it while the node is closed."""
    pods = await run.pods_of("app=pinned")
    if not pods:
        return
    await run.change(MOVED, run.objects.evict(pods[0]))

    async def waits() -> bool:
        pod = await run.objects.get("Pod", PINNED)
        return pod is not None and pod["metadata"]["uid"] != pods[0].uid and bool(why_pending(pod))

    await run.until(f"{PINNED} waits for a node", waits, STEADY_WITHIN_S)
    await run.sleep(PENDING_S)
    await look_at_pinned(run, "node closed")


async def look_at_pinned(run: Run, phase: str) -> None:
    pod = await run.objects.get("Pod", PINNED) or {}
    name = await run.resolve(f"{PINNED}.pinned")
    stage, node = (pod.get("status") or {}).get("phase", "absent"), (pod.get("spec") or {}).get("nodeName", "")
    run.note(Pinned(phase, stage, node, name.status, why_pending(pod)))


def why_pending(pod: dict[str, Any]) -> str:
    """What the scheduler says about a pod that it has no node for."""
    found = (c for c in (pod.get("status") or {}).get("conditions") or [] if c["type"] == "PodScheduled")
    return next((str(c.get("message", "")) for c in found if c["status"] == "False"), "")


# ---- what must hold ----


def evictions(reading: Reading) -> list[FaultWindow]:
    """The accepted evictions of the target's pods, of which there is at least one."""
    found = [f for f in reading.faults if f.fault == "evict-pod" and f.accepted_ns is not None]
    need(found, "no pod was evicted")
    return found


def drain_span(reading: Reading) -> tuple[int, int]:
    """From the first eviction's request to the end of the last one's trial."""
    done, missing = evictions(reading), "the node was not drained to its end"
    need({f.targets[0].name for f in done} == set(note(reading, Drain, missing).pods), missing)
    return done[0].sent_ns, known(done[-1].ended_ns, missing)


def ready_again_ns(reading: Reading, eviction: FaultWindow) -> int | None:
    """When the pod that took an evicted one's name was first seen Ready."""
    old = eviction.targets[0]
    found = step(reading, "ready", old.name, eviction.sent_ns, other_than=old.uid)
    return None if found is None else found.at_ns


@checker("report.md: Measured")
def budget_is_enforced(reading: Reading) -> Iterator[Finding]:
    """While one pod is away the eviction of another is refused with 429, and allowed when it is Ready again."""
    asked = notes(reading, Budget)
    pods_were_watched(reading, *drain_span(reading))
    for row in asked:
        yield from one_asked(reading, row)
    need(len(asked) == len(evictions(reading)), "not every eviction was followed by a question about another pod")
    kinds = ", ".join(sorted({f"`{said}`" for row in asked for said in row.answers}))
    yield holds(
        f"Asked {count(sum(row.refused for row in asked), 'time')} while one pod was away, the API server refused a second eviction, each time with {kinds}, "
        f"and allowed it again when the pod was back, in {out_of(len(asked), len(evictions(reading)), 'eviction')}."
    )


def one_asked(reading: Reading, row: Budget) -> Iterator[Finding]:
    """What speaks against the budget in the answers while one pod was away."""
    eviction = next((f for f in evictions(reading) if f.targets[0].name == row.away), None)
    # Only a 429 is the budget's answer; what another error hid is not known.
    if other := [said for said in row.answers if not said.startswith(REFUSED)]:
        yield unsure(
            f"the eviction of {row.tried} was answered with {', '.join(other)}, which is no word of the budget"
        )
        return
    ready_ns = None if eviction is None else ready_again_ns(reading, eviction)
    if ready_ns is None:
        yield unsure(f"{row.away} was not seen to become Ready again")
        return
    early_ns = ready_ns - row.at_ns
    if not row.ended:
        if early_ns < -_WATCH_LATE_NS:
            yield against(
                f"the eviction of {row.tried} was still refused {ms(-early_ns)} after {row.away} was Ready again"
            )
        else:
            yield unsure(f"the eviction of {row.tried} was not allowed as long as it was asked for")
    elif early_ns > _WATCH_LATE_NS:
        yield against(f"the eviction of {row.tried} was allowed {ms(early_ns)} before {row.away} was Ready again")
    elif early_ns > 0:
        yield unsure(f"{row.away} was seen Ready {ms(early_ns)} after another eviction was allowed")
    elif not row.refused:
        yield unsure(f"{row.away} was Ready again before the eviction of {row.tried} was asked for")


@checker("events.jsonl")
def never_more_than_the_budget(reading: Reading) -> Iterator[Finding]:
    """By the watch and by DNS at most one pod is unavailable at a time."""
    span, fewest = drain_span(reading), fewest_addresses(reading)
    missing = most_missing(reading, PODS, *span)
    if missing > BUDGET:
        yield against(f"{count(missing, 'pod')} were not Ready at once")
    for view, number in fewest.items():
        if number < len(PODS) - BUDGET:
            yield against(f"{view} answered with {out_of(number, len(PODS), 'address|addresses')}")
    need(fewest, "DNS was not asked for the service")
    yield from (
        unsure(f"A web could not be heard all the time at {view}") for view in uncovered(reading, "A web", *span)
    )
    yield holds(
        f"At most {out_of(missing, len(PODS), 'pod')} was not Ready at a time, and no answer of {count(len(fewest), 'view')} for the service's "
        f"name had fewer than {count(min(fewest.values()), 'address|addresses')}."
    )


def fewest_addresses(reading: Reading) -> dict[str, int]:
    """View → the fewest addresses that the service's name had in any answer of the drain; 0 for NXDOMAIN."""
    span = drain_span(reading)
    found: dict[str, int] = {}
    for series in reading.series_of(probe="dns", record="A web"):
        for change in transitions(reading, series, *span):
            number = len(change.after.values)
            found[series.view] = min(found.get(series.view, number), number)
    return found


@checker("report.md: Measured")
def come_back_elsewhere(reading: Reading) -> Iterator[Finding]:
    """Each evicted pod of the StatefulSet comes back with its name on another node, and its pods on other nodes stay."""
    missing = "the node was not drained to its end"
    drain = note(reading, Drain, missing)
    before, after = (note(reading, Placed, missing, phase=phase).nodes for phase in ("before", "drained"))
    need(drain.pods, f"no pod of the run was on {drain.node}")
    for pod in PODS:
        if not after.get(pod):
            yield against(f"{pod} is not there")
        elif pod in drain.pods and after[pod] == drain.node:
            yield against(f"{pod} is on {drain.node} again")
        elif pod not in drain.pods and after[pod] != before.get(pod):
            yield against(f"{pod} went from {before.get(pod)} to {after[pod]}, though nobody evicted it")
    yield holds(
        f"All {count(len(drain.pods), 'pod')} of the StatefulSet that were on {drain.node} came back with their names on another node "
        f"({', '.join(f'{pod} on {after.get(pod)}' for pod in drain.pods)}); its others stayed where they were."
    )


@checker("report.md: Measured")
def volume_ties_a_pod(reading: Reading) -> Iterator[Finding]:
    """A pod whose volume lies on the node stays Pending, without a name, until the node takes pods again."""
    closed, again = (
        note(reading, Pinned, "the pod was not evicted", phase=phase) for phase in ("node closed", "open again")
    )
    node = note(reading, Drain, "the pod was not evicted").node
    meanwhile = f"while {node} was closed"
    if closed.node:
        yield against(f"{PINNED} came back on {closed.node} {meanwhile}")
    if closed.name == "NOERROR":
        yield against(f"{PINNED}.pinned resolved while the pod was waiting")
    elif closed.name != "NXDOMAIN":
        yield unsure(f"asked for {PINNED}.pinned {meanwhile}, cluster DNS said {closed.name}")
    if closed.pod != "Pending" and not closed.node:
        yield unsure(f"{PINNED} was {closed.pod} {meanwhile}")
    if again.pod != "Running" or again.node != node:
        yield against(f"{PINNED} is {again.pod} on {again.node or 'no node'} after {node} was opened again")
    moved = note(reading, Change, "the pod was not evicted", step=MOVED)
    opened = accepted(reading, "uncordon", f"{node} was not opened again")
    yield from turned(reading, PINNED_NAME, "NXDOMAIN", moved.sent_ns, opened.sent_ns)
    gone_ns = all_turned_ns(reading, PINNED_NAME, "NXDOMAIN", moved.sent_ns, opened.sent_ns)
    yield holds(
        f"{PINNED}, whose volume lies on {node}, was {closed.pod} while the node was closed; every view denied its name "
        f"{at_most_ms(gone_ns - moved.accepted_ns)} after its eviction and until the node was opened; then it came back there."
    )


# ---- answers ----


def drain_cost(reading: Reading) -> Iterator[str]:
    done, lost, node = evictions(reading), lost_by_name(reading), note(reading, Drain, "nothing was drained").node
    need(lost, "no client by an evicted pod's name was seen to lose it")
    from_ns, to_ns = drain_span(reading)
    waited = all(
        (ready_ns := ready_again_ns(reading, earlier)) is not None and ready_ns <= accepted_ns(later)
        for earlier, later in pairwise(done)
    )
    each = ", ".join(f"{pod} for {between(length)}" for pod, length in lost)
    yield (
        f"The {count(len(done), 'pod')} of the StatefulSet on {node} were evicted in the order {', '.join(f.targets[0].name for f in done)}"
        + (", each only when the one before was Ready again" if waited and len(done) > 1 else "")
        + f"; unreachable by name were {each}."
    )
    yield f"In all it took {seconds(to_ns - from_ns)}."
    yield from where_measured(partial(held, reading, come_back_elsewhere))
    yield "So a drain costs a pod its own name for a while, as a deletion does; the names need no change anywhere."


def budget_role(reading: Reading) -> Iterator[str]:
    held(reading, budget_is_enforced)
    asked = notes(reading, Budget)[0]
    yield f"While {asked.away} was away, the eviction of {asked.tried} was refused (`{asked.answer}`)."
    yield "Who drains has to ask again, as `kubectl drain` does; that is all that a budget does."
    yield (
        "It counts Ready pods of its selector and knows nothing of roles or data, and it holds for evictions only: `kubectl delete pod`, a rolling update "
        "and a node that dies do not ask it."
    )


def tied_pod(reading: Reading) -> Iterator[str]:
    held(reading, volume_ties_a_pod)
    closed, again = (note(reading, Pinned, phase=phase) for phase in ("node closed", "open again"))
    said = f"the scheduler said `{closed.why}`" if closed.why else "the scheduler said nothing"
    yield f"It was evicted like the others, and then waited: {said}."
    yield f"Its name was {closed.name} meanwhile."
    yield from where_measured(partial(_absent, reading))
    yield f"After the node was opened again it was {again.pod} on {again.node}."
    yield (
        "A drain of a node with local volumes is an outage for as long as the maintenance takes, whatever the budget says; and had it been a member of the "
        "StatefulSet with the budget, no further pod could have been evicted until then."
    )


def _absent(reading: Reading) -> str:
    moved = note(reading, Change, step=MOVED)
    gone, back = (known(step(reading, what, PINNED, moved.sent_ns), what) for what in ("terminating", "ready"))
    took = ms(back.at_ns - gone.at_ns)
    return f"From its end to its successor's readiness it took {took}, with the node closed for only {stated(PENDING_S)} more."


def headline(reading: Reading) -> str:
    held(reading, never_more_than_the_budget)
    lost, missing = lost_by_name(reading), most_missing(reading, PODS, *drain_span(reading))
    need(lost, "no client by an evicted pod's name was seen to lose it")
    return (
        f"Draining a node made {out_of(len(lost), len(evictions(reading)), 'evicted pod')} of the StatefulSet unreachable by name, for "
        f"{at_most([bound(length) for _, length in lost])}, and at most {out_of(missing, len(PODS), 'pod')} was not Ready at a time."
    )


experiment = Experiment(
    name="node-drain",
    hypothesis=(
        "Draining a node evicts its pods one by one, as the PodDisruptionBudget allows; each comes back on another node with its "
        "name, except those whose volume lies on the node."
    ),
    workload=Workload(manifests=("web-budget.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "address", "stream"),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
        "single-identity",
        budget_is_enforced,
        never_more_than_the_budget,
        come_back_elsewhere,
        volume_ties_a_pod,
    ),
    questions=(
        Question("drain-cost", "What does draining a node cost its pods?", drain_cost),
        Question("budget-role", "What does a PodDisruptionBudget do, and what not?", budget_role),
        Question("tied-pod", "What becomes of a pod whose volume lies on the drained node?", tied_pod),
    ),
    headline=headline,
    tables=(Drain, Placed, Eviction, Budget, Pinned, Waited),
    watched_names=1,
    needs=("nodes",),
    uses=(
        "list,get,patch nodes",
        "get,create,delete persistentvolumes",
        "get,create,delete poddisruptionbudgets.policy",
        "get pods",
        "create pods/eviction",
    ),
    blast_radius=1,
    timeout_s=240,
    duration_s=60,
    method=method,
)
