"""A web tier, an API tier and a MySQL data tier: who reaches whom, by which name, before, during and after each tier's failure?"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from chaos.experiment import (
    DeletePod,
    Experiment,
    Fact,
    PodIdentity,
    Reading,
    Run,
    Verdict,
    Workload,
    combine,
    fact,
    facts,
    ms,
    seconds,
)

from .shared.course import unit_question
from .shared.mysql import APP, PORT, follow, make_primary, replicate, write_and_read

STEADY_WITHIN_S = 90
READY_WITHIN_S = 60
SETTLE_S = 2.0
CONNECTIONS = 40
PRIMARY, REPLICAS = "data-0", ("data-1", "data-2")
MEMBERS = (PRIMARY, *REPLICAS)
NAMED = tuple(f"{pod}.data" for pod in MEMBERS)
# Target of a connection → its name below the namespace.
NAMES = {
    "web": "web",
    "api": "api",
    "data-primary": "data-primary",
    "data-replicas": "data-replicas",
    **{pod: f"{pod}.data" for pod in MEMBERS},
}
TIERS = ("web", "api", "data")
DATA = ("data-primary", "data-replicas", *MEMBERS)
# What the design needs, and with the policies nothing else: client tier → targets.
# Who asks for the web tier is outside of all three: a client that connects to its service from before its failure on.
NEEDED = {"web": ("api",), "api": ("data-primary", "data-replicas"), "data": MEMBERS}
ALLOWED = {"web": ("web", "api"), "api": ("web", *DATA), "data": ("web", *DATA)}
DURING = tuple(target for targets in NEEDED.values() for target in targets)
LOOKED_UP = ("data", "data-primary", "data-replicas", *NAMED)
PERIOD_S = 0.4
# Far longer than a lookup and a connection take, so that a busy machine is no outage.
ANSWER_WITHIN_S = 3
_OVER = (143, 124)
# `timeout` and not wget's -T, with which some builds of busybox crash. It ends wget with 143; then nobody answered.
_SCRIPT = "for host in {hosts}; do if found=$(timeout {within} wget -q -O - http://$host/ 2>&1); then echo $host OK $found; else echo $host NO $? $found; fi; done"


async def method(run: Run) -> None:
    """Deploy all three tiers, show routing, discovery and who reaches whom, apply policies, and fail each tier once."""
    await run.apply("shop-api.yaml")
    await run.apply("shop-web.yaml")
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for tier in ("api", "web"):
        await run.ready_pods(f"tier={tier}", 2, READY_WITHIN_S)
    for pod in REPLICAS:
        await run.objects.patch("Pod", pod, {"metadata": {"labels": {"role": "replica"}}})
    if not await make_primary(run, NAMED[0]) or not await replicate(run, NAMED[1:], NAMED[0]):
        return
    await routing(run)
    await write_and_read(run, "data-primary", ("data-replicas", *NAMED[1:]), "before", "write-read")
    await discovery(run)
    await matrix(run, "without policies", everything())
    await run.apply("shop-policies.yaml")
    await run.sleep(SETTLE_S)
    await matrix(run, "with policies", everything())
    run.watch_clients("http", "web", 80)
    for tier in ("web", "api"):
        await fail_stateless(run, tier)
    await fail_primary(run)
    await matrix(run, "at the end", NEEDED)
    for policy in TIERS:
        await run.objects.delete("NetworkPolicy", policy)
    await run.sleep(SETTLE_S)
    if await follow(run, NAMED[1:], "after the primary's replacement"):
        await write_and_read(run, "data-primary", ("data-replicas", *NAMED[1:]), "after", "write-read")


def everything() -> dict[str, tuple[str, ...]]:
    return {tier: tuple(NAMES) for tier in TIERS}


async def routing(run: Run) -> None:
    """Who answers a real MySQL client through each service."""
    for name in ("data-primary", "data-replicas", NAMED[1]):
        outcomes = await run.clients.sample("mysql", name, PORT, CONNECTIONS, APP, period_s=0.02)
        counts = Counter(o.values[0] if o.status == "OK" else f"{o.status} ({o.phase})" for o in outcomes)
        run.mark("routing", through=name, connections=len(outcomes), answered=dict(counts.most_common()))


async def discovery(run: Run) -> None:
    """Look the data tier's names up in a pod of the web tier."""
    pods = await run.pods_of("tier=web")
    if not pods:
        return
    for name in LOOKED_UP:
        asked = f"{name}.{run.target.namespace}.svc.{run.domain}"
        done = await run.objects.exec(pods[0].name, ["nslookup", asked], container="tools")
        run.mark("lookup", pod=pods[0].name, asked=name, code=done.code, addresses=addresses_in(done.stdout))


