"""What happens to names and pods when a node is gone, not drained, and what ends it?"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from chaos.experiment import *

from .shared.course import unit_question
from .shared.nodes import choose_node, node_ready, nodes_to_leave

STEADY_WITHIN_S = 60
# The controller manager's default node-monitor-grace-period is 50 s (40 s before Kubernetes 1.32).
FOUND_WITHIN_S = 120
BACK_WITHIN_S = 120
STATELESS, MEMBERS = "app=web-stateless", "app=web-stateful"
REPLICAS = 2
_SETTLED_NS = 3_000_000_000  # a view that says nothing after this is lost with the node
_FOUND_LATE_NS = 1_000_000_000  # the node is asked for again and again, so its turn is seen a little late
_NOT_READY, _READY = "the node is found not ready", "the node is Ready again"


class Cut(Note):
    """The node that was cut off, and the run's pods on it."""

    node: str
    pods: tuple[str, ...]
    stateless: tuple[str, ...]


class State(Note):
    """What the API and the cluster DNS address said of each pod."""

    phase: str
    pod: str
    node: str
    status: str
    ready: str
    name: str


class Forced(Note):
    """The pod that was deleted by force."""

    pod: str
    old_uid: str
    old_address: str
    old_node: str


def at_least(duration_ns: int) -> str:
    """A lower bound."""
    return between(Interval(duration_ns, None))


async def method(run: Run) -> None:
    """Cut a node off, watch names and pods, delete one stuck pod by force, join the node again, and wait until all is right."""
    await run.apply("web-stateless.yaml")
    await run.ready_pods(STATELESS, REPLICAS, STEADY_WITHIN_S)
    await run.steady_state(within_s=STEADY_WITHIN_S)
    node = await choose_node(run, leave=await nodes_to_leave(run))
    going = tuple(pod for pod in run.target.pods if pod.node == node)
    loose = tuple(pod.name for pod in await run.pods_of(STATELESS) if pod.node == node)
    run.note(Cut(node, tuple(pod.name for pod in going), loose))
    for pod in going:
        run.watch_clients("http", pod.address, 80)
    cut = CutNode(node, going, run.options.cut_node, run.options.join_node)
    async with run.inject(cut):
        await run.until(_NOT_READY, partial(node_ready, run, node, wanted=False), FOUND_WITHIN_S)
        marked = partial(marked_for_deletion, run, going, MEMBERS)
        await run.until("its pods are marked for deletion", marked, STEADY_WITHIN_S)
        await run.ready_pods(STATELESS, REPLICAS, STEADY_WITHIN_S)
        await run.sleep(6.0)  # so long nothing is done about the stuck pods
        await look(run, "cut off")
        if len(going) > 1:  # the others stay stuck, as the counterpart
            await force(run, going[0])
        async with run.inject(JoinNode(cut)):
            await run.until(_READY, partial(node_ready, run, node, wanted=True), BACK_WITHIN_S)
            await run.steady_state(within_s=BACK_WITHIN_S)
            await look(run, "joined again")


async def force(run: Run, old: PodIdentity) -> None:
    """Delete a stuck pod's object with grace 0, and wait for the pod that then takes its name."""
    async with run.inject(DeletePod(old, grace_s=0)):
        await successor(run, old, MEMBERS, STEADY_WITHIN_S)
        run.note(Forced(old.name, old.uid, old.address, old.node))
        await run.sleep(2.0)
        await look(run, "one deleted by force")


async def look(run: Run, phase: str) -> None:
    """Write down what the API and cluster DNS say of each pod."""
    for pod in sorted(await run.objects.list("Pod", MEMBERS), key=lambda pod: str(pod["metadata"]["name"])):
        meta, status = pod["metadata"], pod.get("status") or {}
        stage = "Terminating" if "deletionTimestamp" in meta else str(status.get("phase", ""))
        ready = next((str(c["status"]) for c in status.get("conditions") or [] if c["type"] == "Ready"), "")
        name = await run.resolve(f"{meta['name']}.web")
        run.note(State(phase, meta["name"], pod["spec"].get("nodeName", ""), stage, ready, name.status))


