"""What do six Redis members that form a cluster by name do when a master is deleted, and when all of them are?"""

from typing import Any

from chaos.experiment import (
    DeletePod,
    DeletePods,
    Experiment,
    Fact,
    FaultWindow,
    Member,
    Reading,
    Run,
    Verdict,
    Workload,
    combine,
    fact,
    facts,
    series_of,
)

from ..shared.course import unit_question
from .redis_cluster import NO_ANSWER, MemberWatch, Writer, ask_member, enter, going_on

SET, SERVICE, ENTRANCE, PORT = "redis-cluster", "redis-cluster-internal", "redis-cluster", 6379
MEMBERS, SLOTS, KEYS, VISITS = 6, 16384, 200, 30
STEADY_WITHIN_S, FORMED_WITHIN_S, HEALED_WITHIN_S = 60, 30, 60
# Longer than cluster-node-timeout (5 s) and an election: a pod whose volume moves or whose image is pulled is as slow.
SLOW_START_S = 14
# So long the members that were replaced all at once are left to themselves.
LEFT_ALONE_S = 11.0
VICTIM_SLOT = 0
QUICK, SLOW, ALL = 1, 2, 3
OWN, OTHER = "of the deleted master", "of another master"
TIMEOUT_S = 5.0
NS_PER_S = 1_000_000_000