def addresses_in(said: str) -> list[str]:
    """What nslookup found: the addresses behind the server's own."""
    answer = said.partition("Name:")[2]
    lines = (line.strip() for line in answer.splitlines())
    return sorted({line.split()[-1] for line in lines if line.startswith("Address")})


async def matrix(run: Run, phase: str, wanted: dict[str, tuple[str, ...]]) -> dict[tuple[str, str], str]:
    """Let one pod of each tier connect to its targets; a fact for each tier: who answered, or what came instead."""
    found = await asyncio.gather(*(row(run, phase, tier, targets) for tier, targets in wanted.items()))
    return {(tier, target): said for tier, cells in zip(wanted, found, strict=True) for target, said in cells.items()}


async def row(run: Run, phase: str, tier: str, targets: tuple[str, ...], *, kind: str = "matrix") -> dict[str, str]:
    pods = await run.pods_of(f"tier={tier}")
    # The last one: the first of a tier is the one that is taken away.
    pod = pods[-1] if pods else None
    cells = dict.fromkeys(targets, "? no pod to ask from")
    if pod is not None:
        cells = await asked(run, pod.name, targets)
        # One lost packet is no closed path: what is allowed and was not answered is asked for again.
        again = tuple(t for t in targets if kind == "matrix" and t in ALLOWED[tier] and not reached(cells[t]))
        cells |= await asked(run, pod.name, again) if again else {}
    run.mark(kind, phase=phase, client=tier, pod=pod.name if pod else "", **{t: cells.get(t, "") for t in NAMES})
    return cells


async def asked(run: Run, pod: str, targets: tuple[str, ...]) -> dict[str, str]:
    """Let a pod ask each target once."""
    script = _SCRIPT.format(within=ANSWER_WITHIN_S, hosts=" ".join(NAMES[target] for target in targets))
    done = await run.objects.exec(pod, ["sh", "-c", script], container="tools")
    answers = read_answers(done.stdout)
    return {target: answers.get(NAMES[target], "? the script did not say") for target in targets}


def read_answers(said: str) -> dict[str, str]:
    """Host → the pod that answered, or why none did."""
    found = {}
    for line in said.splitlines():
        host, _, rest = line.partition(" ")
        fine, _, text = rest.partition(" ")
        if fine == "OK":
            found[host] = text.removeprefix("Hello from ").strip()
        elif fine == "NO":
            code, _, why = text.partition(" ")
            found[host] = _why_not(int(code), why.strip())
    return found


def _why_not(code: int, why: str) -> str:
    """What a look found that reached nobody; a wget that could not do its work says nothing about the path."""
    if code in _OVER:
        return f"- no answer within {ANSWER_WITHIN_S} s"
    return "- " + why.removeprefix("wget: ") if why.startswith("wget: ") else f"? wget ended with {code}"


async def fail_stateless(run: Run, tier: str) -> None:
    """Delete a pod of a Deployment and look at who reaches whom until there is another."""
    pods = await run.pods_of(f"tier={tier}")
    run.mark("failure", tier=tier, deleted=pods[0].name, step="deleted")
    await run.delete_pod(pods[0])
    known = {pod.name for pod in pods}

    async def replaced() -> bool:
        now = await run.pods_of(f"tier={tier}")
        return len(now) >= len(pods) and any(pod.name not in known for pod in now)

    await watch_until(run, f"{tier} fails", replaced)
    run.mark("failure", tier=tier, deleted=pods[0].name, step="over")


