"""What happens to names and pods when a node is gone, not drained, and what ends it?"""

from collections import Counter
from typing import Any

from chaos.analysis.reading import once
from chaos.analysis.trials import trials
from chaos.experiment import (
    CutNode,
    DeletePod,
    Experiment,
    FaultWindow,
    JoinNode,
    PodIdentity,
    PodStep,
    Question,
    Reading,
    Run,
    Verdict,
    Workload,
    combine,
    fact,
    facts,
    ms,
    pod_steps,
    seconds,
    unit_question,
    when,
)
from chaos.experiment.nodes import choose_node, nodes_to_leave, takes_pods

STEADY_WITHIN_S = 60
# The controller manager's default node-monitor-grace-period is 50 s (40 s before Kubernetes 1.32).
FOUND_WITHIN_S = 120
# So long a pod that is stuck is watched before anything is done about it.
STUCK_S = 6.0
TOGETHER_S = 2.0
BACK_WITHIN_S = 120
STATELESS, MEMBERS = "app=web-stateless", "app=web-stateful"
REPLICAS = 2
PORT = 80
_NS_PER_S = 1_000_000_000
# A view that says nothing for all but the first moments is lost with the node.
_SETTLED_NS = 3 * _NS_PER_S
# The node is asked for again and again, so that it is found not ready a little later than it turned so.
_FOUND_LATE_NS = 1 * _NS_PER_S
_NOT_READY = "the node is found not ready"
_SILENT = ("TIMEOUT", "UNREACHABLE")


async def method(run: Run) -> None:
    """Cut a node off, watch names and pods, delete one stuck pod by force, join the node again, and wait until all is right."""
    await run.apply("web-stateless.yaml")
    await run.ready_pods(STATELESS, REPLICAS, STEADY_WITHIN_S)
    await run.steady_state(within_s=STEADY_WITHIN_S)
    node = await choose_node(run, leave=await nodes_to_leave(run))
    going = tuple(pod for pod in run.target.pods if pod.node == node)
    loose = [pod.name for pod in await run.pods_of(STATELESS) if pod.node == node]
    run.mark("cut", node=node, pods=[pod.name for pod in going], stateless=loose)
    for pod in going:
        run.watch_clients("http", pod.address, PORT)
    cut = CutNode(node, going, run.options.cut_node, run.options.join_node)
    async with run.inject(cut):
        await run.until(_NOT_READY, lambda: is_ready(run, node, wanted=False), FOUND_WITHIN_S)
        await run.until("its pods are marked for deletion", lambda: all_marked(run, going), STEADY_WITHIN_S)
        await run.until("the Deployment has its pods again", lambda: deployment_whole(run), STEADY_WITHIN_S)
        await run.sleep(STUCK_S)
        await look(run, "cut off")
        if len(going) > 1:  # the others stay stuck, as the counterpart
            await force(run, going[0])
        async with run.inject(JoinNode(cut)):
            await run.until("the node is Ready again", lambda: is_ready(run, node, wanted=True), BACK_WITHIN_S)
            await run.steady_state(within_s=BACK_WITHIN_S)
            await look(run, "joined again")


async def is_ready(run: Run, name: str, *, wanted: bool) -> bool:
    """Whether the node takes pods, or does not, by the API."""
    node = await run.objects.get("Node", name)
    return node is not None and takes_pods(node) == wanted


async def all_marked(run: Run, going: tuple[PodIdentity, ...]) -> bool:
    """Whether each of them has a deletionTimestamp."""
    found = {pod["metadata"]["uid"]: pod for pod in await run.objects.list("Pod", MEMBERS)}
    return all("deletionTimestamp" in found[pod.uid]["metadata"] for pod in going if pod.uid in found)


async def deployment_whole(run: Run) -> bool:
    return len(await run.pods_of(STATELESS)) >= REPLICAS


async def force(run: Run, old: PodIdentity) -> None:
    """Delete a stuck pod's object with grace 0, and wait for the pod that then takes its name."""
    async with run.inject(DeletePod(old, grace_s=0)):
        await run.until(f"a new {old.name} is Ready", lambda: replaced(run, old), STEADY_WITHIN_S)
        run.mark("forced", pod=old.name, old_uid=old.uid, old_address=old.address, old_node=old.node)
        await run.sleep(TOGETHER_S)
        await look(run, "one deleted by force")