@dataclass(frozen=True)
class Loss:
    """The time in which the node was away, from its being cut off to the command that joined it again.

    Attributes:
        pods: of the StatefulSet, on the node.
        others: of the StatefulSet, on other nodes.
        silent: DNS servers that were on the node: they answered nothing.
        views: the other ones.
    """

    reading: Reading
    cut: FaultWindow
    join: FaultWindow
    span: tuple[int, int]
    pods: list[str]
    others: list[str]
    silent: list[str]
    views: list[str]

    def since(self, at_ns: int) -> str:
        """What is seen is seen late."""
        return at_most_ns(at_ns - self.span[0])

    def unheard(self, pod: str) -> list[str]:
        """Views that are left and could not be heard all the time about a pod's name."""
        return [view for view in uncovered(self.reading, f"A {pod}.web", *self.span) if view in self.views]

    def left_dns(self, pod: str) -> dict[str, int]:
        """View → how long after the cut a pod's name was gone there (an upper bound); only views that could be asked."""
        found, heard = when(self.reading, f"A {pod}.web", "NXDOMAIN", *self.span), self.views
        return {v: at.before_ns - self.span[0] for v, at in found.items() if v in heard and at.before_ns is not None}

    def kept_until_ns(self) -> int:
        """Up to then no view said, and no client was told, that one of the names is gone (a lower bound)."""
        found = [when(self.reading, f"A {pod}.web", "NXDOMAIN", *self.span) for pod in self.pods]
        asked = (s for pod in self.pods for s in self.clients(pod, *self.span))
        denied = [s.sent_ns for s in asked if s.outcome.status == "NXDOMAIN"]
        return min([*denied, *(at.after_ns for one in found for at in one.values())])

    def clients(self, pod: str, from_ns: int, to_ns: int) -> list[Sample]:
        """HTTP connections by the pod's name, begun in that time, in the order in which they ended."""
        asked = self.reading.sampled(from_ns, to_ns, probe="http", pod=pod)
        return sorted(asked, key=lambda s: s.received_ns)

    def unanswered(self, from_ns: int, to_ns: int) -> str:
        """How many queries of the others' names the cluster DNS address left without an answer in that time."""
        at = partial(self.reading.sampled, from_ns, to_ns, probe="dns", view=SERVICE_VIEW)
        told = [sample.outcome.says_something for pod in self.others for sample in at(record=f"A {pod}.web")]
        return out_of(told.count(False), len(told), "single query|single queries")

    def stuck_until(self, pod: str) -> int:
        """Until when nothing was done about a stuck pod: its forced deletion, or the node's return."""
        forced = (f for f in self.reading.faults if f.fault == "force-delete-pod" and f.targets[0].name == pod)
        return min([self.span[1], *(f.sent_ns for f in forced)])


@once
def loss(reading: Reading) -> Loss:
    missing = "no node with a pod of the run was cut off and joined again"
    cut, join = (accepted(reading, fault, missing) for fault in ("cut-node", "join-node"))
    need(cut.targets, missing)
    span = accepted_ns(cut), join.sent_ns
    silent = silent_views(reading, span[0] + _SETTLED_NS, span[1])
    left = sorted(set(views(reading)) - set(silent))
    pods = [pod.name for pod in cut.targets]
    others = sorted({series.pod for series in reading.series_of(probe="dns") if series.pod} - set(pods))
    return Loss(reading, cut, join, span, pods, others, silent, left)


