"""What does draining a node cost its pods' names, and does a PodDisruptionBudget hold?"""

from collections.abc import Iterator
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
MOVED = "evict the pod whose volume lies on the node"
# The watch may tell of a readiness so much later than the budget's controller acts on it.
_WATCH_LATE_NS = 200_000_000


class Drain(Note):
    """What was drained."""

    node: str
    pods: tuple[str, ...]


class Placed(Note):
    """Which pod was on which node."""

    phase: str
    nodes: dict[str, str]


class Eviction(Note):
    """Evictions that were made, and refusals before them."""

    pod: str
    refused: int
    answer: str


class Budget(Note):
    """What was said about the eviction of another pod while one was away."""

    away: str
    tried: str
    refused: int  # times
    answer: str  # the first refusal, whole
    answers: tuple[str, ...]  # the different refusals, without their explanations
    ended: bool  # it was allowed in the end; this was written down then


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
        run.note(Placed("before", {pod.name: pod.node for pod in run.target.pods}))
    for pod in going:
        eviction = EvictPod(pod, grace_s=run.options.deletion_grace_s)
        async with run.inject(eviction):
            run.note(Eviction(pod.name, len(eviction.refusals), "".join(eviction.refusals[:1])))
            await ask_for_another(run, pod.name, going)
            await run.steady_state(within_s=STEADY_WITHIN_S)
    run.note(Placed("drained", {pod.name: pod.node for pod in run.target.pods}))
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


async def ask_for_another(run: Run, away: str, going: list[PodIdentity]) -> None:
    """Ask again and again, as a dry run, whether another pod would be evicted now, until it would be."""
    first = [pod.name for pod in going if pod.name > away] + [name for name in PODS if name != away]
    other = next(pod for pod in run.target.pods if pod.name == first[0])
    answers: list[str] = []

    async def allowed() -> bool:
        said = await run.objects.may_evict(other)
        if said:
            answers.append(said)
        return not said

    reached = await run.until(f"after {away} the eviction of {other.name} is allowed too", allowed, STEADY_WITHIN_S)
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
    conditions = (pod.get("status") or {}).get("conditions") or []
    unscheduled = (c for c in conditions if c["type"] == "PodScheduled" and c["status"] == "False")
    return next((str(c.get("message", "")) for c in unscheduled), "")


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
    refused = count(sum(row.refused for row in asked), "time")
    yield holds(f"While one pod was away the API server refused the eviction of another {refused}, with {kinds}.")
    yield holds(f"It allowed it when the pod was Ready again, after {out_of(len(asked), len(asked), 'eviction')}.")


def one_asked(reading: Reading, row: Budget) -> Iterator[Finding]:
    """What speaks against the budget in the answers while one pod was away."""
    ready_ns = next((ready_again_ns(reading, f) for f in evictions(reading) if f.targets[0].name == row.away), None)
    early_ns, eviction = (ready_ns or 0) - row.at_ns, f"the eviction of {row.tried} was"
    # Only a 429 is the budget's answer; what another error hid is not known.
    if other := [said for said in row.answers if not said.startswith("429 ")]:
        yield unsure(f"{eviction} answered with {', '.join(other)}, which is no word of the budget")
    elif ready_ns is None:
        yield unsure(f"{row.away} was not seen to become Ready again")
    elif not row.ended and early_ns < -_WATCH_LATE_NS:
        yield against(f"{eviction} still refused {ms(-early_ns)} after {row.away} was Ready again")
    elif not row.ended:
        yield unsure(f"{eviction} not allowed as long as it was asked for")
    elif early_ns > _WATCH_LATE_NS:
        yield against(f"{eviction} allowed {ms(early_ns)} before {row.away} was Ready again")
    elif early_ns > 0:
        yield unsure(f"{row.away} was seen Ready {ms(early_ns)} after another eviction was allowed")
    elif not row.refused:
        yield unsure(f"{row.away} was Ready again before the eviction of {row.tried} was asked for")


@checker("events.jsonl")
def never_more_than_the_budget(reading: Reading) -> Iterator[Finding]:
    """By the watch and by DNS at most one pod is unavailable at a time."""
    span = drain_span(reading)
    missing = most_missing(reading, PODS, *span)
    # Of any answer, at each view; 0 for NXDOMAIN.
    fewest = {view: min(len(s.outcome.values) for s in said) for view, said in heard(reading, "A web", *span).items()}
    if missing > BUDGET:
        yield against(f"{count(missing, 'pod')} were not Ready at once")
    for view, number in fewest.items():
        if number < len(PODS) - BUDGET:
            yield against(f"{view} answered with {out_of(number, len(PODS), 'address|addresses')}")
    need(fewest, "DNS was not asked for the service")
    yield from unheard("A web", uncovered(reading, "A web", *span))
    least = count(min(fewest.values()), "address|addresses")
    yield holds(f"At least {out_of(len(PODS) - missing, len(PODS), 'pod')} of web were Ready at any time.")
    yield holds(f"Every answer of {count(len(fewest), 'view')} for the service's name had at least {least}.")


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
    where = ", ".join(f"{pod} on {after.get(pod)}" for pod in drain.pods)
    gone = f"{out_of(len(drain.pods), len(drain.pods), 'pod')} of the StatefulSet web on {drain.node}"
    yield holds(f"{gone} came back with their names on other nodes ({where}).")
    yield holds("The other pods of web stayed where they were.")