async def replaced(run: Run, old: PodIdentity) -> bool:
    return any(pod.name == old.name and pod.uid != old.uid for pod in await run.pods_of(MEMBERS))


async def look(run: Run, phase: str) -> None:
    """Write down what the API and cluster DNS say of each pod."""
    for pod in sorted(await run.objects.list("Pod", MEMBERS), key=lambda pod: str(pod["metadata"]["name"])):
        meta, status = pod["metadata"], pod.get("status") or {}
        name = await run.resolve(f"{meta['name']}.web")
        run.mark(
            "state",
            phase=phase,
            pod=meta["name"],
            node=pod["spec"].get("nodeName", ""),
            status="Terminating" if "deletionTimestamp" in meta else status.get("phase", ""),
            ready=_condition(status, "Ready"),
            name=name.status,
        )


def _condition(status: dict[str, Any], kind: str) -> str:
    found = [c["status"] for c in status.get("conditions") or [] if c["type"] == kind]
    return str(found[0]) if found else ""


# ---- what the run shows ----


def fault(reading: Reading, name: str) -> FaultWindow | None:
    """The accepted fault of that name."""
    return next((f for f in reading.faults if f.fault == name and f.accepted_ns is not None), None)


def away(reading: Reading) -> tuple[int, int] | None:
    """From the node's being cut off to the command that joined it again; None unless it was."""
    cut, join = fault(reading, "cut-node"), fault(reading, "join-node")
    return None if cut is None or cut.accepted_ns is None or join is None else (cut.accepted_ns, join.sent_ns)


def lost_pods(reading: Reading) -> list[str]:
    """The StatefulSet's pods on the node."""
    cut = fault(reading, "cut-node")
    return [] if cut is None else [pod.name for pod in cut.targets]


@once
def silent_views(reading: Reading) -> list[str]:
    """DNS servers that answered nothing while the node was away: they were on it."""
    span = away(reading)
    if span is None:
        return []
    spoke: dict[str, bool] = {}
    for series in reading.series:
        if series.probe == "dns" and not spoke.get(series.view):
            found = reading.samples(series, span[0] + _SETTLED_NS, span[1])
            # What was asked just before the node's return may be answered by it.
            heard = [sample.outcome.status for sample in found if sample.received_ns < span[1]]
            spoke[series.view] = any(status not in _SILENT for status in heard)
    return sorted(view for view, said in spoke.items() if not said)


def speaking_views(reading: Reading) -> list[str]:
    silent = set(silent_views(reading))
    return sorted({s.view for s in reading.series if s.probe == "dns"} - silent)


def left_dns(reading: Reading, pod: str) -> dict[str, int]:
    """View → how long after the cut a pod's name was gone there (an upper bound); only views that could be asked."""
    span = away(reading)
    if span is None:
        return {}
    found = when(reading, f"A {pod}.web", "NXDOMAIN", *span)
    views = speaking_views(reading)
    return {view: at.before_ns - span[0] for view, at in found.items() if view in views and at.before_ns is not None}


def clients(reading: Reading, pod: str, from_ns: int, to_ns: int) -> list[tuple[int, str]]:
    """HTTP clients' connections by the pod's name, begun in that time: (when it was known, what became of it)."""
    found = []
    for series in reading.series:
        if series.probe == "http" and series.pod == pod:
            for sample in reading.samples(series, from_ns, to_ns):
                outcome = sample.outcome
                said = "OK" if outcome.status == "OK" else f"{outcome.status} ({outcome.phase})"
                found.append((sample.received_ns, said))
    return sorted(found)


def step_of(reading: Reading, what: str, pod: str, since_ns: int, *, other_than: str = "") -> PodStep | None:
    """The first such step of a pod after an instant, of another UID where one is given."""
    return next(
        (s for s in pod_steps(reading, since_ns) if s.what == what and s.pod == pod and s.uid != other_than), None
    )


def stuck_until(reading: Reading, pod: str) -> int | None:
    """The instant until which nothing was done about a stuck pod: its forced deletion, or the node's return."""
    span = away(reading)
    forced = next((f for f in reading.faults if f.fault == "force-delete-pod" and f.targets[0].name == pod), None)
    if span is None:
        return None
    return min(span[1], forced.sent_ns) if forced else span[1]


# ---- what must hold ----