@checker("timeline.svg", "recoveries.csv")
def names_outlive_the_node(reading: Reading) -> Iterator[Finding]:
    """No view that is left denies its pods' names before the node is found not ready, and every one does then."""
    lost = loss(reading)
    missing = "the node was not seen to be found not ready"
    took_ns = note(reading, Waited, missing, step=_NOT_READY, reached=True).took_ns
    for pod in lost.pods:
        deaf, gone = lost.unheard(pod), lost.left_dns(pod)
        yield from unheard(f"A {pod}.web", deaf)
        kept = (view for view in lost.views if view not in (*deaf, *gone))
        yield from (against(f"A {pod}.web was never gone at {view}") for view in kept)
        for view, at_ns in gone.items():
            if at_ns < took_ns - _FOUND_LATE_NS:
                early = f"A {pod}.web was gone at {view} {at_most_ns(at_ns)} after the cut"
                yield against(f"{early}, and the node was found not ready only after {seconds(took_ns)}")
    ends_ns = [at_ns for pod in lost.pods for at_ns in lost.left_dns(pod).values()]
    need(ends_ns, "no view that could be asked denied any of its pods' names")
    yield holds(f"The first NXDOMAIN for {' and '.join(lost.pods)} came {at_most_ns(min(ends_ns))} after the cut.")
    yield holds(f"Each of {count(len(lost.views), 'view')} denied them {at_most_ns(max(ends_ns))} after it.")
    yield holds(f"The node was found not ready {at_most_ns(took_ns)} after it.")
    if lost.silent:
        yield holds(f"{', '.join(lost.silent)} answered nothing.")


@checker("events.jsonl")
def stuck_and_never_replaced(reading: Reading) -> Iterator[Finding]:
    """A pod of the lost node is marked for deletion, and has no successor until something else is done."""
    lost, waited = loss(reading), []
    for old in lost.cut.targets:
        until_ns = lost.stuck_until(old.name)
        marked = step(reading, "terminating", old.name, lost.cut.sent_ns, until_ns=until_ns)
        if marked is None:
            yield unsure(f"{old.name} was never seen to be marked for deletion")
            continue
        new = step(reading, "created", old.name, lost.cut.sent_ns, until_ns=until_ns, other_than=old.uid)
        if new is not None:
            yield against(f"{old.name} was replaced {ms(new.at_ns - marked.at_ns)} after it was marked for deletion")
        waited.append(f"{old.name} for {at_least(until_ns - marked.at_ns)}")
    by_force = "deleted its object by force or " if notes(reading, Forced) else ""
    kept = f"No StatefulSet pod of the node was replaced until the run {by_force}joined the node again"
    yield holds(f"{kept}: after its mark for deletion {', '.join(waited)}.")


@checker("events.jsonl")
def deployment_goes_on(reading: Reading) -> Iterator[Finding]:
    """A Deployment's pod of the same node is replaced while the node is away."""
    lost, missing = loss(reading), "none of its pods was on the node"
    old = note(reading, Cut, missing).stateless
    need(old, missing)
    ready = (s for s in pod_steps(reading, *lost.span) if s.what == "ready" and s.pod.startswith("web-stateless-"))
    new = [one.at_ns for one in ready if one.pod not in old]
    if len(new) < len(old):
        yield against("no new pod of the Deployment was Ready while the node was away")
    else:
        yield holds(f"A new pod of the Deployment, under another name, was Ready {lost.since(max(new))} after the cut.")


@checker("timeline.svg")
def other_names_stay(reading: Reading) -> Iterator[Finding]:
    """The names of pods on other nodes never vanish from a view that can be asked."""
    lost = loss(reading)
    need(lost.views and lost.others, "there was no such name to be asked")
    for pod in lost.others:
        yield from (against(f"A {pod}.web vanished from {view}") for view in lost.left_dns(pod))
        yield from unheard(f"A {pod}.web", lost.unheard(pod))
    yield holds(f"{count(len(lost.views), 'view')} never denied the names of {' and '.join(lost.others)}.")