async def method(run: Run) -> None:
    """Form the cluster, write, then delete a master that returns at once, one that returns late, and all members."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await claims(run, "before")
    if not await form(run):
        return
    run.watch_clients("tcp", ENTRANCE, PORT)
    await fill(run)
    await meet_at_entrance(run)
    await lose_a_master(run, QUICK)
    await run.change("its next pod starts late", run.objects.patch("StatefulSet", SET, await late_start(run)))
    await lose_a_master(run, SLOW)
    on_time = {"spec": {"template": {"spec": {"initContainers": None}}}}
    await run.change("pods start at once again", run.objects.patch("StatefulSet", SET, on_time))
    await lose_all(run)
    await claims(run, "after")


# ---- steps ----


async def form(run: Run) -> bool:
    """`redis-cli --cluster create` with names, in the first pod; redis-cli 7 resolves them for CLUSTER MEET."""
    names = [f"{pod.name}.{SERVICE}:{PORT}" for pod in run.target.pods]
    command = ["redis-cli", "--cluster", "create", *names, "--cluster-replicas", "1", "--cluster-yes"]
    began_ns = run.now_ns()
    done = await run.objects.exec(run.target.pods[0].name, command)
    took_s = round((run.now_ns() - began_ns) / 1e9, 3)
    said = done.stdout.strip().splitlines()[-1:] or done.stderr.strip().splitlines()[-1:]
    run.mark("formed", exit_code=done.code, took_s=took_s, said=said[0] if said else "")
    if done.code:
        return False
    healed = await run.until("all members agree on the new cluster", lambda: agree(run), FORMED_WITHIN_S)
    await members(run, "formed")
    return bool(healed)


async def agree(run: Run) -> bool:
    """Whether every member knows all six by their names at their addresses of now, and none is failing."""
    now = {pod.name: pod.address for pod in run.target.pods}
    for pod in now:
        state, known = await ask_member(run, f"{pod}.{SERVICE}")
        if state != "ok" or any(m.failing for m in known) or {m.pod: m.address for m in known} != now:
            return False
    return len(now) == MEMBERS


async def members(run: Run, phase: str) -> None:
    """Write down what each member says of all."""
    now = {pod.name: pod.address for pod in run.target.pods}
    for pod in now:
        state, known = await ask_member(run, f"{pod}.{SERVICE}")
        run.mark(
            "members",
            phase=phase,
            by=pod,
            state=state,
            known=len(known),
            masters=[m.pod for m in known if m.slots],
            slots=sum(last - first + 1 for m in known for first, last in m.slots),
            right_names=sum(m.pod in now for m in known),
            right_addresses=sum(m.address == now.get(m.pod) for m in known),
            ids={m.pod: m.id for m in known},
        )


async def fill(run: Run) -> None:
    """Write keys into all slots."""
    async with run.clients.redis_cluster(ENTRANCE, timeout_s=TIMEOUT_S) as client:
        for number in range(KEYS):
            await client.set(f"before:{number}", str(number))
    run.mark("written", keys=KEYS)


async def read_back(run: Run, phase: str, writers: tuple[Writer, ...] = ()) -> None:
    """Read everything that was acknowledged."""
    async with run.clients.redis_cluster(ENTRANCE, timeout_s=TIMEOUT_S) as client:
        kept = [await client.get(f"before:{number}") for number in range(KEYS)]
        run.mark("read", phase=phase, of="written before", keys=KEYS, there=KEYS - kept.count(None))
        for writer in writers:
            found = [await client.get(key) for key in writer.written]
            there = len(found) - found.count(None)
            run.mark("read", phase=phase, of=f"slots {writer.about}", keys=len(found), there=there)


async def meet_at_entrance(run: Run) -> None:
    """What plain clients meet behind the external service."""
    _, known = await ask_member(run, f"{run.target.pods[0].name}.{SERVICE}")
    pods = {member.id: member.pod for member in known}
    came, moved = await enter(run, ENTRANCE, [f"before:{number}" for number in range(VISITS)])
    answered = {pods.get(member, "unknown"): count for member, count in came.items()}
    run.mark("entrance", connections=VISITS, answered=dict(sorted(answered.items())), sent_elsewhere=moved)


async def late_start(run: Run) -> dict[str, object]:
    """A patch that makes new pods start late and leaves the running ones alone."""
    found = await run.objects.get("StatefulSet", SET)
    image = found["spec"]["template"]["spec"]["containers"][0]["image"] if found else ""
    waits = {"name": "late", "image": image, "command": ["sleep", str(SLOW_START_S)]}
    return {
        "spec": {
            "updateStrategy": {"type": "OnDelete", "rollingUpdate": None},
            "template": {"spec": {"initContainers": [waits]}},
        }
    }


async def lose_a_master(run: Run, trial: int) -> None:
    """Delete the master of slot 0, with clients writing and the other members asked what they see."""
    _, known = await ask_member(run, f"{run.target.pods[0].name}.{SERVICE}")
    subject = next(m for m in known if m.owns(VICTIM_SLOT))
    other = next(m for m in known if m.slots and not m.owns(VICTIM_SLOT))
    pod = next(pod for pod in run.target.pods if pod.name == subject.pod)
    async with run.clients.redis_cluster(ENTRANCE, timeout_s=TIMEOUT_S) as client:
        tags = {member.id: tag_of(client, member) for member in (subject, other)}
    writers = (
        Writer(run, ENTRANCE, tags[subject.id], OWN, trial),
        Writer(run, ENTRANCE, tags[other.id], OTHER, trial),
    )
    watches = [MemberWatch(run, m.pod, SERVICE, subject, trial) for m in known if m.id != subject.id]
    run.mark("victim", trial=trial, pod=pod.name, id=subject.id, hostname=subject.hostname, address=subject.address)
    async with going_on(*(w.write for w in writers), *(w.watch for w in watches)):
        await run.sleep(1.0)
        async with run.inject(DeletePod(pod, grace_s=run.options.deletion_grace_s)) as window:
            await run.steady_state(within_s=STEADY_WITHIN_S)
            await run.until("all members agree again", lambda: agree(run), HEALED_WITHIN_S)
            await run.sleep(1.0)
    for writer in writers:
        writer.report(window.accepted_ns or 0)
    await members(run, f"after trial {trial}")
    await read_back(run, f"after trial {trial}", writers)


def tag_of(client: Any, member: Member) -> str:
    """A hash tag whose keys are a member's."""
    return next(tag for n in range(SLOTS) if member.owns(client.keyslot(tag := f"t{n}")))