def names_outlive_the_node(reading: Reading) -> Verdict:
    """No view that is left denies its pods' names before the node is found not ready, and every one does then."""
    name = "names-outlive-the-node"
    span, pods, views = away(reading), lost_pods(reading), speaking_views(reading)
    if span is None or not pods or not views:
        why = (
            "no view could be asked" if span and pods else "no node with a pod of the run was cut off and joined again"
        )
        return combine(name, failures=(), unknowns=(why,), success="", evidence=())
    failures, longest, shortest = [], 0, span[1] - span[0]
    found = fact(reading, "waited", step=_NOT_READY)
    took_ns = round(found["took_s"] * _NS_PER_S) if found is not None and found["reached"] else None
    unknowns = [] if took_ns is not None else ["the node was not seen to be found not ready"]
    for pod in pods:
        gone = left_dns(reading, pod)
        failures += [f"A {pod}.web was never gone at {view}" for view in views if view not in gone]
        failures += [
            f"A {pod}.web was gone at {view} {seconds(at_ns)} after the cut, and the node was found not ready only after {seconds(took_ns)}"
            for view, at_ns in gone.items()
            if took_ns is not None and at_ns < took_ns - _FOUND_LATE_NS
        ]
        longest, shortest = max([longest, *gone.values()]), min([shortest, *gone.values()])
    silent = silent_views(reading)
    note = f" Nothing is known of {', '.join(silent)}, which answered nothing." if silent else ""
    success = (
        f"No view denied the names of {' and '.join(pods)} for {seconds(shortest)} to {seconds(longest)} after the cut, then each of "
        f"{len(views)} did; the node was found not ready after {seconds(took_ns or 0)}.{note}"
    )
    return combine(
        name, failures=failures, unknowns=unknowns, success=success, evidence=("timeline.svg", "recoveries.csv")
    )


def stuck_and_never_replaced(reading: Reading) -> Verdict:
    """A pod of the lost node is marked for deletion, and has no successor until something else is done."""
    name = "stuck-and-never-replaced"
    cut, pods = fault(reading, "cut-node"), lost_pods(reading)
    if cut is None or not pods or away(reading) is None:
        return combine(
            name, failures=(), unknowns=("no node with a pod of the run was cut off",), success="", evidence=()
        )
    failures, unknowns, waited = [], [], []
    for old in cut.targets:
        marked = step_of(reading, "terminating", old.name, cut.sent_ns)
        until_ns = stuck_until(reading, old.name)
        if marked is None or until_ns is None or marked.at_ns > until_ns:
            unknowns.append(f"{old.name} was never seen to be marked for deletion")
            continue
        successor = step_of(reading, "created", old.name, cut.sent_ns, other_than=old.uid)
        if successor is not None and successor.at_ns < until_ns:
            failures.append(
                f"{old.name} was replaced {ms(successor.at_ns - marked.at_ns)} after it was marked for deletion"
            )
        waited.append(f"{old.name} for {seconds(until_ns - marked.at_ns)}")
    success = f"Marked for deletion and not replaced, for as long as nothing was done about it: {', '.join(waited)}."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("events.jsonl",))


def deployment_goes_on(reading: Reading) -> Verdict:
    """A Deployment's pod of the same node is replaced while the node is away."""
    name = "deployment-goes-on"
    span, cut = away(reading), fact(reading, "cut")
    if span is None or cut is None or not cut["stateless"]:
        return combine(name, failures=(), unknowns=("none of its pods was on the node",), success="", evidence=())
    took = stateless_replaced(reading)
    failures = [] if took is not None else ["no new pod of the Deployment was Ready while the node was away"]
    success = (
        f"A new pod of the Deployment was Ready {seconds(took or 0)} after the node was cut off, under another name."
    )
    return combine(name, failures=failures, unknowns=(), success=success, evidence=("events.jsonl",))


def stateless_replaced(reading: Reading) -> int | None:
    """How long after the cut the Deployment had its last pod again; None where it had not while the node was away."""
    span, cut = away(reading), fact(reading, "cut")
    if span is None or cut is None:
        return None
    new = [
        step
        for step in pod_steps(reading, *span)
        if step.what == "ready" and step.pod.startswith("web-stateless-") and step.pod not in cut["stateless"]
    ]
    return max((step.at_ns - span[0] for step in new), default=None) if len(new) >= len(cut["stateless"]) else None


