"""A web tier, an API tier and a MySQL data tier: who reaches whom, by which name, before, during and after each tier's failure?"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from chaos.experiment import *

from .shared import mysql, reach
from .shared.course import unit_question

STEADY_WITHIN_S = 90
READY_WITHIN_S = 60
PRIMARY, REPLICAS = "data-0", ("data-1", "data-2")
MEMBERS = (PRIMARY, *REPLICAS)
NAMED = tuple(f"{pod}.data" for pod in MEMBERS)
DATA = ("data-primary", "data-replicas", *MEMBERS)
# Target of a connection → its name below the namespace.
NAMES = {to: f"{to}.data" if to in MEMBERS else to for to in ("web", "api", *DATA)}
TIERS = ("web", "api", "data")
# What the design needs, and with the policies nothing else: client tier → targets.
# Who asks for the web tier is outside of all three: a client that connects to its service from before its failure on.
NEEDED = {"web": ("api",), "api": ("data-primary", "data-replicas"), "data": MEMBERS}
ALLOWED = {"web": ("web", "api"), "api": ("web", *DATA), "data": ("web", *DATA)}
ALL = dict.fromkeys(TIERS, tuple(NAMES))
LOOKED_UP = ("data", "data-primary", "data-replicas", *NAMED)
# Name that a MySQL client connects to → who may answer.
ROLES = {"data-primary": {PRIMARY}, "data-replicas": set(REPLICAS), NAMED[1]: {REPLICAS[0]}}
OPEN, POLICIES, END = "without policies", "with policies", "at the end"


class Routing(Answered):
    """Who answered a MySQL client through each name."""


class Lookup(LookedUp):
    """Names looked up in a pod of the web tier."""


class Matrix(reach.Reach):
    """Who reached whom, asked from inside a pod of each tier; what did not work begins with a dash, what says nothing with "?"."""


class Look(reach.Reach):
    """One look at the needed paths while a tier fails."""


class FailureMatrix(Note):
    """The needed paths during each tier's failure, until the pod was back, and after it: how many looks were answered."""

    phase: str
    when: str
    client: str
    looks: dict[str, str]


class Failure(Note):
    """Failures; `step` is "deleted", or "over" when all works again."""

    tier: str
    deleted: str
    step: str


async def method(run: Run) -> None:
    """Deploy all three tiers, show routing, discovery and who reaches whom, apply policies, and fail each tier once."""
    await run.apply("shop-api.yaml")
    await run.apply("shop-web.yaml")
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for tier in ("api", "web"):
        await run.ready_pods(f"tier={tier}", 2, READY_WITHIN_S)
    for pod in REPLICAS:
        await run.objects.patch("Pod", pod, {"metadata": {"labels": {"role": "replica"}}})
    if not await mysql.make_primary(run, NAMED[0]) or not await mysql.replicate(run, NAMED[1:], NAMED[0]):
        return
    for name in ROLES:
        await mysql.sql_answers(run, Routing, name, 40, mysql.APP)
    await mysql.write_and_read(run, "data-primary", ("data-replicas", *NAMED[1:]), "before")
    web = (await asker(run, "web")).pod
    for name in LOOKED_UP if web else ():
        asked = f"{name}.{run.target.namespace}.svc.{run.domain}"
        await nslookup(run, Lookup, web, asked, container="tools")
    await matrix(run, OPEN, ALL)
    await run.apply("shop-policies.yaml")
    await reach.until_kept_out(run, "the policies keep web from data", await asker(run, "web"), NAMES[PRIMARY])
    await matrix(run, POLICIES, ALL)
    run.watch_clients("http", "web", 80)
    for tier in TIERS:
        await fail(run, tier)
    await matrix(run, END, NEEDED)
    for policy in TIERS:
        await run.objects.delete("NetworkPolicy", policy)
    await run.sleep(2.0)
    if await mysql.follow(run, NAMED[1:], "after the primary's replacement"):
        await mysql.write_and_read(run, "data-primary", ("data-replicas", *NAMED[1:]), "after")


async def asker(run: Run, tier: str) -> reach.Asker:
    """The last pod of a tier: the first is the one that is taken away."""
    pods = await run.pods_of(f"tier={tier}")
    return reach.Asker(tier, pods[-1].name if pods else "", container="tools")


async def matrix(run: Run, phase: str, wanted: dict[str, tuple[str, ...]]) -> None:
    """Let one pod of each tier connect to its targets."""
    who = [await asker(run, tier) for tier in wanted]
    hosts = [{target: NAMES[target] for target in targets} for targets in wanted.values()]
    await asyncio.gather(*(reach.ask(run, Matrix, phase, *row) for row in zip(who, hosts, strict=True)))