async def fail_primary(run: Run) -> None:
    """Delete the data tier's primary and look at who reaches whom until it is back."""
    old: PodIdentity = run.target.pods[0]
    run.mark("failure", tier="data", deleted=old.name, step="deleted")

    async def back() -> bool:
        return any(pod.name == old.name and pod.uid != old.uid for pod in await run.pods_of("tier=data"))

    async with run.inject(DeletePod(old, grace_s=run.options.deletion_grace_s)):
        await watch_until(run, "data fails", back)
        await run.steady_state(within_s=STEADY_WITHIN_S)
    run.mark("failure", tier="data", deleted=old.name, step="over")


async def watch_until(run: Run, phase: str, over: Callable[[], Awaitable[bool]]) -> None:
    """Let each tier ask for what it needs again and again, until the pod is back and all of it works since then."""
    stop = asyncio.Event()
    looks = dict.fromkeys(TIERS, 0)
    last_good = dict.fromkeys(TIERS, 0)  # number of the tier's last look in which everything answered
    seen: dict[str, list[dict[str, str]]] = {tier: [] for tier in TIERS}

    async def keep_looking(tier: str) -> None:
        while not stop.is_set():
            number = looks[tier] = looks[tier] + 1
            found = await row(run, phase, tier, NEEDED[tier], kind="look")
            seen[tier].append(found)
            if all(reached(said) for said in found.values()):
                last_good[tier] = number
            await run.sleep(PERIOD_S)

    back_at: dict[str, int] = {}

    async def whole() -> bool:
        if not back_at and await over():
            back_at.update(looks)
        return bool(back_at) and all(last_good[tier] > number for tier, number in back_at.items())

    async with asyncio.TaskGroup() as group:
        for tier in TIERS:
            group.create_task(keep_looking(tier))
        await run.until(f"all is reached again: {phase}", whole, READY_WITHIN_S)
        stop.set()
    for tier in TIERS:
        # A look that was under way when the pod was found to be back is one of those before.
        during = back_at.get(tier, len(seen[tier]))
        for when, part in (("during", seen[tier][:during]), ("after", seen[tier][during:])):
            told = {target: how_many_reached([one[target] for one in part]) for target in NEEDED[tier]}
            run.mark("failure-matrix", phase=phase, when=when, client=tier, **{t: told.get(t, "") for t in DURING})


def how_many_reached(said: list[str]) -> str:
    """How many of a path's looks somebody answered, and what came first instead."""
    other = [one.removeprefix("- ") for one in said if not reached(one)]
    return f"{len(said) - len(other)} of {len(said)}" + (f" ({other[0]})" if other else "")


# ---- what the run shows ----


def cells(reading: Reading, phase: str) -> dict[tuple[str, str], str]:
    """(client tier, target) → who answered, at the last look of a phase; without targets that were not asked."""
    found: dict[tuple[str, str], str] = {}
    for one in facts(reading, "matrix", phase=phase):
        found.update({(one["client"], target): one[target] for target in NAMES if one.get(target)})
    return found


def reached(said: str) -> bool:
    """Whether somebody answered."""
    return bool(said) and not said.startswith(("-", "?"))


def untold(found: dict[tuple[str, str], str]) -> list[str]:
    """Looks that say nothing about their paths."""
    return [f"{tier} to {target}: {said[2:]}" for (tier, target), said in found.items() if said.startswith("?")]


def refused(said: str) -> bool:
    """Whether the path was tried and nobody answered."""
    return said.startswith("-")


def forbidden(reading: Reading) -> tuple[list[str], list[str]]:
    """Paths that the policies forbid: those that were blocked, and those that went through all the same."""
    after = cells(reading, "with policies")
    # Nobody can keep a pod from itself, and through its own tier's service it may reach itself: that says nothing.
    paths = {
        f"{tier} to {target}": said
        for (tier, target), said in after.items()
        if target not in ALLOWED[tier] and target != tier
    }
    return [p for p, said in paths.items() if refused(said)], [p for p, said in paths.items() if reached(said)]