def other_names_stay(reading: Reading) -> Verdict:
    """The names of pods on other nodes never vanish from a view that can be asked."""
    name = "other-names-stay"
    span, views = away(reading), speaking_views(reading)
    others = sorted({s.pod for s in reading.series if s.probe == "dns" and s.pod} - set(lost_pods(reading)))
    if span is None or not views or not others:
        return combine(name, failures=(), unknowns=("there was no such name to be asked",), success="", evidence=())
    failures = [
        f"A {pod}.web vanished from {view}"
        for pod in others
        for view in when(reading, f"A {pod}.web", "NXDOMAIN", *span)
        if view in views
    ]
    success = f"The names of {' and '.join(others)} were never gone from any of {len(views)} views."
    return combine(name, failures=failures, unknowns=(), success=success, evidence=("timeline.svg",))


def together_ns(reading: Reading) -> int | None:
    """For how long the forced pod's old container, by its own answers, was alive beside its successor, at least."""
    forced, join = fact(reading, "forced"), fault(reading, "join-node")
    if forced is None or join is None:
        return None
    new = step_of(reading, "ready", forced["pod"], 0, other_than=forced["old_uid"])
    last_ns = None
    for series in reading.series:
        if series.probe == "http" and series.name == forced["old_address"]:
            for sample in reading.samples(series, join.sent_ns, join.ended_ns or join.sent_ns):
                outcome = sample.outcome
                if outcome.status == "OK" and outcome.values == (forced["pod"],):
                    last_ns = max(last_ns or 0, sample.sent_ns)
    return None if new is None or last_ns is None or last_ns < new.at_ns else last_ns - new.at_ns


def force_makes_two(reading: Reading) -> Verdict:
    """Deleting the object by force lets a second pod of that name begin while the first one's container goes on."""
    name = "force-makes-two"
    forced = fact(reading, "forced")
    if forced is None:
        why = "no pod was deleted by force: it takes two pods of the run on the node"
        return combine(name, failures=(), unknowns=(why,), success="", evidence=())
    both = together_ns(reading)
    if both is None:
        why = f"nobody answered at the old address of {forced['pod']} once the node was back"
        return combine(name, failures=(), unknowns=(why,), success="", evidence=())
    success = (
        f"{forced['pod']} was Ready on another node while the old {forced['pod']} still ran on {forced['old_node']}: the old one answered at "
        f"{forced['old_address']} {seconds(both)} later, when the node was back."
    )
    return combine(name, failures=(), unknowns=(), success=success, evidence=("observations.jsonl",))


def ends_with_the_node(reading: Reading) -> Verdict:
    """Once the node is back, the stuck pod ends, its successor has its name, and everything is right again."""
    name = "ends-with-the-node"
    cut, join = fault(reading, "cut-node"), fault(reading, "join-node")
    if cut is None or join is None or join.accepted_ns is None:
        return combine(name, failures=(), unknowns=("the node was not joined again",), success="", evidence=())
    steady = facts(reading, "steady-state", phase="after", trial=join.trial)
    failures = [f"everything was not right within {m['within_s']:g} s of it" for m in steady if not m["reached"]]
    unknowns = [] if steady else ["the state after it was not checked"]
    back = []
    for pod, gone_ns, ready_ns in ended(reading):
        if gone_ns is None or ready_ns is None:
            failures.append(f"{pod} did not come back")
        else:
            back.append(f"{pod} was gone after {seconds(gone_ns)} and Ready again after {seconds(ready_ns)}")
    success = f"Counted from the node's return, {'; '.join(back)}."
    if not back:
        unknowns.append("no pod was stuck then")
    ready = fact(reading, "waited", step="the node is Ready again")
    if ready is not None and ready["reached"]:
        success += f" The node itself counted as Ready after {ready['took_s']:.1f} s."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("events.jsonl",))


def ended(reading: Reading) -> list[tuple[str, int | None, int | None]]:
    """(pod, its old object gone, its successor Ready), since the node's return, of pods that were still stuck then."""
    cut, join, forced = fault(reading, "cut-node"), fault(reading, "join-node"), fact(reading, "forced")
    if cut is None or join is None or join.accepted_ns is None:
        return []
    rows: list[tuple[str, int | None, int | None]] = []
    for old in cut.targets:
        if forced is None or old.name != forced["pod"]:
            gone = step_of(reading, "gone", old.name, join.sent_ns)
            ready = step_of(reading, "ready", old.name, join.sent_ns, other_than=old.uid)
            since = join.accepted_ns
            rows.append((old.name, _after(gone, since), _after(ready, since)))
    return rows