@checker("observations.jsonl")
def force_makes_two(reading: Reading) -> Iterator[Finding]:
    """Deleting the object by force lets a second pod of that name begin while the first one's container goes on."""
    forced = note(reading, Forced, "no pod was deleted by force: it takes two pods of the run on the node")
    pod, join = forced.pod, loss(reading).join
    new_ns = known(step(reading, "ready", pod, other_than=forced.old_uid), "its successor was not seen").at_ns
    since_ns, missing = max(join.sent_ns, new_ns), f"nobody answered at the old address of {pod} once the node was back"
    asked = reading.sampled(since_ns, known(join.ended_ns, missing), probe="http", name=forced.old_address)
    answered_ns = (s.sent_ns for s in asked if s.outcome.status == "OK" and s.outcome.values == (pod,))
    last_ns = known(max(answered_ns, default=None), missing)
    yield holds(f"Two pods were {pod} for {at_least(last_ns - new_ns)}: the new one, Ready, and the old one.")
    yield holds(f"The run ended it by joining {forced.old_node} again: the old one answered at {forced.old_address}.")


@checker("events.jsonl")
def ends_with_the_node(reading: Reading) -> Iterator[Finding]:
    """Once the node is back, the stuck pod ends, its successor has its name, and everything is right again."""
    lost, back = loss(reading), []
    steady = [d for _, what, d in reading.marks if what == "steady-state" and d.get("trial") == lost.join.trial]
    need(steady, "the state after it was not checked")
    for mark in (m for m in steady if not m["reached"]):
        heard = set(mark["missing"]) - set(mark["unheard"])
        yield against_if(heard, f"everything was not right within {mark['within_s']:g} s of it")
    forced = {one.pod for one in notes(reading, Forced)}
    for old in (pod for pod in lost.cut.targets if pod.name not in forced):
        gone = step(reading, "gone", old.name, lost.join.sent_ns)
        ready = step(reading, "ready", old.name, lost.join.sent_ns, other_than=old.uid)
        if gone is None or ready is None:
            yield against(f"{old.name} did not come back")
        else:
            ended, again = (at_most_ns(max(0, one.at_ns - accepted_ns(lost.join))) for one in (gone, ready))
            back.append(f"{old.name} was gone {ended} and Ready again {again} after the node's return")
    need(back, "no pod was stuck then")
    yield holds(f"{'; '.join(back)}.")
    for waited in notes(reading, Waited, step=_READY, reached=True)[-1:]:
        yield holds(f"The node itself was Ready {at_most_ns(waited.took_ns)} after it.")


def names_meanwhile(reading: Reading) -> Iterator[str]:
    held(reading, names_outlive_the_node)
    lost, kept_ns = loss(reading), loss(reading).kept_until_ns()
    last_ns = lost.span[0] + max(at for pod in lost.pods for at in lost.left_dns(pod).values())
    asked = [s for pod in lost.pods for s in lost.clients(pod, *lost.span)]
    since = [s for pod in lost.pods for s in lost.clients(pod, last_ns, lost.stuck_until(pod))]
    yield f"The dead addresses: every DNS server that answered gave those of {' and '.join(lost.pods)} for {at_least(kept_ns - lost.span[0])} after the cut."
    yield f"Until then {_failed([s for s in asked if s.received_ns < kept_ns])}."
    if lost.silent:
        yield f"{' and '.join(lost.silent)} answered nothing until the node was joined again, as a DNS server on the node does."
        yield f"So {lost.unanswered(lost.span[0], kept_ns)} for other pods' names through the cluster DNS address got no answer until then. After the names were gone {lost.unanswered(last_ns, lost.span[1])} got none. A single query is not tried again; a resolver that retries waits instead."
    ends = [t.life.endpoint_not_ready_ns for t in trials(reading) if t.fault == lost.cut]
    if seen := [at_ns for at_ns in ends if at_ns is not None]:
        yield f"{out_of(len(seen), len(ends), 'endpoint')} of these pods turned not ready {lost.since(max(seen))} after the cut."
    yield f"Each of the servers that answered denied their names {lost.since(last_ns)} after the cut. Since then {_failed(since)}."
    yield from where_measured(unreachable, reading)
    if failed := [s.received_ns for s in asked if s.outcome.status != "OK"]:
        yield f"The first connection by name failed {lost.since(min(failed))} after the cut."
    yield from (told for old in lost.cut.targets for told in where_measured(old_answers, reading, old))
    found_ns = note(reading, Waited, step=_NOT_READY, reached=True).took_ns
    yield f"The controller manager found the node not ready {at_most_ns(found_ns)} after the cut."
    yield "Its node-monitor-grace-period (50 s by default since Kubernetes 1.32) counts from the round, one every 5 s, in which it noticed the node's last heartbeat. A client that must know sooner needs timeouts of its own."