async def fail(run: Run, tier: str) -> None:
    """Delete a pod of a tier and look at who reaches whom until there is another: for the data tier its primary."""
    pods = run.target.pods if tier == "data" else await run.pods_of(f"tier={tier}")
    back = partial(newcomer, run, pods, f"tier={tier}")
    run.note(Failure(tier, pods[0].name, "deleted"))
    if tier == "data":
        async with run.inject(DeletePod(pods[0], grace_s=run.options.deletion_grace_s)):
            await watch_until(run, tier, back)
            await run.steady_state(within_s=STEADY_WITHIN_S)
    else:
        await run.delete_pod(pods[0])
        await watch_until(run, tier, back)
    run.note(Failure(tier, pods[0].name, "over"))


async def watch_until(run: Run, failing: str, over: Callable[[], Awaitable[object]]) -> None:
    """Let each tier ask for what it needs again and again, until the pod is back and all of it works since then."""
    stop, phase = asyncio.Event(), f"{failing} fails"
    begun = dict.fromkeys(TIERS, 0)
    seen: dict[str, list[dict[str, str]]] = {tier: [] for tier in TIERS}
    back_at: dict[str, int] = {}  # how many looks had begun when the pod was found to be back

    async def keep_looking(tier: str) -> None:
        hosts = {target: NAMES[target] for target in NEEDED[tier]}
        while not stop.is_set():
            begun[tier] += 1
            seen[tier].append(await reach.ask(run, Look, phase, await asker(run, tier), hosts, looks=1))
            await run.sleep(0.4)

    async def whole() -> bool:
        if not back_at and await over():
            back_at.update(begun)
        since = [seen[tier][number:] for tier, number in back_at.items()]
        return bool(since) and all(any(all(map(reach.reached, one.values())) for one in looks) for looks in since)

    async with asyncio.TaskGroup() as group:
        for tier in TIERS:
            group.create_task(keep_looking(tier))
        await run.until(f"all is reached again: {phase}", whole, READY_WITHIN_S)
        stop.set()
    for tier in TIERS:
        # A look that was under way when the pod was found to be back is one of those before.
        during = back_at.get(tier, len(seen[tier]))
        for when, part in (("during", seen[tier][:during]), ("after", seen[tier][during:])):
            run.note(
                FailureMatrix(phase, when, tier, {to: reach.how_many([one[to] for one in part]) for to in NEEDED[tier]})
            )


def under_policies(reading: Reading) -> reach.Policies:
    def allows(_: str, client: str, target: str) -> bool | None:
        # Nobody can keep a pod from itself, and through its own tier's service it may reach itself: that says nothing.
        return True if target in ALLOWED[client] else None if target == client else False

    return reach.policies(reading, Matrix, OPEN, POLICIES, allows=allows)


def failure_ns(reading: Reading, tier: str, step: str) -> int:
    return note(reading, Failure, f"the {tier} tier was not failed", tier=tier, step=step).at_ns


def looks_at(reading: Reading, tier: str, *, its_own: bool) -> dict[str, list[tuple[int, str]]]:
    """Path → (when a look at it was written down, what came of it) while a tier fails; paths to that tier, or the others."""
    found: dict[str, list[tuple[int, str]]] = {}
    for one in notes(reading, Look, phase=f"{tier} fails"):
        for to, said in one.found.items():
            if (tier == ("data" if to in DATA else to)) == its_own:
                found.setdefault(f"{one.client} to {to}", []).append((one.at_ns, said))
    return found


def outages(reading: Reading, tier: str) -> dict[str, tuple[str, int | None]]:
    """Path to a tier → (what came instead of an answer, an upper bound of how long; None: to the end), while it fails."""
    found: dict[str, tuple[str, int | None]] = {}
    for path, looks in looks_at(reading, tier, its_own=True).items():
        said = [one for _, one in looks]
        if bad := [i for i, one in enumerate(said) if reach.refused(one) and not reach.is_lone(said, i)]:
            # A look is written down at its end: the last good one began after the end of the one before it.
            good = [i for i, one in enumerate(said) if reach.reached(one)]
            first = max((i for i in good if i < bad[0]), default=0)
            begun = looks[first - 1][0] if first > 0 else failure_ns(reading, tier, "deleted")
            found[path] = (reach.instead(said[bad[0]]), next((looks[i][0] - begun for i in good if i > bad[-1]), None))
    return found