async def lose_all(run: Run) -> None:
    """Delete all members at once; leave them alone for a while; then introduce them to each other again, by name."""
    async with run.inject(DeletePods(run.target.pods, grace_s=run.options.deletion_grace_s)):
        await run.steady_state(within_s=STEADY_WITHIN_S)
        await run.sleep(LEFT_ALONE_S)
        await members(run, "left alone")
        first = run.target.pods[0].name
        async with run.clients.redis(f"{first}.{SERVICE}", timeout_s=TIMEOUT_S) as client:
            met = [await meet(run, client, pod.name) for pod in run.target.pods[1:]]
        run.mark("introduced", by=first, met=met.count("OK"), refused=[said for said in met if said != "OK"])
        await run.until("all members agree after they were introduced", lambda: agree(run), HEALED_WITHIN_S)
    await members(run, f"after trial {ALL}")
    await read_back(run, f"after trial {ALL}")


async def meet(run: Run, client: Any, pod: str) -> str:
    """CLUSTER MEET wants an address: the name is resolved for it."""
    found = await run.resolve(f"{pod}.{SERVICE}")
    if not found.values:
        return f"{pod}: {found.status}"
    return "OK" if await client.execute_command("CLUSTER MEET", found.values[0], PORT) else f"{pod}: refused"


async def claims(run: Run, phase: str) -> None:
    """Write down the volume claims as they are."""
    for claim in await run.objects.list("PersistentVolumeClaim"):
        meta = claim["metadata"]
        run.mark("claim", phase=phase, claim=meta["name"], uid=meta["uid"], volume=claim["spec"].get("volumeName", ""))


# ---- what must hold ----


def window(reading: Reading, trial: int) -> FaultWindow | None:
    return next((f for f in reading.faults if f.trial == trial and f.accepted_ns is not None), None)


def told(reading: Reading, phase: str) -> tuple[list[Fact], list[str]]:
    """What the members said in a phase, and why that is not all."""
    asked = facts(reading, "members", phase=phase)
    silent = [f"{phase}: {f['by']} did not answer" for f in asked if f["state"] == NO_ANSWER]
    few = [] if len(asked) >= MEMBERS else [f"{phase}: {len(asked)} of {MEMBERS} members were asked"]
    return [f for f in asked if f["state"] != NO_ANSWER], silent + few


def cluster_forms_by_name(reading: Reading) -> Verdict:
    """All six members know all six by name, with three masters that own every slot."""
    name, formed = "cluster-forms-by-name", fact(reading, "formed")
    said, unknowns = told(reading, "formed")
    if formed is None:
        return combine(name, failures=(), unknowns=("it was not tried",), success="", evidence=())
    if formed["exit_code"]:
        return combine(name, failures=(f"redis-cli said: {formed['said']}",), unknowns=(), success="", evidence=())
    failures = [
        f"{f['by']}: state {f['state']}, {f['right_names']} of {MEMBERS} names, {len(f['masters'])} masters, {f['slots']} slots"
        for f in said
        if (f["state"], f["right_names"], len(f["masters"]), f["slots"]) != ("ok", MEMBERS, 3, SLOTS)
    ]
    success = f"{len(said)} of {len(said)} members know {MEMBERS} by name and 3 masters with {SLOTS} slots; `redis-cli --cluster create` took {formed['took_s']:.1f} s."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def takeover(reading: Reading, trial: int) -> tuple[str, float, float, int] | None:
    """(new owner, seconds after the fault from, to, members that saw it) of when the victim's slot first had a new owner."""
    zero, victim = window(reading, trial), fact(reading, "victim", trial=trial)
    if zero is None or victim is None:
        return None
    seen = [f for f in facts(reading, "seen", trial=trial) if f["owner"] not in ("", victim["pod"])]
    seen = [f for f in seen if f["after_s"] is not None]
    if not seen:
        return None
    earliest = min(seen, key=lambda f: f["before_s"])
    base_s = (zero.accepted_ns or 0) / NS_PER_S
    after_s, before_s = earliest["after_s"] - base_s, earliest["before_s"] - base_s
    return earliest["owner"], after_s, before_s, len({f["by"] for f in seen})