def _failed(asked: list[Sample], by: str = "name") -> str:
    told = Counter(s.outcome.told for s in asked if s.outcome.status != "OK")
    how = ", ".join(f"{count(n)} with {what}" for what, n in told.most_common())
    return f"{out_of(told.total(), len(asked), 'HTTP connection')} by {by} failed" + (f" ({how})" if how else "")


def old_answers(reading: Reading, old: PodIdentity) -> Iterator[str]:
    """A server that was cut off answers again before it has heard what changed, and leads to a dead or a second pod."""
    lost, to_ns = loss(reading), known(loss(reading).join.ended_ns, "its end was not seen")
    new = known(step(reading, "ready", old.name, lost.cut.sent_ns, other_than=old.uid), "it has no successor")
    need(new.address != old.address, "its address does not tell the two apart")
    said = heard(reading, f"A {old.name}.web", lost.span[1], to_ns)
    stale = {view: [s for s in found if old.address in s.outcome.values] for view, found in said.items()}
    for view in lost.silent:
        if stale.get(view):
            first_ns, last_ns = stale[view][0].received_ns, stale[view][-1].sent_ns
            lasted = f", for {at_least(last_ns - first_ns)}" if last_ns > first_ns else ""
            yield f"After the node's return {view} gave the old address of {old.name} in {count(len(stale[view]), 'answer')}{lasted}."
            met = {s.outcome.values for s in reading.sampled(first_ns, last_ns, probe="http", name=old.address)}
            if new.at_ns < first_ns and (old.name,) in met:
                yield f"The new {old.name} was Ready before that, and the old one answered at that address meanwhile."
            yield f"Through the cluster DNS address {out_of(len(stale.get(SERVICE_VIEW, [])), len(said.get(SERVICE_VIEW, [])), 'answer')} gave it since the return."
        name = heard(reading, f"PTR {new.address}", max(new.at_ns, lost.span[1]), to_ns).get(view, [])
        if denied := [s for s in name if s.outcome.status == "NXDOMAIN"]:
            yield f"After the return {view} denied the reverse name of the new {old.name} for {at_least(max(0, denied[-1].sent_ns - denied[0].received_ns))}, with that pod Ready. A cache keeps denials."


def unreachable(reading: Reading) -> Iterator[str]:
    lost = loss(reading)
    for pod, length in lost_by_name(reading, lost.cut):
        # A forced deletion begins a trial of its own, so the cut's does not see the end.
        later = lost.clients(pod, lost.stuck_until(pod), reading.last_received_ns)
        back_ns = next((s.received_ns - lost.cut.sent_ns for s in later if s.outcome.status == "OK"), None)
        yield f"{pod} could not be reached by name for {between(Interval(length.after_ns, length.before_ns or back_ns))}."


def why_stuck(reading: Reading) -> Iterator[str]:
    stuck, lost = held(reading, stuck_and_never_replaced), loss(reading)
    marked = known(step(reading, "terminating", lost.pods[0], lost.cut.sent_ns), "")
    yield "A StatefulSet makes no second pod of a name while the first object is there, and the lost node's kubelet alone may confirm that the first one's containers ended."
    yield "What ends it is the node's return, or a forced deletion of the object."
    yield f"{lost.pods[0]} was marked for deletion {lost.since(marked.at_ns)} after the cut. {stuck}"
    yield from where_measured(lambda: f"The node's return ended it. {held(reading, ends_with_the_node)}")
    yield from where_measured(lambda: f"A Deployment does not wait. {held(reading, deployment_goes_on)}")
    yield "Not tried here: deleting the Node object, or the taint node.kubernetes.io/out-of-service where the machine is certainly off."
    yield "The manifest tolerates an unreachable node for 5 s; the default is 300 s, and then all this comes that much later."