def silent_paths(reading: Reading, tier: str) -> list[str]:
    """Paths of the looks while a tier fails that were not asked for, or of which a look says nothing."""
    found = []
    for client in NEEDED:
        looks = notes(reading, Look, phase=f"{tier} fails", client=client)
        cells = [(to, said) for one in looks for to, said in one.found.items()] or [("anybody", "? nothing was asked")]
        found += [f"{client} to {to}: {reach.instead(said)}" for to, said in cells if reach.untold(said)]
    return found


def web_failure(reading: Reading) -> tuple[int, int, int]:
    """When a pod of the web tier was deleted, when all worked again, and when all paths were asked for the last time."""
    end = note(reading, Matrix, "nothing was asked at the end", phase=END).at_ns
    return failure_ns(reading, "web", "deleted"), failure_ns(reading, "web", "over"), end


def from_outside(reading: Reading, from_ns: int, to_ns: int) -> list[Outcome]:
    """What became of connections to the web tier's service by a client that is no pod of it."""
    found = [sample.outcome for sample in reading.sampled(from_ns, to_ns, probe="http", record="web:80")]
    need(found, "nobody asked for the service `web` from outside while the web tier failed, or after it")
    return found


def web_outage(reading: Reading) -> Outage | None:
    """The longest stretch in which the web tier could not be reached from outside while it failed, seen to its end."""
    begun, over, end = web_failure(reading)
    found = []
    for series in reading.series_of(probe="http", record="web:80"):
        one = outage(reading, series, begun, over)
        found.append(outage(reading, series, begun, end) if one and one.ended.before_ns is None else one)
    return max((one for one in found if one), key=lambda one: one.length_ns.after_ns, default=None)


@checker("report.md: Measured")
def tiers_are_connected(reading: Reading) -> Iterator[Finding]:
    """Before anything fails every path that the design needs works."""
    yield from reach.open_paths(reach.paths(reading, Matrix, OPEN), NEEDED)
    needed = count(sum(map(len, NEEDED.values())), "path")
    yield holds(f"All {needed} that the design needs were open, asked from inside a pod of each tier.")


@checker("report.md: Measured")
def routing_is_by_role(reading: Reading) -> Iterator[Finding]:
    """data-primary leads to the primary alone, data-replicas to replicas alone, and a row written through one is read through the other."""
    for name, wanted in ROLES.items():
        one = note(reading, Routing, f"MySQL was not asked through {name}", asked=name)
        if not set(one.reached) <= wanted:
            yield against(f"{name} led to {', '.join(one.reached)}")
        elif not one.reached:
            yield against_if(one.heard, f"nobody answered through {name}")
        yield holds(f"Of {count(one.connections, 'connection')} through {name}: {one.told()}.")
    yield from mysql.row_arrives(reading, "before", "no row was written")


@checker("report.md: Measured")
def names_are_found(reading: Reading) -> Iterator[Finding]:
    """In a pod of the web tier each name of the data tier resolves: services to one address, the governing one to all members."""
    asked = lookups(reading)
    for name, one in asked.items():
        if not one.addresses:
            yield against(f"{name} did not resolve") if one.denied else unsure(f"{name}: {one.status}")
        elif len(one.addresses) > 1 and name != "data":
            yield against(f"{name} is {', '.join(one.addresses)}")
    members, own = asked["data"].addresses, sorted(a for pod in NAMED for a in asked[pod].addresses)
    if all(one.addresses for one in asked.values()) and sorted(members) != own:
        yield against(f"data is {', '.join(members)}, its members are {', '.join(own)}")
    yield holds(f"All {count(len(asked), 'name')} resolved in a pod of the web tier.")
    yield holds(f"`data` has the addresses of its {count(len(own), 'member')}.")


def lookups(reading: Reading) -> dict[str, Lookup]:
    """Name → what the pod of the web tier was told of it."""
    below = f".{reading.meta.target['namespace']}.svc.{reading.meta.target['domain']}"
    return {name: note(reading, Lookup, f"{name} was not looked up", asked=name + below) for name in LOOKED_UP}


@checker("report.md: Measured")
def policies_hold_or_not(reading: Reading) -> Iterator[Finding]:
    """What the policies allow works, and what they forbid is blocked everywhere; `unknown` where nothing enforces them."""
    found = under_policies(reading)
    yield from found.findings()
    blocked = count(len(found.blocked), "forbidden path")
    yield holds(f"This cluster enforces NetworkPolicies: {blocked} were blocked ({found.proof}).")
    yield holds(f"All {count(found.allowed, 'allowed path')} went through.")