def replica_takes_over(reading: Reading) -> Verdict:
    """When the master stays away longer than the node timeout, its replica owns its slots."""
    name, found = "replica-takes-over", takeover(reading, SLOW)
    if window(reading, SLOW) is None:
        return combine(name, failures=(), unknowns=("that trial did not take place",), success="", evidence=())
    if found is None:
        watched = {f["by"] for f in facts(reading, "seen", trial=SLOW)}
        failures = ["no member saw another owner of its slots"] if watched else []
        unknowns = [] if watched else ["no member was asked"]
        return combine(name, failures=failures, unknowns=unknowns, success="", evidence=())
    owner, after_s, before_s, saw = found
    success = (
        f"{owner} took the slots between {after_s:.2f} s and {before_s:.2f} s after the deletion; {saw} members saw it."
    )
    return combine(name, failures=(), unknowns=(), success=success, evidence=("report.md: Measured",))


def names_stay_addresses_follow(reading: Reading) -> Verdict:
    """After each deletion of a master every member has its id under the same name at its new address."""
    name = "names-stay-addresses-follow"
    failures: list[str] = []
    unknowns: list[str] = []
    moved: list[str] = []
    for trial in (QUICK, SLOW):
        victim = fact(reading, "victim", trial=trial)
        said, missing = told(reading, f"after trial {trial}")
        unknowns += missing
        if victim is None:
            continue
        failures += [f"trial {trial}: {f['by']} says {f['state']}" for f in said if f["state"] != "ok"]
        failures += [
            f"trial {trial}: {f['by']} has {f['right_addresses']} of {MEMBERS} addresses right"
            for f in said
            if f["right_addresses"] != MEMBERS
        ]
        failures += [
            f"trial {trial}: {f['by']} knows {victim['pod']} by another id"
            for f in said
            if f["ids"].get(victim["pod"]) != victim["id"]
        ]
        seen = facts(reading, "seen", trial=trial)
        others = {f["named"] for f in seen} - {"as before"}
        failures += [f"trial {trial}: its name became {other}" for other in sorted(others)]
        addresses = [f["address"] for f in seen if f["address"] not in ("", victim["address"])]
        if addresses:
            moved.append(f"{victim['pod']} from {victim['address']} to {addresses[-1]} in trial {trial}")
        else:
            unknowns.append(f"trial {trial}: no member was seen to learn another address")
    success = f"Same id and name, new address with all {MEMBERS} members: {', '.join(moved)}."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def data_survives(reading: Reading) -> Verdict:
    """Keys written before any fault can be read after each."""
    name, phases = "data-survives", tuple(f"after trial {t}" for t in (QUICK, SLOW, ALL))
    read = {f["phase"]: f for f in facts(reading, "read", of="written before")}
    failures = [
        f"{p}: {read[p]['there']} of {read[p]['keys']} keys"
        for p in phases
        if p in read and read[p]["there"] < read[p]["keys"]
    ]
    unknowns = [f"{p}: not read" for p in phases if p not in read]
    success = f"All {KEYS} keys written before the first fault were there after each of {len(phases)}."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def volumes_kept(reading: Reading) -> Verdict:
    """The same claims with the same volumes."""
    both = [
        {f["claim"]: (f["uid"], f["volume"]) for f in facts(reading, "claim", phase=p)} for p in ("before", "after")
    ]
    unknowns = [] if len(both[0]) == MEMBERS and both[1] else ["the claims were not compared"]
    failures = [f"{claim} is another one" for claim in both[0] if both[1] and both[1].get(claim) != both[0][claim]]
    success = f"{len(both[0])} of {len(both[0])} claims kept their UID and volume."
    return combine(
        "volumes-kept", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",)
    )


