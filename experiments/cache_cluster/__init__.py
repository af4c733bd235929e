"""What do six Redis members that form a cluster by name do when a master is deleted, and when all of them are?"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from chaos.experiment import *

from ..shared.course import unit_question
from .redis_cluster import NO_ANSWER, Errors, MemberWatch, Seen, Writer, Writes, ask_member, enter, going_on

SET, SERVICE, ENTRANCE, PORT = "redis-cluster", "redis-cluster-internal", "redis-cluster", 6379
MEMBERS, SLOTS, KEYS, VISITS = 6, 16384, 200, 30
STEADY_WITHIN_S, FORMED_WITHIN_S, HEALED_WITHIN_S = 60, 30, 60
SLOW_START_S = 14  # longer than cluster-node-timeout (5 s) and an election, as where a volume moves
LEFT_ALONE_S = 11.0  # those that were replaced all at once
QUICK, SLOW, ALL = 1, 2, 3  # trials
MASTERS = {QUICK: "came back at once", SLOW: "stayed away"}
OWN, OTHER = "of the deleted master", "of another master"
BEFORE = "written before"  # any fault
VICTIM_SLOT, TIMEOUT_S, NS_PER_S = 0, 5.0, 1_000_000_000


class Formed(Note):
    """`redis-cli --cluster create` with six names."""

    exit_code: int
    took_s: float
    said: str


class Members(Note):
    """What each member says of all.

    Attributes:
        state: of the cluster; `NO_ANSWER` where it said nothing.
        masters: pods that own slots.
        right_names: how many of the run's pods it knows by name; `right_addresses` likewise, at the address of now.
    """

    phase: str
    by: str
    state: str
    masters: tuple[str, ...]
    slots: int
    right_names: int
    right_addresses: int
    ids: dict[str, Any]


class Read(Note):
    """Acknowledged writes that could be read afterwards."""

    phase: str
    of: str
    keys: int
    there: int


class Entrance(Note):
    """Plain clients through the external service."""

    connections: int
    answered: dict[str, Any]
    sent_elsewhere: int


class Victim(Note):
    """The masters that were deleted."""

    trial: int
    pod: str
    id: str
    hostname: str
    address: str


class Introduced(Note):
    """CLUSTER MEET after all members were replaced."""

    by: str
    met: int
    refused: tuple[str, ...]


class Claims(Note):
    """The volume claims as they were: name → UID and volume."""

    phase: str
    found: dict[str, Any]


async def method(run: Run) -> None:
    """Form the cluster, write, then delete a master that returns at once, one that returns late, and all members."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await claims(run, "before")
    if not await form(run):
        return
    run.watch_clients("tcp", ENTRANCE, PORT)
    async with run.clients.redis_cluster(ENTRANCE, timeout_s=TIMEOUT_S) as client:
        for number in range(KEYS):
            await client.set(f"before:{number}", str(number))
    await meet_at_entrance(run)
    await lose_a_master(run, QUICK)
    await run.change("its next pod starts late", run.objects.patch("StatefulSet", SET, await late_start(run)))
    await lose_a_master(run, SLOW)
    on_time = {"spec": {"template": {"spec": {"initContainers": None}}}}
    await run.change("pods start at once again", run.objects.patch("StatefulSet", SET, on_time))
    await lose_all(run)
    await claims(run, "after")


async def form(run: Run) -> bool:
    """`redis-cli --cluster create` with names, in the first pod; redis-cli 7 resolves them for CLUSTER MEET."""
    names = [f"{pod.name}.{SERVICE}:{PORT}" for pod in run.target.pods]
    command = ["redis-cli", "--cluster", "create", *names, "--cluster-replicas", "1", "--cluster-yes"]
    done = await run.objects.exec(run.target.pods[0].name, command)
    said = done.stdout.strip().splitlines()[-1:] or done.stderr.strip().splitlines()[-1:]
    run.note(Formed(done.code, round(done.took_s, 3), "".join(said)))
    if done.code:
        return False
    healed = await run.until("all members agree on the new cluster", partial(agree, run), FORMED_WITHIN_S)
    await members(run, "formed")
    return bool(healed)


async def agree(run: Run) -> bool:
    """Whether every member knows all six by their names at their addresses of now, and none is failing."""
    now = {pod.name: pod.address for pod in run.target.pods}
    for pod in now:
        state, there = await ask_member(run, f"{pod}.{SERVICE}")
        if state != "ok" or any(m.failing for m in there) or {m.pod: m.address for m in there} != now:
            return False
    return len(now) == MEMBERS