def _after(step: PodStep | None, since_ns: int) -> int | None:
    return None if step is None else max(0, step.at_ns - since_ns)


# ---- answers ----


def tolerated(reading: Reading) -> str:
    del reading
    return "The manifest tolerates an unreachable node for 5 s; Kubernetes gives pods 300 s unless told otherwise, so without that line all that follows the node's being found not ready comes almost five minutes later."


def names_meanwhile(reading: Reading) -> str:
    span, pods = away(reading), lost_pods(reading)
    if span is None or not pods or names_outlive_the_node(reading).outcome != "ok":
        return ""
    pod = pods[0]
    gone = left_dns(reading, pod)
    last = max(gone.values())
    asked = clients(reading, pod, span[0], span[0] + last)
    # A client may have been told a moment before the views were asked again.
    denied_ns = min([span[0] + min(gone.values()), *(at_ns for at_ns, said in asked if said.startswith("NXDOMAIN"))])
    before = Counter(said for at_ns, said in asked if at_ns < denied_ns)
    after = Counter(said for _, said in clients(reading, pod, span[0] + last, stuck_until(reading, pod) or span[1]))
    endpoint = next((t.life.endpoint_not_ready_ns for t in trials(reading) if t.target.name == pod), None)
    slice_said = f" (its endpoint turned not ready after {seconds(endpoint - span[0])})" if endpoint is not None else ""
    silent = silent_views(reading)
    at_once = "clients at least knew at once" if set(after) == {"NXDOMAIN (resolve)"} else "of the connections by it"
    return (
        f"For {seconds(denied_ns - span[0])} {pod}.web was denied by no DNS server that could be heard{slice_said}, although its pod was on the lost node: of "
        f"{before.total()} HTTP connections by that name that ended in this time {_told(before)}. After {seconds(last)} each of these servers said NXDOMAIN, and "
        f"{at_once}: "
        f"{_told(after)}. Nothing notices a node's end faster than the controller manager's node-monitor-grace-period; a client "
        "that needs to know sooner needs timeouts of its own."
        + (
            f" The DNS server{'s' if len(silent) > 1 else ''} {', '.join(silent)} went with the node, so this is what the others said; "
            "lookups through the cluster's DNS address went to the dead one too until its endpoint was gone."
            if silent
            else ""
        )
    )


def _told(counts: Counter[str]) -> str:
    return (
        ", ".join(f"{n} {'was' if n == 1 else 'were'} {what}" for what, n in counts.most_common()) or "none was tried"
    )


def why_stuck(reading: Reading) -> str:
    cut = fault(reading, "cut-node")
    if cut is None or stuck_and_never_replaced(reading).outcome != "ok":
        return ""
    marked = step_of(reading, "terminating", cut.targets[0].name, cut.sent_ns)
    ends, took = ends_with_the_node(reading), stateless_replaced(reading)
    since = f" {seconds(marked.at_ns - (cut.accepted_ns or 0))} after the cut" if marked else ""
    return (
        f"The pod is marked for deletion{since}, but only its kubelet may confirm that its containers ended, and that one cannot be heard. A "
        f"StatefulSet never makes a second pod of a name while the first object is there: {stuck_and_never_replaced(reading).summary} "
        + (
            f"A Deployment needs no such proof: its new pod was Ready after {seconds(took)}. "
            if took is not None
            else ""
        )
        + (f"The node's return ended it. {ends.summary} " if ends.outcome == "ok" else "")
        + "If the node will not return, deleting the Node object, or the taint node.kubernetes.io/out-of-service on a machine that is certainly off, ends it "
        "too (not tried here). " + tolerated(reading)
    )


