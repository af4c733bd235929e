"""What does draining a node cost its pods' names, and does a PodDisruptionBudget hold?"""

from itertools import pairwise
from typing import Any

from chaos.experiment import (
    Bound,
    Cordon,
    EvictPod,
    Experiment,
    Fact,
    FaultWindow,
    PodIdentity,
    Question,
    Reading,
    Run,
    Uncordon,
    Verdict,
    Workload,
    at_most,
    client_views,
    combine,
    fact,
    facts,
    first,
    most_missing,
    ms,
    pod_steps,
    seconds,
    series_of,
    transitions,
)

from .shared.nodes import choose_node

STEADY_WITHIN_S = 60
PODS = ("web-0", "web-1", "web-2", "web-3")
BUDGET = 1
# The pod whose volume lies on the node is watched so long while the node is closed.
PENDING_S = 3.0
PINNED = "pinned-0"
REFUSED = "429 "
# The watch may tell of a readiness so much later than the budget's controller acts on it.
_WATCH_LATE_NS = 200_000_000


async def method(run: Run) -> None:
    """Cordon a node, evict the run's own pods from it one by one while a budget refuses more, and open it again."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    node = await choose_node(run)
    going = [pod for pod in run.target.pods if pod.node == node]
    await pin(run, node)
    await run.until("the budget allows an eviction", lambda: budget_is_free(run), STEADY_WITHIN_S)
    run.mark("drain", node=node, pods=[pod.name for pod in going])
    async with run.inject(Cordon(node)):
        await placed(run, "before")
    for name in [pod.name for pod in going]:
        pod = next(pod for pod in run.target.pods if pod.name == name)
        eviction = EvictPod(pod, grace_s=run.options.deletion_grace_s)
        async with run.inject(eviction):
            run.mark("eviction", pod=name, refused=len(eviction.refusals), answer="".join(eviction.refusals[:1]))
            await ask_for_another(run, name, going)
            await run.steady_state(within_s=STEADY_WITHIN_S)
    await placed(run, "drained")
    await drain_pinned(run)
    async with run.inject(Uncordon(node)):
        await run.until(f"{PINNED} is Ready again", lambda: pinned_ready(run), STEADY_WITHIN_S)
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
    budget = await run.objects.get("PodDisruptionBudget", "web")
    return bool(budget) and int(((budget or {}).get("status") or {}).get("disruptionsAllowed", 0)) >= BUDGET


async def placed(run: Run, phase: str) -> None:
    """Write down which pod is where."""
    run.mark("placed", phase=phase, **{pod.name: pod.node for pod in run.target.pods})


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
    run.mark(
        "budget",
        away=away,
        tried=other.name,
        refused=len(answers),
        answer="".join(answers[:1]),
        answers=sorted({said.split(":")[0] for said in answers}),
        ended=bool(reached),
    )


async def drain_pinned(run: Run) -> None:
    """Evict the pod that cannot come back anywhere else, and look at it while the node is closed."""
    pods = await run.pods_of("app=pinned")
    if not pods:
        return
    await run.change("evict the pod whose volume lies on the node", run.objects.evict(pods[0]))

    async def waits() -> bool:
        pod = await run.objects.get("Pod", PINNED)
        return pod is not None and pod["metadata"]["uid"] != pods[0].uid and bool(why_pending(pod))

    await run.until(f"{PINNED} waits for a node", waits, STEADY_WITHIN_S)
    await run.sleep(PENDING_S)
    await look_at_pinned(run, "node closed")


async def pinned_ready(run: Run) -> bool:
    return bool(await run.pods_of("app=pinned"))


async def look_at_pinned(run: Run, phase: str) -> None:
    pod = await run.objects.get("Pod", PINNED) or {}
    name = await run.resolve(f"{PINNED}.pinned")
    run.mark(
        "pinned",
        phase=phase,
        pod=(pod.get("status") or {}).get("phase", "absent"),
        node=(pod.get("spec") or {}).get("nodeName", ""),
        name=name.status,
        why=why_pending(pod),
    )


def why_pending(pod: dict[str, Any]) -> str:
    """What the scheduler says about a pod that it has no node for."""
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return str(condition.get("message", ""))
    return ""


# ---- what must hold ----


def drained(reading: Reading) -> tuple[str, list[str]] | None:
    """The node and the pods that were evicted from it."""
    found = fact(reading, "drain")
    return None if found is None else (found["node"], found["pods"])


def evictions(reading: Reading) -> list[FaultWindow]:
    """The accepted evictions of the target's pods."""
    return [f for f in reading.faults if f.fault == "evict-pod" and f.accepted_ns is not None]