async def members(run: Run, phase: str) -> None:
    """Write down what each member says of all."""
    now = {pod.name: pod.address for pod in run.target.pods}
    for pod in now:
        state, there = await ask_member(run, f"{pod}.{SERVICE}")
        masters = tuple(m.pod for m in there if m.slots)
        slots = sum(last - first + 1 for m in there for first, last in m.slots)
        names, addresses = sum(m.pod in now for m in there), sum(m.address == now.get(m.pod) for m in there)
        run.note(Members(phase, pod, state, masters, slots, names, addresses, {m.pod: m.id for m in there}))


async def read_back(run: Run, phase: str, writers: Iterable[Writer] = ()) -> None:
    """Read everything that was acknowledged."""
    async with run.clients.redis_cluster(ENTRANCE, timeout_s=TIMEOUT_S) as client:
        kept = [await client.get(f"before:{number}") for number in range(KEYS)]
        run.note(Read(phase, BEFORE, KEYS, KEYS - kept.count(None)))
        for writer in writers:
            found = [await client.get(key) for key in writer.written]
            run.note(Read(phase, f"slots {writer.about}", len(found), len(found) - found.count(None)))


async def meet_at_entrance(run: Run) -> None:
    """What plain clients meet behind the external service."""
    _, there = await ask_member(run, f"{run.target.pods[0].name}.{SERVICE}")
    pods = {member.id: member.pod for member in there}
    came, moved = await enter(run, ENTRANCE, [f"before:{number}" for number in range(VISITS)])
    answered = sorted((pods.get(member, "unknown"), times) for member, times in came.items())
    run.note(Entrance(VISITS, dict(answered), moved))


async def late_start(run: Run) -> dict[str, object]:
    """A patch that makes new pods start late and leaves the running ones alone."""
    found = await run.objects.get("StatefulSet", SET)
    image = found["spec"]["template"]["spec"]["containers"][0]["image"] if found else ""
    waits = {"name": "late", "image": image, "command": ["sleep", str(SLOW_START_S)]}
    strategy = {"type": "OnDelete", "rollingUpdate": None}
    return {"spec": {"updateStrategy": strategy, "template": {"spec": {"initContainers": [waits]}}}}


async def lose_a_master(run: Run, trial: int) -> None:
    """Delete the master of slot 0, with clients writing and the other members asked what they see."""
    _, there = await ask_member(run, f"{run.target.pods[0].name}.{SERVICE}")
    subject, other = (next(m for m in there if m.slots and m.owns(VICTIM_SLOT) == it) for it in (True, False))
    pod = next(pod for pod in run.target.pods if pod.name == subject.pod)
    async with run.clients.redis_cluster(ENTRANCE, timeout_s=TIMEOUT_S) as client:
        tags = ((tag_of(client, subject), OWN), (tag_of(client, other), OTHER))
    writers = [Writer(run, ENTRANCE, tag, about, trial) for tag, about in tags]
    watches = [MemberWatch(run, m.pod, SERVICE, subject, trial) for m in there if m.id != subject.id]
    run.note(Victim(trial, pod.name, subject.id, subject.hostname, subject.address))
    async with going_on(*(w.write for w in writers), *(w.watch for w in watches)):
        await run.sleep(1.0)
        async with run.inject(DeletePod(pod, grace_s=run.options.deletion_grace_s)) as window:
            await run.steady_state(within_s=STEADY_WITHIN_S)
            await run.until("all members agree again", partial(agree, run), HEALED_WITHIN_S)
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
        run.note(Introduced(first, met.count("OK"), tuple(said for said in met if said != "OK")))
        await run.until("all members agree after they were introduced", partial(agree, run), HEALED_WITHIN_S)
    await members(run, f"after trial {ALL}")
    await read_back(run, f"after trial {ALL}")


async def meet(run: Run, client: Any, pod: str) -> str:
    """CLUSTER MEET wants an address: the name is resolved for it."""
    found = await resolve_surely(run, f"{pod}.{SERVICE}")
    if not found.values:
        return f"{pod}: {found.status}"
    return "OK" if await client.execute_command("CLUSTER MEET", found.values[0], PORT) else f"{pod}: refused"


async def claims(run: Run, phase: str) -> None:
    """Write down the volume claims as they are."""
    there = await run.objects.list("PersistentVolumeClaim")
    found = {c["metadata"]["name"]: [c["metadata"]["uid"], c["spec"].get("volumeName", "")] for c in there}
    run.note(Claims(phase, found))