def force_danger(reading: Reading) -> str:
    forced, both = fact(reading, "forced"), together_ns(reading)
    if forced is None:
        return ""
    new = step_of(reading, "ready", forced["pod"], 0, other_than=forced["old_uid"])
    asked = next((f for f in reading.faults if f.fault == "force-delete-pod"), None)
    if new is None or asked is None or asked.accepted_ns is None:
        return ""
    return (
        f"It works at once: {seconds(new.at_ns - asked.accepted_ns)} after the forced deletion a new {forced['pod']} was Ready. But the deletion removes "
        "the object only; it reaches no kubelet. "
        + (
            f"The old {forced['pod']} ran on: when the node was back it answered at {forced['old_address']}, {seconds(both)} after its successor had "
            "become Ready. Two members with one name existed for all that time; had only the control plane been cut off, both could have had "
            "clients and taken their writes. "
            if both is not None
            else f"Whether the old {forced['pod']} ran on was not seen here: nobody answered at {forced['old_address']} when the node was back. "
        )
        + "Force a deletion only when the machine is certainly off."
    )


def metrics_to_watch(reading: Reading) -> str:
    span, pods, cut = away(reading), lost_pods(reading), fault(reading, "cut-node")
    if span is None or not pods or cut is None or names_outlive_the_node(reading).outcome != "ok":
        return ""
    pod = pods[0]
    failed = first_failure_ns(reading, pod)
    gone = min(left_dns(reading, pod).values())
    marked = step_of(reading, "terminating", pod, cut.sent_ns)
    signs = [
        ("failing connections to one member by its own name", failed),
        ("its name missing in DNS", gone),
        ("a pod marked for deletion that stays Terminating", marked.at_ns - span[0] if marked else None),
    ]
    seen = sorted((at, what) for what, at in signs if at is not None)
    told = "; ".join(f"{what}: {seconds(at)} after the cut" for at, what in seen)
    return (
        "Those of each member by its name, not averages over a service: a set with one member missing still answers. The signs of this "
        f"failure were seen in this order: {told}. So watch, per member: success and latency of a connection by its name, and who answers; whether "
        "its name resolves, and to its pod's address; Ready replicas against wanted ones, and for how long; pods Terminating or Pending for long; "
        "restarts; and what only the application knows (role, replication lag, quorum) and the volume (space left), which this run did not "
        "measure."
    )


def first_failure_ns(reading: Reading, pod: str) -> int | None:
    """When, after the cut, a client first had a failure in its hands."""
    span = away(reading)
    failures = [
        sample.received_ns - span[0]
        for series in reading.series
        if span is not None and series.probe == "http" and series.pod == pod
        for sample in reading.samples(series, *span)
        if sample.outcome.status != "OK"
    ]
    return min(failures, default=None)


def headline(reading: Reading) -> str:
    pods = lost_pods(reading)
    if not pods or names_outlive_the_node(reading).outcome != "ok":
        return "No node with a pod of the run was cut off and seen to the end, so nothing was measured."
    longest = max(max(left_dns(reading, pod).values()) for pod in pods)
    where = "On the simulated cluster the" if reading.meta.simulated else "The"
    return (
        f"{where} names of a lost node's pods stayed in DNS for up to {seconds(longest)} after it was cut off"
        + (
            f", and no pod was replaced before {'it was deleted by force or ' if fact(reading, 'forced') else ''}the node was joined again"
            if stuck_and_never_replaced(reading).outcome == "ok"
            else ""
        )
        + "."
    )


experiment = Experiment(
    name="node-loss",
    hypothesis=(
        "When a node is gone its pods' names stay in DNS until the node is found not ready; its StatefulSet pods stay Terminating and are not "
        "replaced until the node is back, or somebody deletes them by force, which can make two pods of one name."
    ),
    workload=Workload(manifests=("web-tolerant.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "http"),
    checkers=(
        "fault-took-effect",
        names_outlive_the_node,
        stuck_and_never_replaced,
        deployment_goes_on,
        other_names_stay,
        force_makes_two,
        ends_with_the_node,
    ),
    questions=(
        Question("names-of-a-lost-node", "What do the names of a lost node's pods say meanwhile?", names_meanwhile),
        Question("stuck-pod", "Why is the pod not replaced, and what ends it?", why_stuck),
        Question("force-danger", "Why not simply delete the stuck pod by force?", force_danger),
        unit_question("metrics-to-watch", metrics_to_watch),
    ),
    headline=headline,
    tables={
        "cut": "The node that was cut off, and the run's pods on it:",
        "state": "What the API and the cluster DNS address said of each pod:",
        "forced": "The pod that was deleted by force:",
        "waited": "Waits of the method:",
    },
    needs=("nodes", "node-commands"),
    uses=("list,get nodes",),
    blast_radius=3,
    timeout_s=400,
    duration_s=110,
    method=method,
)