def outages(reading: Reading, phase: str) -> dict[str, tuple[str, int | None]]:
    """Path → (what came instead of an answer, an upper bound of how long; None: to the end), of a failing tier."""
    found: dict[str, tuple[str, int | None]] = {}
    for tier, targets in NEEDED.items():
        looks = facts(reading, "look", phase=phase, client=tier)
        for target in targets:
            bad = [i for i, one in enumerate(looks) if refused(one[target])]
            if bad:
                # A look is written down at its end: the last good one began after the end of the one before it.
                good = [i for i, one in enumerate(looks) if reached(one[target])]
                first = max((i for i in good if i < bad[0]), default=0)
                begun = looks[first - 1].at_ns if first > 0 else _deleted_ns(reading, phase)
                over = next((looks[i].at_ns for i in good if i > bad[-1]), None)
                length = None if over is None or begun is None else over - begun
                found[f"{tier} to {target}"] = (looks[bad[0]][target].removeprefix("- "), length)
    return found


def _deleted_ns(reading: Reading, phase: str) -> int | None:
    found = fact(reading, "failure", tier=phase.partition(" ")[0], step="deleted")
    return None if found is None else found.at_ns


def unheard(reading: Reading, phase: str) -> list[str]:
    """Paths of a failing tier's looks that were not asked for, or of which a look says nothing."""
    found = []
    for tier, targets in NEEDED.items():
        looks = facts(reading, "look", phase=phase, client=tier)
        found += [] if looks else [f"{tier}: nothing was asked"]
        found += untold({(tier, target): one[target] for one in looks for target in targets})
    return found


def outside(reading: Reading, from_ns: int, to_ns: int) -> list[tuple[int, int, str]]:
    """Connections to the web tier's service by a client that is no pod of it: (sent, received, what became of it)."""
    found = []
    for series in reading.series:
        if series.probe == "http" and series.record == "web:80":
            for sample in reading.samples(series, from_ns, to_ns):
                outcome = sample.outcome
                said = "OK" if outcome.status == "OK" else f"{outcome.status} ({outcome.phase})"
                found.append((sample.sent_ns, sample.received_ns, said))
    return sorted(found)


def while_web_failed(reading: Reading) -> list[tuple[int, int, str]]:
    """Those of them from the deletion of a pod of the web tier until it was replaced and all worked."""
    begun, over = (fact(reading, "failure", tier="web", step=step) for step in ("deleted", "over"))
    return [] if begun is None or over is None else outside(reading, begun.at_ns, over.at_ns)


def since_web_failed(reading: Reading) -> list[tuple[int, int, str]]:
    """Those of them after that, until the last look at all paths."""
    over, end = fact(reading, "failure", tier="web", step="over"), fact(reading, "matrix", phase="at the end")
    return [] if over is None or end is None else outside(reading, over.at_ns, end.at_ns)


def web_outage_ns(reading: Reading) -> int | None:
    """An upper bound of how long the web tier could not be reached from outside at a stretch; None: to the end, or not asked."""
    begun, rows = fact(reading, "failure", tier="web", step="deleted"), while_web_failed(reading)
    if begun is None or not rows:
        return None
    longest, last_good_ns, failing = 0, begun.at_ns, False
    # The first success afterwards ends what still failed.
    after = [row for row in since_web_failed(reading) if row[2] == "OK"][:1]
    for sent_ns, received_ns, said in [*rows, *after]:
        if said == "OK":
            longest = max(longest, received_ns - last_good_ns) if failing else longest
            last_good_ns = sent_ns
        failing = said != "OK"
    return None if failing else longest


# ---- what must hold ----