def budget_is_enforced(reading: Reading) -> Verdict:
    """While one pod is away the eviction of another is refused with 429, and allowed when it is Ready again."""
    name = "budget-is-enforced"
    asked = facts(reading, "budget")
    if not asked:
        return combine(name, failures=(), unknowns=("nothing was asked while a pod was away",), success="", evidence=())
    failures = [
        f"the eviction of {row['tried']} was allowed while {row['away']} was away"
        for row in asked
        if not row["refused"]
    ]
    # Only a 429 is the budget's answer; what another error hid is not known.
    other = {row.at_ns: [said for said in kinds_of_refusal(row) if not said.startswith(REFUSED)] for row in asked}
    unknowns = [
        f"the eviction of {row['tried']} was answered with {', '.join(other[row.at_ns])}, which is no word of the budget"
        for row in asked
        if other[row.at_ns]
    ]
    failures += [
        f"it was still refused when {row['away']} should have been back"
        for row in asked
        if not row["ended"] and not other[row.at_ns]
    ]
    for row in asked:
        if row["refused"] and row["ended"]:
            early, untold = too_early(reading, row)
            failures += early
            unknowns += untold
    counts = sum(row["refused"] for row in asked)
    # Runs of before 2026-11-26 kept the first answer only.
    how = "each time" if all("answers" in row.values for row in asked) else "the first time"
    said = ", ".join(sorted({said for row in asked for said in kinds_of_refusal(row)}))
    success = (
        f"Asked {counts} times while one pod was away, the API server refused a second eviction, {how} with {said}, and allowed it "
        f"again when the pod was back, in {len(asked)} of {len(asked)} evictions."
    )
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def kinds_of_refusal(row: Fact) -> list[str]:
    """The different answers to what was refused, without their explanations."""
    known = row.get("answers")
    return known if known is not None else [row["answer"].split(":")[0]] * bool(row["answer"])


def too_early(reading: Reading, row: Fact) -> tuple[list[str], list[str]]:
    """Whether another eviction was allowed before the pod that was away was Ready again: (failures, unknowns)."""
    away = row["away"]
    eviction = next((f for f in evictions(reading) if f.targets[0].name == away), None)
    ready_ns = None if eviction is None else successor_ready_ns(reading, eviction)
    if ready_ns is None:
        return [], [f"{away} was not seen to become Ready again"]
    early_ns = ready_ns - row.at_ns
    if early_ns > _WATCH_LATE_NS:
        return [f"the eviction of {row['tried']} was allowed {ms(early_ns)} before {away} was Ready again"], []
    return [], [f"{away} was seen Ready {ms(early_ns)} after another eviction was allowed"] if early_ns > 0 else []


def successor_ready_ns(reading: Reading, eviction: FaultWindow) -> int | None:
    """When the pod that took an evicted one's name was first seen Ready."""
    old = eviction.targets[0]
    steps = pod_steps(reading, eviction.sent_ns)
    return next((s.at_ns for s in steps if s.what == "ready" and s.pod == old.name and s.uid != old.uid), None)


def fewest_addresses(reading: Reading) -> dict[str, int]:
    """View → the fewest addresses that the service's name had in any answer of the drain; 0 for NXDOMAIN."""
    first_ns = min((f.sent_ns for f in evictions(reading)), default=None)
    if first_ns is None:
        return {}
    found: dict[str, int] = {}
    for series in series_of(reading, "dns", "A web"):
        for change in transitions(reading, series, first_ns):
            count = len(change.after.values)
            found[series.view] = min(found.get(series.view, count), count)
    return found