def names_alone_do_not_rejoin(reading: Reading) -> Verdict:
    """Members that were all replaced at once find each other only when somebody resolves the names for them."""
    name = "names-alone-do-not-rejoin"
    alone, unknowns = told(reading, "left alone")
    after, more = told(reading, f"after trial {ALL}")
    if not alone or not after:
        return combine(name, failures=(), unknowns=("not all members were asked",), success="", evidence=())
    failures = [f"{f['by']} is {f['state']} after it was introduced" for f in after if f["state"] != "ok"]
    joined = [f["by"] for f in alone if f["right_addresses"] == MEMBERS]
    unknowns += more + ([f"{', '.join(joined)} knew all addresses without help"] if joined else [])
    most = max(f["right_addresses"] for f in alone)
    success = (
        f"No member knew more than {most} of {MEMBERS} addresses {LEFT_ALONE_S:.0f} s after all were Ready again; after "
        f"CLUSTER MEET with addresses from DNS all {MEMBERS} agreed."
    )
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


# ---- the unit's questions ----


def _outage(reading: Reading, trial: int, slots: str) -> str:
    """How long writes into some slots failed, with the errors; empty where it was not measured."""
    zero, done = window(reading, trial), fact(reading, "writes", trial=trial, slots=slots)
    if zero is None or done is None:
        return ""
    if not done["errors"]:
        return f"none of {done['tried']} failed"
    kinds = ", ".join(f"{n} {kind}" for kind, n in done["errors"].items())
    failed = f"{done['tried'] - done['done']} of {done['tried']} failed"
    if done["last_ok_s"] is None or done["ok_again_s"] is None:
        return f"{failed} ({kinds})"
    return (
        f"{failed}, for at most {done['ok_again_s'] - done['last_ok_s']:.2f} s, until {done['ok_again_s']:.2f} s after the "
        f"deletion ({kinds})"
    )


def dual_service(reading: Reading) -> str:
    entrance, quick = fact(reading, "entrance"), _outage(reading, QUICK, OWN)
    if entrance is None:
        return ""
    series = series_of(reading, "tcp", f"{ENTRANCE}:{PORT}")
    held = ""
    for one in series[:1]:
        outcomes = [sample.outcome.status for sample in reading.samples(one)]
        bad = sum(status != "OK" for status in outcomes)
        held = f" In the whole run {bad} of {len(outcomes)} connections to it failed."
    return (
        f"The external service is the entrance: one address that leads to any member. {entrance['connections']} connections to "
        f"{ENTRANCE} reached {len(entrance['answered'])} different members, and {entrance['sent_elsewhere']} of "
        f"{entrance['connections']} reads were answered with MOVED, because the key was another member's.{held} So a client needs the "
        f"names behind {SERVICE} too: a cluster client takes from whoever answers the list of members by name, and goes to the owner "
        f"of each key itself; members are introduced by these names. Neither replaces the other: the entrance finds somebody who is "
        f"alive, the names say who is who."
        + (f" When a master was deleted, of the writes into its slots {quick}." if quick else "")
    )


def stable_formation(reading: Reading) -> str:
    formed, met = fact(reading, "formed"), fact(reading, "introduced")
    alone = facts(reading, "members", phase="left alone")
    victim = fact(reading, "victim", trial=SLOW)
    if formed is None or formed["exit_code"]:
        return ""
    parts = [f"The cluster was formed with six names and no address known beforehand, in {formed['took_s']:.1f} s."]
    if names_stay_addresses_follow(reading).outcome == "ok" and victim is not None:
        parts.append(
            f"{names_stay_addresses_follow(reading).summary} Members recognise it by the id on its volume and tell clients the name, so "
            "that nothing that clients or manifests have written down is wrong afterwards."
        )
    if alone and met is not None and names_alone_do_not_rejoin(reading).outcome == "ok":
        parts.append(
            f"The names do not do everything: Redis writes addresses into nodes.conf, and a member's new address reaches the others only "
            f"through one that still knows somebody. Then all six were deleted at once. {names_alone_do_not_rejoin(reading).summary} "
            "That repair needs a list of members that is still true then, and the stable names are it."
        )
    return " ".join(parts)