def tiers_are_connected(reading: Reading) -> Verdict:
    """Before anything fails every path that the design needs works."""
    name = "tiers-are-connected"
    before = cells(reading, "without policies")
    failures = [
        f"{tier} to {target}: {before[tier, target]}"
        for tier, targets in NEEDED.items()
        for target in targets
        if refused(before.get((tier, target), ""))
    ]
    missing = [(t, x) for t, xs in NEEDED.items() for x in xs if (t, x) not in before]
    unknowns = [f"{tier} to {target} was not tried" for tier, target in missing] + untold(before)
    count = sum(map(len, NEEDED.values()))
    success = f"All {count} paths that the design needs were open, asked from inside a pod of each tier."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def routing_is_by_role(reading: Reading) -> Verdict:
    """data-primary leads to the primary alone, data-replicas to replicas alone, and a row written through one is read through the other."""
    name = "routing-is-by-role"
    by_name = {one["through"]: one["answered"] for one in facts(reading, "routing")}
    read = [one for one in facts(reading, "write-read") if one["row"] == "before"]
    if len(by_name) < 3 or not read:  # noqa: PLR2004 - two services and one member
        return combine(name, failures=(), unknowns=("MySQL was not asked through all names",), success="", evidence=())
    wanted = {"data-primary": {PRIMARY}, "data-replicas": set(REPLICAS), NAMED[1]: {REPLICAS[0]}}
    # A connection that nobody answered in time says nothing about where the name leads.
    led = {through: {who: n for who, n in answered.items() if not silent(who)} for through, answered in by_name.items()}
    failures = [
        f"{through} led to {', '.join(answered)}"
        for through, answered in led.items()
        if not set(answered) <= wanted[through]
    ]
    unknowns = [f"nobody answered through {through}" for through, answered in led.items() if not answered]
    failures += [f"the row was not read at {one['read']}" for one in read if one.get("before_ms") is None]
    success = (
        f"{_count(by_name['data-primary'])} through data-primary, {_count(by_name['data-replicas'])} through data-replicas; a row written through "
        f"data-primary was read at each of {len(read)} other names within {max(one['before_ms'] or 0 for one in read):.0f} ms."
    )
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def silent(who: str) -> bool:
    """Whether a connection had no answer in time, so that nobody knows where it led."""
    return who.startswith("TIMEOUT")


def _count(answered: dict[str, int]) -> str:
    lost = sum(n for who, n in answered.items() if silent(who))
    told = [f"{n} connections to {who}" for who, n in sorted(answered.items()) if not silent(who)]
    return ", ".join([*told, *([f"{lost} without an answer in time"] if lost else [])])


def names_are_found(reading: Reading) -> Verdict:
    """In a pod of the web tier each name of the data tier resolves: services to one address, the governing one to all members."""
    name = "names-are-found"
    asked = {one["asked"]: one for one in facts(reading, "lookup")}
    unknowns = [f"{wanted} was not looked up" for wanted in LOOKED_UP if wanted not in asked]
    failures = [f"{wanted} did not resolve" for wanted, one in asked.items() if one["code"] or not one["addresses"]]
    members = asked.get("data")
    if members is not None and not failures:
        own = sorted(address for pod in NAMED if pod in asked for address in asked[pod]["addresses"])
        if members["addresses"] != own:
            failures.append(f"data is {', '.join(members['addresses'])}, its members are {', '.join(own)}")
    success = f"All {len(asked)} names resolved in a pod of the web tier; `data` is the addresses of its {len(MEMBERS)} members."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def policies_hold_or_not(reading: Reading) -> Verdict:
    """What the policies allow works, and what they forbid is blocked everywhere, or, where nothing enforces them, nowhere."""
    name = "policies-hold-or-not"
    after = cells(reading, "with policies")
    if not after:
        return combine(name, failures=(), unknowns=("they were not tried",), success="", evidence=())
    failures = [
        f"{tier} to {target} is allowed, and was {said.removeprefix('- ')}"
        for (tier, target), said in after.items()
        if target in ALLOWED[tier] and refused(said)
    ]
    blocked, through = forbidden(reading)
    if blocked and through:
        failures.append(f"of the forbidden paths {', '.join(blocked)} were blocked and {', '.join(through)} were not")
    unknowns = untold(after) if blocked or through else ["no forbidden path was tried"]
    success = (
        f"This cluster enforces NetworkPolicies: all {len(blocked)} forbidden paths were blocked, and all that is allowed went through."
        if blocked
        else f"This cluster does not enforce NetworkPolicies: all {len(through)} forbidden paths went through although the objects are there."
    )
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def failures_heal(reading: Reading) -> Verdict:
    """After a pod of each tier was deleted every path that the design needs works again, and replication goes on."""
    name = "failures-heal"
    over = {one["tier"] for one in facts(reading, "failure", step="over")}
    unknowns = [f"the {tier} tier was not failed" for tier in TIERS if tier not in over]
    unknowns += [] if while_web_failed(reading) else ["nobody asked for web while it failed"]
    web = since_web_failed(reading)
    good = sum(said == "OK" for _, _, said in web)
    unknowns += [] if web else ["nobody asked for web after it had failed"]
    end = cells(reading, "at the end")
    unknowns += untold(end) if end else ["nothing was asked at the end"]
    failures = [
        f"{tier} to {target}: {said.removeprefix('- ')}" for (tier, target), said in end.items() if refused(said)
    ]
    failures += (
        [f"none of {len(web)} connections through the service web succeeded after that"] if web and not good else []
    )
    after = [one for one in facts(reading, "write-read") if one["row"] == "after"]
    unknowns += [] if after else ["no row was written at the end"]
    failures += [
        f"a row written after the failures was not read at {one['read'] or 'any replica'}"
        for one in after
        if one.get("before_ms") is None
    ]
    success = (
        f"After a pod of each tier had been deleted all {len(end)} needed paths worked, {good} of {len(web)} connections through the "
        f"service `web` since its failure succeeded, and a row written through data-primary was read at {len(after)} other "
        f"names within {max((one.get('before_ms') or 0 for one in after), default=0):.0f} ms."
    )
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