@checker("report.md: Measured", "observations.jsonl")
def failures_heal(reading: Reading) -> Iterator[Finding]:
    """After a pod of each tier was deleted every path that the design needs works again, and replication goes on."""
    for tier in TIERS:
        failure_ns(reading, tier, "over")
    begun, over, end = web_failure(reading)
    from_outside(reading, begun, over)
    yield from reach.open_paths(reach.paths(reading, Matrix, END), NEEDED)
    web = from_outside(reading, over, end)
    good, told = sum(one.status == "OK" for one in web), any(one.says_something for one in web)
    if not good:
        clause = f"none of {count(len(web), 'connection')} through the service web succeeded after that"
        yield against(clause) if told else unsure(f"{clause}, and none of their failures says why")
    yield holds("After a pod of each tier had been deleted all needed paths worked.")
    yield holds(f"{out_of(good, len(web), 'connection')} through the service `web` succeeded after its tier's failure.")
    yield from mysql.row_arrives(reading, "after", "no row was written at the end")


def connected(reading: Reading) -> Iterator[str]:
    held(reading, tiers_are_connected)
    before = reach.paths(reading, Matrix, OPEN)
    needed = (f"{tier} to {to} ({before[tier, to]} answered)" for tier, targets in NEEDED.items() for to in targets)
    yield f"All needed paths were open, over HTTP from one pod of each tier: {', '.join(needed)}."
    yield forbidden(reading)


def forbidden(reading: Reading) -> str:
    """What became of the paths that the policies forbid."""
    found = under_policies(reading)
    if found.enforced is not False:
        return policies_hold_or_not(reading).text
    through = f"{'' if found.unknown else 'all '}{count(len(found.through), 'forbidden path')}"
    return f"This cluster does not enforce NetworkPolicies: {through} worked too, although the objects are there."


def routed(reading: Reading) -> Iterator[str]:
    yield f"A MySQL client asked who answers. {held(reading, routing_is_by_role)}"
    yield f"Replicas follow their source as {NAMED[0]}, by name."


def discovered(reading: Reading) -> Iterator[str]:
    held(reading, names_are_found)
    told = (f"{name} is {', '.join(one.addresses)}" for name, one in lookups(reading).items())
    yield f"Looked up in a pod of the web tier: {'; '.join(told)}."
    found, names = under_policies(reading), ", ".join(DATA)
    blocked, through = (sum(p.startswith("web to data") for p in ps) for ps in (found.blocked, found.through))
    if found.enforced:
        yield f"The policies blocked {out_of(blocked, len(DATA), 'path')} from the web tier to {names}, each in {count(reach.LOOKS, 'look')}. So a name that resolves may lead nowhere."
    elif found.enforced is False:
        yield f"The policies forbid the web tier the data tier, and {out_of(through, len(DATA), 'path')} to {names} went through. So here the policies kept none of these out."


def failed(reading: Reading) -> Iterator[str]:
    for tier in TIERS:
        gone = note(reading, Failure, f"the {tier} tier was not failed", tier=tier, step="deleted")
        silent = silent_paths(reading, tier)
        yield f"{gone.deleted} of the {tier} tier was deleted."
        for path, (what, length) in outages(reading, tier).items():
            yield f"The path {path} failed for {'the rest of the time' if length is None else at_most_ns(length)} ({what})."
        yield from tries(reading, tier)
        yield f"{count(len(silent), 'time')} a look says nothing ({silent[0]})." if silent else ""
        yield outside(reading) if tier == "web" else ""
    yield "fault-took-effect judges the deletion in the data tier alone. failures-heal judges what all three left."
    yield from if_held(reading, failures_heal)


def tries(reading: Reading, tier: str) -> Iterator[str]:
    """How many single looks were answered while a tier failed, at paths to it and at those that it cannot break."""
    for to, its_own in ((f"the {tier} tier", True), ("the other tiers", False)):
        said = [(path, one) for path, found in looks_at(reading, tier, its_own=its_own).items() for _, one in found]
        good, lost = sum(reach.reached(one) for _, one in said), outages(reading, tier)
        bad = [f"{path}: {reach.instead(one)}" for path, one in said if reach.refused(one) and path not in lost]
        if said:
            yield f"{out_of(good, len(said), 'look')} at needed paths to {to} were answered{f' ({bad[0]})' if bad else ''}."