def ns(at_s: float) -> int:
    return round(at_s * NS_PER_S)


def told(reading: Reading, phase: str) -> list[Members]:
    """What the members said in a phase: those that answered."""
    return [one for one in notes(reading, Members, phase=phase) if one.state != NO_ANSWER]


def not_told(reading: Reading, phase: str) -> Iterator[Finding]:
    """Why that is not all."""
    asked = notes(reading, Members, phase=phase)
    yield from (unsure(f"{phase}: {one.by} did not answer") for one in asked if one.state == NO_ANSWER)
    if len(asked) < MEMBERS:
        yield unsure(f"{phase}: {count(len(asked))} of {MEMBERS} members were asked")


def takeover(reading: Reading, trial: int) -> tuple[str, Interval, int] | None:
    """When the victim's slots first had a new owner: (owner, how long after the deletion, members that saw it)."""
    need(found := [fault for fault in reading.faults if fault.trial == trial], f"trial {trial} did not take place")
    zero_ns, victim = accepted_ns(found[0]), note(reading, Victim, trial=trial)
    seen = [one for one in notes(reading, Seen, trial=trial) if one.owner not in ("", victim.pod)]
    rows = [(one.before_s, one.after_s, one.owner) for one in seen if one.after_s is not None]
    if not rows:
        return None
    before_s, after_s, owner = min(rows)
    return owner, Interval(ns(after_s) - zero_ns, ns(before_s) - zero_ns), len({one.by for one in seen})


def without_service(reading: Reading, trial: int, slots: str) -> str:
    """How long writes into some slots failed, with the errors."""
    done = note(reading, Writes, f"writes into slots {slots} were not watched", trial=trial, slots=slots)
    if not done.errors:
        return f"none of {count(done.tried)} failed"
    kinds = ", ".join(f"{count(n)} {kind}" for kind, n in done.errors.items())
    return f"{out_of(done.tried - done.done, done.tried)} failed{failed_for(done)} ({kinds})"


def failed_for(done: Writes) -> str:
    """`` for at most 4.36 s``; empty where that is not known."""
    if done.last_ok_s is None or done.ok_again_s is None:
        return ""
    return f" for {at_most_ns(ns(done.ok_again_s) - ns(done.last_ok_s))}"


# ---- what must hold ----


@checker("report.md: Measured")
def cluster_forms_by_name(reading: Reading) -> Iterator[Finding]:
    """All six members know all six by name, with three masters that own every slot."""
    formed, said = note(reading, Formed, "it was not tried"), told(reading, "formed")
    if formed.exit_code:
        yield against(f"redis-cli said: {formed.said}")
    for one in said:
        if (one.state, one.right_names, len(one.masters), one.slots) != ("ok", MEMBERS, 3, SLOTS):
            masters, slots = count(len(one.masters), "master"), count(one.slots, "slot")
            yield against(f"{one.by}: state {one.state}, {out_of(one.right_names, MEMBERS)} names, {masters}, {slots}")
    yield from not_told(reading, "formed")
    yield holds(f"{out_of(len(said), MEMBERS)} members know all by name and 3 masters with {count(SLOTS)} slots.")
    yield holds(f"`redis-cli --cluster create` took {seconds(ns(formed.took_s))}.")


@checker("report.md: Measured")
def replica_takes_over(reading: Reading) -> Iterator[Finding]:
    """When the master stays away longer than the node timeout, its replica owns its slots."""
    victim = note(reading, Victim, trial=SLOW).pod
    if found := takeover(reading, SLOW):
        owner, after, saw = found
        yield holds(f"{owner} took the slots {between(after)} after the deletion; {count(saw, 'member')} saw it.")
        return
    need(notes(reading, Seen, trial=SLOW), "no member was asked")
    # Members that did not answer while it was away may have missed it: what they say afterwards counts.
    afterwards = told(reading, f"after trial {SLOW}")
    need(afterwards and all(victim in one.masters for one in afterwards), "whose its slots were was not heard")
    yield against(f"no member saw another owner of its slots, and afterwards they were {victim}'s")