def never_more_than_the_budget(reading: Reading) -> Verdict:
    """By the watch and by DNS at most one pod is unavailable at a time."""
    name = "never-more-than-the-budget"
    done = evictions(reading)
    if not done:
        return combine(name, failures=(), unknowns=("no pod was evicted",), success="", evidence=())
    missing = most_missing(reading, PODS, done[0].sent_ns, done[-1].ended_ns or done[-1].sent_ns)
    fewest = fewest_addresses(reading)
    failures = [f"{missing} pods were not Ready at once"] if missing > BUDGET else []
    failures += [
        f"{view} answered with {count} of {len(PODS)} addresses"
        for view, count in fewest.items()
        if count < len(PODS) - BUDGET
    ]
    unknowns = [] if fewest else ["DNS was not asked for the service"]
    success = (
        f"At most {missing} of {len(PODS)} pods was not Ready at a time, and no answer of {len(fewest)} views for the service's "
        f"name had fewer than {min(fewest.values(), default=0)} addresses."
    )
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("events.jsonl",))


def come_back_elsewhere(reading: Reading) -> Verdict:
    """Each evicted pod of the StatefulSet comes back with its name on another node, and its pods on other nodes stay."""
    name = "come-back-elsewhere"
    what, before, after = (
        drained(reading),
        fact(reading, "placed", phase="before"),
        fact(reading, "placed", phase="drained"),
    )
    if what is None or before is None or after is None:
        return combine(name, failures=(), unknowns=("the node was not drained to its end",), success="", evidence=())
    node, pods = what
    failures = [f"{pod} is not there" for pod in PODS if not after.get(pod)]
    failures += [f"{pod} is on {node} again" for pod in pods if after.get(pod) == node]
    failures += [
        f"{pod} went from {before.get(pod)} to {after.get(pod)}, though nobody evicted it"
        for pod in PODS
        if pod not in pods and after.get(pod) and after.get(pod) != before.get(pod)
    ]
    unknowns = [] if pods else [f"no pod of the run was on {node}"]
    moved = ", ".join(f"{pod} on {after.get(pod)}" for pod in pods)
    success = (
        f"All {len(pods)} pods of the StatefulSet that were on {node} came back with their names on another node ({moved}); its others "
        "stayed where they were."
    )
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def volume_ties_a_pod(reading: Reading) -> Verdict:
    """A pod whose volume lies on the node stays Pending, without a name, until the node takes pods again."""
    name = "volume-ties-a-pod"
    closed, again = fact(reading, "pinned", phase="node closed"), fact(reading, "pinned", phase="open again")
    what = drained(reading)
    if closed is None or again is None or what is None:
        return combine(name, failures=(), unknowns=("the pod was not evicted",), success="", evidence=())
    failures, unknowns = [], []
    if closed["node"]:
        failures.append(f"{PINNED} came back on {closed['node']} while {what[0]} was closed")
    if closed["name"] == "NOERROR":
        failures.append(f"{PINNED}.pinned resolved while the pod was waiting")
    elif closed["name"] != "NXDOMAIN":
        unknowns.append(f"asked for {PINNED}.pinned while {what[0]} was closed, cluster DNS said {closed['name']}")
    if closed["pod"] != "Pending" and not closed["node"]:
        unknowns.append(f"{PINNED} was {closed['pod']} while {what[0]} was closed")
    if again["pod"] != "Running" or again["node"] != what[0]:
        failures.append(f"{PINNED} is {again['pod']} on {again['node'] or 'no node'} after {what[0]} was opened again")
    success = (
        f"{PINNED}, whose volume lies on {what[0]}, was {closed['pod']} and its name {closed['name']} while the node was closed; "
        f"opened again, it came back there."
    )
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


# ---- answers ----


def outages(reading: Reading) -> list[tuple[str, Bound]]:
    """Evicted pod → how long HTTP clients could not reach it by its name."""
    found = []
    for view in client_views(reading):
        bounds = view.outage_ns
        if view.probe == "http" and bounds is not None:
            at = bounds.after_ns if bounds.before_ns is None else bounds.before_ns
            found.append((view.trial.target.name, Bound(at, censored=bounds.before_ns is None)))
    return found