def outside(reading: Reading) -> str:
    """What a client of the web tier's service saw while one of its pods was replaced."""
    try:
        found = Counter(one.told for one in from_outside(reading, *web_failure(reading)[:2]))
        longest = web_outage(reading)
    except UnmeasuredError as exc:
        return f"Not measured: {exc}."
    asked = f"Of {count(found.total(), 'connection')} from outside through the service `web`"
    bad = [f"{count(n)} {said}" for said, n in found.most_common() if said != "OK"]
    if not bad or longest is None:
        return f"{asked} none failed."
    length = longest.length_ns
    stretch = "and then none succeeded" if length.before_ns is None else f"at a stretch for {between(length)}"
    return f"{asked} {count(found.total() - found['OK'])} failed ({', '.join(bad)}), {stretch}."


def decided(reading: Reading) -> Iterator[str]:
    held(reading, routing_is_by_role)
    _, length = outages(reading, "data").get("api to data-primary", ("", None))
    away = "no end of an outage was seen here" if length is None else f"its outage lasted {at_most_ns(length)} here"
    yield from (
        "Web and API are Deployments with a regular service each, since their pods are interchangeable.",
        "The data tier is a StatefulSet with three services. The headless `data` gives members the names by which they replicate.",
        "`data-primary` selects member 0 by its name's label. `data-replicas` selects a label that replicas are given.",
        f"The primary is a fixed ordinal: nothing elects one, and while it is away data-primary leads nowhere ({away}). No write was tried meanwhile.",
        "A failover has to change the selector of `data-primary`, since the label that it selects is the StatefulSet controller's; it takes an operator.",
        "The label role=replica ends with its pod, so a replaced replica gets no reads until somebody labels it again.",
        "The unit selects all members, which needs no label and sends reads to the primary too.",
        "Names without a namespace keep manifests portable; clients elsewhere need data-primary.NAMESPACE.",
        "Policies name tiers by labels, not addresses.",
    )
    yield {
        True: "They are enforced on this cluster.",
        False: "Nothing enforces them on this cluster.",
        None: "Whether this cluster enforces them was not clearly seen.",
    }[under_policies(reading).enforced]


def cost_of(reading: Reading, tier: str) -> str:
    """What the deletion of its pod cost the paths to a tier: the longest that one of them failed."""
    lengths = [length for _, length in outages(reading, tier).values()]
    lengths += [one.length_ns.before_ns for one in (web_outage(reading),) if one and tier == "web"]
    need(None not in lengths and not silent_paths(reading, tier), "how long was not seen")
    longest = max((length for length in lengths if length is not None), default=None)
    if longest is None:
        return f"no outage of the {tier} tier was seen"
    return f"a path to the {tier} tier failed for {at_most_ms(longest)}"


def headline(reading: Reading) -> str:
    held(reading, tiers_are_connected)
    held(reading, routing_is_by_role)
    costs = ", ".join(where_measured(lambda: [cost_of(reading, tier) for tier in TIERS]))
    cost = "The answers say what the deletion of a pod of each cost."
    if costs and failures_heal(reading).outcome == "ok":
        cost = f"A pod of each was deleted in turn: {costs}. All needed paths worked again."
    return f"All {count(sum(map(len, NEEDED.values())), 'needed path')} worked. {forbidden(reading)} {cost}"


experiment = Experiment(
    name="multi-tier",
    hypothesis="Three tiers with a service for each way of being used reach each other by name as designed, route writes and reads by role, and are whole again after a pod of each tier failed.",
    workload=Workload(manifests=("shop-data.yaml",), statefulset="data", service="data", port=80),
    probes=("dns",),
    checkers=(
        *OF_REPLACEMENT,
        tiers_are_connected,
        routing_is_by_role,
        names_are_found,
        policies_hold_or_not,
        failures_heal,
    ),
    questions=(
        unit_question("tiers-connected", connected),
        unit_question("tiers-routing", routed),
        unit_question("tiers-discovery", discovered),
        unit_question("tiers-failures", failed),
        unit_question("tiers-decisions", decided, "experiments/manifests/shop-*.yaml", "report.md: Measured"),
    ),
    headline=headline,
    tables=(
        Routing,
        mysql.Replication,
        mysql.WriteRead,
        Lookup,
        Matrix,
        FailureMatrix,
        Failure,
        mysql.SqlFailed,
        Waited,
    ),
    needs=("exec", "reach"),
    uses=("create,delete networkpolicies.networking.k8s.io", "patch pods", "get,create pods/exec"),
    duration_s=100,
    method=method,
    options=("grace", "force", "connect-period"),
)