@checker("report.md: Measured")
def volume_ties_a_pod(reading: Reading) -> Iterator[Finding]:
    """A pod whose volume lies on the node stays Pending, without a name, until the node takes pods again."""
    missing = "the pod was not evicted"
    closed, again = (note(reading, Pinned, missing, phase=phase) for phase in ("node closed", "open again"))
    node = note(reading, Drain, missing).node
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
    moved = note(reading, Change, missing, step=MOVED)
    span = moved.sent_ns, accepted(reading, "uncordon", f"{node} was not opened again").sent_ns
    yield from turned(reading, f"A {PINNED}.pinned", "NXDOMAIN", *span)
    gone = at_most_ms(all_turned_ns(reading, f"A {PINNED}.pinned", "NXDOMAIN", *span) - moved.accepted_ns)
    yield holds(f"{PINNED}, whose volume lies on {node}, was {closed.pod} while the node was closed.")
    yield holds(f"Every view denied its name {gone} after its eviction. It came back when the node was opened.")


# ---- answers ----


def drain_cost(reading: Reading) -> Iterator[str]:
    done, lost, node = evictions(reading), lost_by_name(reading), note(reading, Drain, "nothing was drained").node
    need(lost, "no client by an evicted pod's name was seen to lose it")
    from_ns, to_ns = drain_span(reading)
    ready = ((ready_again_ns(reading, earlier), accepted_ns(later)) for earlier, later in pairwise(done))
    waited = len(done) > 1 and all(ready_ns is not None and ready_ns <= next_ns for ready_ns, next_ns in ready)
    one_by_one = ", each only when the one before was Ready again" if waited else ""
    order = ", ".join(f.targets[0].name for f in done)
    yield f"Time in which nobody reaches them by name: {', '.join(f'{pod} for {between(length)}' for pod, length in lost)}."
    yield f"The {count(len(done), 'pod')} of the StatefulSet web on {node} were evicted in the order {order}{one_by_one}. Until all was right again it took {at_most_ns(to_ns - from_ns)}."
    yield from if_held(reading, come_back_elsewhere)
    yield from where_measured(pinned_away, reading)
    yield "So a drain makes a pod unreachable by name for a while, as a deletion does. No name changes."


def pinned_away(reading: Reading) -> str:
    held(reading, volume_ties_a_pod)
    return f"{PINNED}, whose volume lies on the drained node, was evicted last and stayed away until the node was opened again."


def budget_role(reading: Reading) -> Iterator[str]:
    held(reading, budget_is_enforced)
    asked = notes(reading, Budget)[0]
    yield "It makes the API server refuse an eviction that would leave too few pods Ready."
    yield f"While {asked.away} was away, the eviction of {asked.tried} was refused (`{asked.answer}`)."
    yield "`kubectl drain` asks again until the API server allows it. A budget counts Ready pods of its selector. It knows nothing of roles or data."
    yield "It holds for evictions only, not for `kubectl delete pod`, a rolling update or a lost node."


def tied_pod(reading: Reading) -> Iterator[str]:
    held(reading, volume_ties_a_pod)
    closed, again = (note(reading, Pinned, phase=phase) for phase in ("node closed", "open again"))
    said = f"the scheduler said `{closed.why}`" if closed.why else "the scheduler said nothing"
    yield f"It is evicted and stays away until the node is opened again. Here the successor of {PINNED} was {closed.pod}: {said}. Its name was {closed.name} meanwhile."
    yield from where_measured(_absent, reading)
    yield f"After the node was opened again it was {again.pod} on {again.node}. No budget selected this pod."


def _absent(reading: Reading) -> str:
    since_ns = note(reading, Change, step=MOVED).sent_ns
    back = known(step(reading, "ready", PINNED, since_ns), "it was not seen to be Ready again")
    return f"It was away for {at_most_ns(back.at_ns - since_ns)}; for {stated(PENDING_S)} of that the node stayed closed on purpose."


def headline(reading: Reading) -> str:
    held(reading, never_more_than_the_budget)
    lost, missing = lost_by_name(reading), most_missing(reading, PODS, *drain_span(reading))
    need(lost, "no client by an evicted pod's name was seen to lose it")
    away = out_of(len(lost), len(evictions(reading)), "evicted pod")
    cost = f"Draining a node made {away} of the StatefulSet web unreachable by name: {', '.join(f'{pod} for {between(at)}' for pod, at in lost)}. At least {out_of(len(PODS) - missing, len(PODS), 'pod')} of web were Ready at any time."
    return " ".join([*where_measured(pinned_away, reading), cost])


experiment = Experiment(
    name="node-drain",
    hypothesis="Draining a node evicts its pods one by one, as the PodDisruptionBudget allows; each comes back on another node with its name, except those whose volume lies on the node.",
    workload=Workload(manifests=("web-budget.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "address", "stream"),
    checkers=(
        *OF_SINGLE_REPLACEMENT,
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
    timeout_s=240,
    method=method,
    options=("grace", "force"),
)