def drain_cost(reading: Reading) -> str:
    done, lengths = evictions(reading), outages(reading)
    what = drained(reading)
    if not done or what is None or not lengths:
        return ""
    whole = (done[-1].ended_ns or 0) - done[0].sent_ns
    each = ", ".join(f"{pod} for {at_most([length])}" for pod, length in lengths)
    before = come_back_elsewhere(reading)
    waited = all(
        (ready_ns := successor_ready_ns(reading, earlier)) is not None and ready_ns <= (later.accepted_ns or 0)
        for earlier, later in pairwise(done)
    )
    return (
        f"The {len(done)} pods of the StatefulSet on {what[0]} were evicted in the order {', '.join(f.targets[0].name for f in done)}"
        + (", each only when the one before was Ready again" if waited and len(done) > 1 else "")
        + f"; unreachable by name were {each}. In all it took {seconds(whole)}. "
        + (f"{before.summary} " if before.outcome == "ok" else "")
        + "So a drain costs each pod one outage of its own name, as a deletion does; the names need no change anywhere."
    )


def budget_role(reading: Reading) -> str:
    asked = facts(reading, "budget")
    if not asked or budget_is_enforced(reading).outcome != "ok":
        return ""
    return (
        f"While {asked[0]['away']} was away, the eviction of {asked[0]['tried']} was refused ({asked[0]['answer']}). Who drains has to ask "
        "again, as `kubectl drain` does; that is all that a budget does. It counts Ready pods of its selector and knows nothing of "
        "roles or data, and it holds for evictions only: `kubectl delete pod`, a rolling update and a node that dies do not ask it."
    )


def tied_pod(reading: Reading) -> str:
    closed, again = fact(reading, "pinned", phase="node closed"), fact(reading, "pinned", phase="open again")
    if closed is None or again is None or volume_ties_a_pod(reading).outcome != "ok":
        return ""
    absent = pinned_absent(reading)
    took = (
        f" From its end to its successor's readiness it took {absent}, with the node closed for only {PENDING_S:g} s more."
        if absent
        else ""
    )
    return (
        f"It was evicted like the others, and then waited: {closed['why'] or 'the scheduler said nothing'} Its name was {closed['name']} "
        f"meanwhile.{took} After the node was opened again it was {again['pod']} on {again['node'] or 'no node'}. A drain of a node with "
        "local volumes is an outage for as long as the maintenance takes, whatever the budget says; and had it been a member of the "
        "StatefulSet with the budget, no further pod could have been evicted until then."
    )


def pinned_absent(reading: Reading) -> str:
    """From its end to its next readiness, as the watch showed it; empty where it did not."""
    moved: Fact | None = fact(reading, "change", step="evict the pod whose volume lies on the node")
    if moved is None:
        return ""
    steps = pod_steps(reading, moved["sent_ns"])
    gone, back = first(steps, "terminating", PINNED), first(steps, "ready", PINNED)
    return ms(back.at_ns - gone.at_ns) if gone and back else ""


def headline(reading: Reading) -> str:
    done, lengths = evictions(reading), [length for _, length in outages(reading)]
    if not done or not lengths:
        return "No pod was evicted and seen to come back, so nothing was measured."
    where = "On the simulated cluster draining" if reading.meta.simulated else "Draining"
    missing = most_missing(reading, PODS, done[0].sent_ns, done[-1].ended_ns or done[-1].sent_ns)
    return (
        f"{where} a node made each of {len(lengths)} pods of the StatefulSet unreachable by its name once, for {at_most(lengths)}, and never more than "
        f"{missing} at a time."
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
    tables={
        "drain": "What was drained:",
        "placed": "Which pod was on which node:",
        "eviction": "Evictions that were made, and refusals before them:",
        "budget": "What was said about the eviction of another pod while one was away:",
        "pinned": "The pod whose volume lies on the node:",
        "waited": "Waits of the method:",
    },
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