@checker("report.md: Measured")
def names_stay_addresses_follow(reading: Reading) -> Iterator[Finding]:
    """After each deletion of a master every member has its id under the same name at its new address."""
    for trial in (QUICK, SLOW):
        victim, where = note(reading, Victim, trial=trial), f"trial {trial}"
        for one in told(reading, f"after trial {trial}"):
            if one.state != "ok":
                yield against(f"{where}: {one.by} says {one.state}")
            if one.right_addresses != MEMBERS:
                yield against(f"{where}: {one.by} has {out_of(one.right_addresses, MEMBERS)} addresses right")
            if one.ids.get(victim.pod) != victim.id:
                yield against(f"{where}: {one.by} knows {victim.pod} by another id")
        yield from not_told(reading, f"after trial {trial}")
        seen = notes(reading, Seen, trial=trial)
        others = {one.named for one in seen} - {"as before"}
        yield from (against(f"{where}: its name became {other}") for other in sorted(others))
        addresses = [one.address for one in seen if one.address not in ("", victim.address)]
        if addresses:
            moved = f"{victim.pod} went from {victim.address} to {addresses[-1]} in {where}"
            yield holds(f"{moved}, with the same id and name, and all {count(MEMBERS)} members know it.")
        else:
            yield unsure(f"{where}: no member was seen to learn another address")


@checker("report.md: Measured")
def data_survives(reading: Reading) -> Iterator[Finding]:
    """Keys written before any fault can be read after each."""
    for trial in (QUICK, SLOW, ALL):
        if not (found := notes(reading, Read, phase=f"after trial {trial}", of=BEFORE)):
            yield unsure(f"after trial {trial}: not read")
        lost = (one for one in found if one.there < one.keys)
        yield from (against(f"{one.phase}: {out_of(one.there, one.keys, 'key')}") for one in lost)
    yield holds(f"All {count(KEYS)} keys written before the first fault were there after each of {count(ALL)}.")


@checker("report.md: Measured")
def volumes_kept(reading: Reading) -> Iterator[Finding]:
    """The same claims with the same volumes."""
    missing = "the claims were not compared"
    before, after = (note(reading, Claims, missing, phase=one).found for one in ("before", "after"))
    need(len(before) == MEMBERS, missing)
    kept = [claim for claim in before if after.get(claim) == before[claim]]
    for claim in before:
        if claim not in kept:
            yield against(f"{claim} is {'another one' if claim in after else 'gone'}")
    yield holds(f"{out_of(len(kept), MEMBERS)} claims kept their UID and volume.")


@checker("report.md: Measured")
def names_alone_do_not_rejoin(reading: Reading) -> Iterator[Finding]:
    """Members that were all replaced at once find each other only when somebody resolves the names for them."""
    alone, after = told(reading, "left alone"), told(reading, f"after trial {ALL}")
    need(alone and after and notes(reading, Introduced), "not all members were asked, or introduced")
    yield from (against(f"{one.by} is {one.state} after it was introduced") for one in after if one.state != "ok")
    yield from (*not_told(reading, "left alone"), *not_told(reading, f"after trial {ALL}"))
    if joined := [one.by for one in alone if one.right_addresses == MEMBERS]:
        yield unsure(f"{', '.join(joined)} knew all addresses without help")
    most = out_of(max(one.right_addresses for one in alone), MEMBERS)
    yield holds(f"No member knew more than {most} addresses {stated(LEFT_ALONE_S)} after all were Ready again.")
    yield holds(f"After CLUSTER MEET with addresses from DNS {out_of(len(after), MEMBERS)} agreed.")


# ---- the unit's questions ----


def dual_service(reading: Reading) -> Iterator[str]:
    entrance = note(reading, Entrance, "the external service was not visited")
    yield f"The external service is one address that leads to any member. {count(entrance.connections, 'connection')} to {ENTRANCE} reached {count(len(entrance.answered), 'different member')}."
    yield f"There {out_of(entrance.sent_elsewhere, entrance.connections, 'read')} were answered with MOVED, because the key was another member's."
    yield f"So a client needs the names behind {SERVICE} too, by which members are introduced."
    yield "A cluster client gets the list of members by name from the one that answers, and connects to the owner of each key. The entrance leads to any Ready member; the names tell members apart."
    yield from where_measured(entrance_meanwhile, reading)
    for trial, how in MASTERS.items():
        if notes(reading, Writes, trial=trial, slots=OWN):
            yield f"When a deleted master {how}, of the writes into its slots {without_service(reading, trial, OWN)}."