def force_danger(reading: Reading) -> Iterator[str]:
    forced, both = note(reading, Forced, "no pod was deleted by force"), force_makes_two(reading)
    pod, unseen = forced.pod, f"Whether the old {forced.pod} did was not seen here. " * (both.outcome != "ok")
    new = known(step(reading, "ready", pod, other_than=forced.old_uid), "its successor was not seen")
    asked = accepted(reading, "force-delete-pod", "it was not accepted")
    yield f"Because the old pod may still run. {unseen}{both.text}"
    yield f"The new {pod} was Ready {at_most_ns(new.at_ns - accepted_ns(asked))} after the forced deletion, which removes the object only and reaches no kubelet."
    yield "" if unseen else "Had only the control plane been cut off, both could have taken writes."
    yield "Force a deletion only when the machine is certainly off."


def metrics_to_watch(reading: Reading) -> Iterator[str]:
    held(reading, names_outlive_the_node)
    lost, pod = loss(reading), loss(reading).pods[0]
    by_address = reading.sampled(*lost.span, probe="http", name=lost.cut.targets[0].address)
    failed = [s.received_ns for s in by_address if s.outcome.status != "OK"]
    well = [s for other in lost.others for s in lost.clients(other, lost.span[0], lost.kept_until_ns())]
    marked = step(reading, "terminating", pod, lost.cut.sent_ns)
    signs = [
        ("failing connections at one member's address", min(failed, default=None)),
        ("its name missing in DNS", lost.span[0] + min(lost.left_dns(pod).values())),
        ("a pod marked for deletion that stays Terminating", marked.at_ns if marked else None),
    ]
    seen = sorted((at_ns, what) for what, at_ns in signs if at_ns is not None)
    order = "; ".join(f"{what}: {lost.since(at_ns)} after the cut" for at_ns, what in seen)
    yield "Metrics of each member by its name: a service with one member missing still answers."
    yield f"The signs of this failure in their order: {order}."
    if {s.outcome.status for s in well} - {"OK"}:
        yield f"A failing name alone does not pick the lost member: before its name was gone {_failed(well, 'the names of pods on other nodes')}."
    yield "Watch for each member whether connections by its name and at its address work, how long they take and who answers. Watch whether its name resolves to its pod's address. Watch Ready against wanted replicas, pods Terminating or Pending for long, and restarts."
    yield "This run did not measure role, replication lag, quorum or the space left on volumes."


def headline(reading: Reading) -> str:
    held(reading, names_outlive_the_node)
    lost = loss(reading)
    longest_ns = max(max(lost.left_dns(pod).values()) for pod in lost.pods)
    gone = f"The names of a lost node's pods left every DNS server that answered {at_most_ns(longest_ns)} after the node was cut off."
    silent = f"{' and '.join(lost.silent)} answered nothing: before the names were gone {lost.unanswered(lost.span[0], lost.kept_until_ns())} for other pods' names got no answer."
    return " ".join([gone, *[silent] * bool(lost.silent), *if_held(reading, stuck_and_never_replaced)])


experiment = Experiment(
    name="node-loss",
    hypothesis="When a node is gone its pods' names stay in DNS until the node is found not ready; its StatefulSet pods stay Terminating and are not replaced until the node is back, or somebody deletes them by force, which can make two pods of one name.",
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
    tables=(Cut, State, Forced, Waited),
    needs=("nodes", "node-commands"),
    uses=("list,get nodes",),
    blast_radius=3,
    timeout_s=400,
    duration_s=110,
    method=method,
)