# ---- the unit's criteria ----


def connected(reading: Reading) -> str:
    before = cells(reading, "without policies")
    if not before or tiers_are_connected(reading).outcome != "ok":
        return ""
    paths = [f"{tier} to {t} ({before[tier, t]} answered)" for tier, targets in NEEDED.items() for t in targets]
    return (
        f"Deployed and connected: asked over HTTP from inside one pod of each tier, {', '.join(paths)}. "
        + policies_hold_or_not(reading).summary
    )


def routed(reading: Reading) -> str:
    if routing_is_by_role(reading).outcome != "ok":
        return ""
    direct: Fact | None = fact(reading, "routing", through=NAMED[1])
    return (
        f"A real MySQL client was answered like this: {routing_is_by_role(reading).summary} "
        + (f"By a member's own name, {NAMED[1]}: {_count(direct['answered'])}. " if direct else "")
        + f"Replicas follow their source as {NAMED[0]}, by name."
    )


def discovered(reading: Reading) -> str:
    asked = {one["asked"]: one for one in facts(reading, "lookup")}
    if names_are_found(reading).outcome != "ok":
        return ""
    told = "; ".join(f"{name} is {', '.join(one['addresses'])}" for name, one in asked.items())
    blocked, through = forbidden(reading)
    web = [path for path in blocked if path.startswith("web to data")]
    note = (
        f" Finding is not reaching: with the policies in place the web tier still finds these names, and {len(web)} of {len(DATA)} connections to "
        "them were blocked."
        if web
        else f" The policies that should keep the web tier from the data tier were in place, and {len([path for path in through if path.startswith('web')])} of {len(DATA)} connections went "
        "through: on this cluster finding a name is enough to use it."
        if through
        else ""
    )
    return f"Looked up in a pod of the web tier: {told}.{note}"


def failed(reading: Reading) -> str:
    parts = []
    for tier in TIERS:
        gone = fact(reading, "failure", tier=tier, step="deleted")
        if gone is None:
            return ""
        looks = len(facts(reading, "look", phase=f"{tier} fails"))
        lost = outages(reading, f"{tier} fails")
        told = ", ".join(
            f"{path} failed for {'at most ' + seconds(length) if length is not None else 'the rest of the time'} ({instead})"
            for path, (instead, length) in lost.items()
        )
        silent = unheard(reading, f"{tier} fails")
        if not told:
            whole = f"in {looks} looks none of the {len(DURING)} needed paths "
            told = whole + ("was seen to fail" if silent else "failed")
        told += f" ({len(silent)} times a look says nothing: {silent[0]})" if silent else ""
        parts.append(f"{gone['deleted']} ({tier} tier) deleted: {told}{from_outside(reading) if tier == 'web' else ''}")
    verdict = failures_heal(reading)
    return f"{'. '.join(parts)}. {verdict.summary if verdict.outcome == 'ok' else ''}".strip()