def entrance_meanwhile(reading: Reading) -> str:
    """Its failures while all members were being replaced, apart from others: then nobody may have been there."""
    deleted = known(next((f for f in reading.faults if f.trial == ALL), None), "not all members were deleted")
    spans, of = ((deleted.sent_ns, steady_again_ns(reading, deleted)), (0, None)), f"{ENTRANCE}:{PORT}"
    lost, whole = ([s.outcome.status != "OK" for s in reading.sampled(*span, probe="tcp", record=of)] for span in spans)
    need(lost and len(whole) > len(lost), "it was not watched at both times")
    others = out_of(sum(whole) - sum(lost), len(whole) - len(lost), "connection")
    return f"From the deletion of all members until all was steady again {out_of(sum(lost), len(lost), 'connection')} to it failed. At other times {others} failed."


def stable_formation(reading: Reading) -> Iterator[str]:
    held(reading, cluster_forms_by_name)
    yield f"The cluster was formed with six names and no address known beforehand, in {seconds(ns(note(reading, Formed).took_s))}."
    if names_stay_addresses_follow(reading).outcome == "ok":
        yield held(reading, names_stay_addresses_follow)
        yield "Members recognise it by the id on its volume and tell clients its name."
    if names_alone_do_not_rejoin(reading).outcome == "ok":
        yield "Redis keeps addresses in nodes.conf, so a member with a new address needs one that knows the others."
        yield f"Then all six were deleted at once. {held(reading, names_alone_do_not_rejoin)}"
        yield "The stable names are the list of members that this repair needs."


def other_systems(reading: Reading) -> Iterator[str]:
    owner, after, _ = known(takeover(reading, SLOW), "no replica was seen to take over")
    quick, others = takeover(reading, QUICK), without_service(reading, SLOW, OTHER)
    need(seen := notes(reading, Seen, trial=QUICK), "no member was asked while the first master was away")
    errors = note(reading, Writes, trial=SLOW, slots=OTHER).errors
    refused = sum(n for kind, n in errors.items() if kind.startswith("ClusterDown"))
    returned = "kept its slots" if quick is None else f"lost its slots to {quick[0]}"
    yield "A system whose members are not interchangeable needs a name for each that outlives its pod, and a volume that follows the name. It also needs one address for clients that want any member."
    yield f"The master that came back at once {returned}."
    if not any("fail" in one.flags for one in seen):
        yield "No member had marked it as failed by then."
    yield f"The replica {owner} replaced the one that stayed away {between(after)} after the deletion (cluster-node-timeout is 5 s). In that trial, of the writes to a master that was never touched, {others}."
    if refused:
        yield f"Redis answered {count(refused)} of these with ClusterDown: it refuses all writes while some slots have no owner."
    yield f"Why {'others' if refused else 'they'} failed was not measured." if sum(errors.values()) > refused else ""
    yield "Kubernetes gives identity. The members decide who leads, as in Kafka, etcd, ZooKeeper or Cassandra."


def headline(reading: Reading) -> str:
    kept = names_stay_addresses_follow(reading).outcome == data_survives(reading).outcome == "ok"
    parts = (
        ["A deleted Redis master kept its id, name and data in a new pod."] if kept else ["A Redis master was deleted."]
    )
    for trial, how in MASTERS.items():
        lost = [span for one in notes(reading, Writes, trial=trial, slots=OWN) if (span := failed_for(one))]
        parts += [f"Writes into its slots failed{span} when it {how}." for span in lost]
    if notes(reading, Victim, trial=SLOW) and (took := takeover(reading, SLOW)):
        parts.append(f"{took[0]} took the place of the one that stayed away {between(took[1])} after the deletion.")
    if names_alone_do_not_rejoin(reading).outcome == "ok":
        parts.append(
            f"After all {count(MEMBERS)} were deleted they had not rejoined {stated(LEFT_ALONE_S)} after all were Ready; CLUSTER MEET joined them."
        )
    need(parts, "no master was deleted")
    return " ".join(parts)


experiment = Experiment(
    name="cache-cluster",
    hypothesis="Six Redis members form a cluster by name; a deleted master comes back with its id, name and data, and when it stays away its replica takes over.",
    workload=Workload(manifests=("redis-cluster.yaml",), statefulset=SET, service=SERVICE, port=PORT),
    probes=("dns", "tcp"),
    checkers=(
        *OF_REPLACEMENT,
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
    tables=(Formed, Victim, Seen, Writes, Errors, Read, Entrance, Introduced, Waited),
    headline=headline,
    blast_radius=MEMBERS,
    needs=("real-cluster", "reach", "exec"),
    uses=("get pods/exec", "get,create,delete configmaps", "patch statefulsets.apps"),
    timeout_s=240,
    duration_s=95,
    method=method,
    options=("grace", "force"),
)