def other_systems(reading: Reading) -> str:
    took, quick = takeover(reading, SLOW), takeover(reading, QUICK)
    seen, others = facts(reading, "seen", trial=QUICK), _outage(reading, SLOW, OTHER)
    others_lost = fact(reading, "writes", trial=SLOW, slots=OTHER)
    if took is None or not seen or not others or others_lost is None:
        return ""
    owner, after_s, before_s, _ = took
    refused = sum(n for kind, n in others_lost["errors"].items() if kind.startswith("ClusterDown"))
    because = (
        f"; {refused} of these {'was' if refused == 1 else 'were'} ClusterDown: a cluster with slots that nobody owns refuses all"
        if refused
        else ""
    )
    returned = "it kept its slots" if quick is None else f"{quick[0]} had taken its slots"
    if not any("fail" in f["flags"] for f in seen):
        returned += ", for no member had held it for failed yet"
    return (
        "Any system whose members are not interchangeable needs the same three things: a name for each member that outlives its pod, a "
        "volume that follows the name, and an entrance for those that want any member. What it does with them is its own: here "
        f"the master that came back at once found that {returned}, while the one that stayed away was replaced by its replica "
        f"{owner} between {after_s:.2f} s and {before_s:.2f} s after the deletion (cluster-node-timeout is 5 s); of "
        f"the writes to a master that was never touched {others}{because}. Kubernetes gives "
        "identity; who leads is decided by the members, as in Kafka, etcd, ZooKeeper or Cassandra, whose seed lists are such names."
    )


def headline(reading: Reading) -> str:
    took = takeover(reading, SLOW)
    writes = fact(reading, "writes", trial=QUICK, slots=OWN)
    first = (
        "A deleted Redis master kept its id, name and data in a new pod"
        if names_stay_addresses_follow(reading).outcome == data_survives(reading).outcome == "ok"
        else "A Redis master was deleted"
    )
    if writes is not None:
        first += f"; {writes['tried'] - writes['done']} of {writes['tried']} writes into its slots failed when it came back at once"
    if took is not None:
        first += f"; when it stayed away, {took[0]} took its place after {took[1]:.2f} s to {took[2]:.2f} s"
    return first + "."


experiment = Experiment(
    name="cache-cluster",
    hypothesis=(
        "Six Redis members form a cluster by name; a deleted master comes back with its id, name and data, and when it stays away "
        "its replica takes over."
    ),
    workload=Workload(manifests=("redis-cluster.yaml",), statefulset=SET, service=SERVICE, port=PORT),
    probes=("dns", "tcp"),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
        cluster_forms_by_name,
        replica_takes_over,
        names_stay_addresses_follow,
        data_survives,
        volumes_kept,
        names_alone_do_not_rejoin,
    ),
    questions=(
        unit_question("dual-service", dual_service),
        unit_question("stable-formation", stable_formation),
        unit_question("other-systems", other_systems),
    ),
    tables={
        "formed": "`redis-cli --cluster create` with six names:",
        "victim": "The masters that were deleted:",
        "seen": "What the other members said of it, whenever that changed:",
        "writes": "A cluster client that writes every 50 ms, one write after the other:",
        "errors": "Its errors, in their order (seconds after the deletion was accepted):",
        "read": "Acknowledged writes that could be read afterwards:",
        "entrance": "Plain clients through the external service:",
        "introduced": "CLUSTER MEET after all members were replaced:",
        "waited": "Waits of the method:",
    },
    headline=headline,
    blast_radius=MEMBERS,
    needs=("real-cluster", "reach", "exec"),
    uses=("get pods/exec", "get,create,delete configmaps", "patch statefulsets.apps"),
    watched_names=0,
    timeout_s=120,
    duration_s=95,
    method=method,
)