def from_outside(reading: Reading) -> str:
    """What a client of the web tier's service saw while one of its pods was replaced."""
    found = Counter(said for _, _, said in while_web_failed(reading))
    if not found:
        return "; nobody asked for the service `web` meanwhile"
    bad = [f"{n} {said}" for said, n in found.most_common() if said != "OK"]
    if not bad:
        return f", and of {found.total()} connections from outside through the service `web` none failed"
    longest = web_outage_ns(reading)
    return (
        f", and of {found.total()} connections from outside through the service `web` {found.total() - found['OK']} failed ({', '.join(bad)}), "
        + (f"at a stretch for at most {seconds(longest)}" if longest is not None else "and then none succeeded")
    )


def decided(reading: Reading) -> str:
    if routing_is_by_role(reading).outcome != "ok":
        return ""
    lost = outages(reading, "data fails").get("api to data-primary")
    writes = (
        "was not seen to fail here"
        if lost is None or lost[1] is None
        else f"could not be reached for at most {seconds(lost[1])} here"
    )
    blocked, _ = forbidden(reading)
    return (
        "Web and API are Deployments behind one regular service each: their pods are interchangeable, and a service that drops a pod as soon as it ends "
        "is all the discovery they need. The data tier is a StatefulSet with three services: the headless `data` gives members the names by which they "
        "replicate; `data-primary` selects member 0 by its name's label, so that writers know one name; `data-replicas` selects a label that replicas are "
        "given. Trade-offs: the primary is a fixed ordinal, so nothing has to elect one, and while it is away nobody takes writes "
        f"(data-primary {writes}); shorter needs a failover that moves the label, which is an operator's work. The label role=replica ends "
        "with its pod, so a replaced replica gets no reads until somebody labels it again; selecting all members, as the unit does, needs no label "
        "and sends reads to the primary. Names without a namespace keep manifests portable; clients elsewhere need data-primary.NAMESPACE. "
        "Policies name tiers, not addresses: who may write is a matter of labels. "
        + (
            "They are enforced on this cluster."
            if blocked
            else "On this cluster nothing enforces them, so they protect nothing here."
        )
    )


def headline(reading: Reading) -> str:
    if tiers_are_connected(reading).outcome != "ok" or routing_is_by_role(reading).outcome != "ok":
        return "The three tiers were not all connected, so what their failures cost was not measured."
    lengths = [length for tier in TIERS for _, length in outages(reading, f"{tier} fails").values()]
    lengths.append(web_outage_ns(reading))
    known = [length for length in lengths if length is not None]
    silent = [path for tier in TIERS for path in unheard(reading, f"{tier} fails")]
    measured = len(known) == len(lengths) and not silent
    where = "On the simulated cluster the" if reading.meta.simulated else "The"
    return f"{where} three tiers reached each other as designed; " + (
        f"a pod of each deleted in turn cost a path at most {ms(max(known))}, and all healed."
        if measured and failures_heal(reading).outcome == "ok"
        else "what a deleted pod of each cost is in the answers."
    )


experiment = Experiment(
    name="multi-tier",
    hypothesis=(
        "Three tiers with a service for each way of being used reach each other by name as designed, route writes and reads by role, and are "
        "whole again after a pod of each tier failed."
    ),
    workload=Workload(manifests=("shop-data.yaml",), statefulset="data", service="data", port=80),
    probes=("dns",),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
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
    tables={
        "routing": "Who answered a MySQL client through each name:",
        "replication": "Replication, as each replica says:",
        "write-read": "Rows written through one name and read through another:",
        "lookup": "Names looked up in a pod of the web tier:",
        "matrix": "Who reached whom, asked from inside a pod of each tier; what did not work begins with a dash:",
        "failure-matrix": (
            "The needed paths during and after each tier's failure: how many of the looks were answered. During: until the pod was found to be "
            "back; after: looks begun since then. Before is the table above, and what was after the failure before it. The service `web` was "
            "asked from outside; it is among the watched clients below:"
        ),
        "failure": "Failures:",
        "waited": "Waits of the method:",
    },
    needs=("exec", "reach"),
    uses=(
        "create,delete networkpolicies.networking.k8s.io",
        "patch pods",
        "get,create pods/exec",
    ),
    timeout_s=300,
    duration_s=90,
    method=method,
)
