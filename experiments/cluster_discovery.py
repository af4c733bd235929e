"""How do the members of a MySQL cluster find each other while it starts, and what does replication by a stable name survive?"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from chaos.experiment import *

from .shared import mysql
from .shared.course import unit_question

STEADY_WITHIN_S = 120
MEMBERS, NAMED = mysql.MEMBERS, mysql.NAMED
BY_NAME, BY_ADDRESS = NAMED[1], NAMED[2]
READY, UNREADY, EARLY, DEPLOYMENT = "mysql-cluster", "mysql-unready", "mysql-early", "mysql-deployment"
NAME_LATER, ADDRESS_LATER = "by name, after the replacement", "by address, after the replacement"
LOGS_WITHIN_S, LOOK_AGAIN_S, SETTLE_S = 40, 0.5, 4.0
GIVES_UP_S = 10.0  # the C library asks twice and waits 5 s each time: a look that took as long was not answered


class Discovery(Note):
    """What each member's script printed (seconds since its first look, by its own clock).

    Attributes:
        rounds: of looks at each member; 0 where nothing can be read.
        silent: looks that were not answered.
        own_name: what it led to.
    """

    group: str
    pod: str
    rounds: int
    silent: int
    found_last: tuple[str, ...]
    found_after_s: dict[str, Any]
    own_name: str

    @property
    def found(self) -> set[str]:
        """In any round."""
        return {*self.found_last, *self.found_after_s}

    @property
    def told(self) -> str:
        return f"{self.pod} found {', '.join(sorted(self.found_last)) or 'nobody'}"


class Swap(Note):
    """A pod of the Deployment, replaced."""

    deleted: str
    successor: str


class Source(Note):
    """The primary's addresses."""

    pod: str
    was_at: str
    is_at: str


class Repaired(Note):
    """The replica by address, given the name (heard: it answered when it was asked for the row last)."""

    replica: str
    has_the_row: bool
    heard: bool


async def method(run: Run) -> None:
    """Read what each member found; then members that are not ready, and a Deployment's; then replication by name and by address."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for manifest in ("mysql-unready.yaml", "mysql-early.yaml", "mysql-deployment.yaml"):
        await run.apply(manifest)
    if not await mysql.make_primary(run, NAMED[0]) or not await mysql.replicate(run, (BY_NAME,), NAMED[0]):
        return
    if not await mysql.replicate(run, (BY_ADDRESS,), run.target.pods[0].address):
        return
    await mysql.write_and_read(run, NAMED[0], NAMED[1:], "before")
    for group in (READY, UNREADY, EARLY, DEPLOYMENT):
        await read_logs(run, group)
    await replace_one(run)
    before = run.target.pods[0]
    async with run.inject(DeletePod(before, grace_s=run.options.deletion_grace_s)):
        await run.steady_state(within_s=STEADY_WITHIN_S)
        await mysql.follow(run, (BY_NAME,), NAME_LATER)
        await run.sleep(SETTLE_S)
    run.note(Source(before.name, before.address, run.target.pods[0].address))
    await mysql.note_replication(run, BY_ADDRESS, ADDRESS_LATER)
    await mysql.write_and_read(run, NAMED[0], (BY_NAME,), "after")
    await repair(run)


async def read_logs(run: Run, group: str) -> None:
    """Wait until the scripts are over, and write down what each member found: the last container's log of each pod."""
    logs: dict[str, str] = {}

    async def all_over() -> bool:
        pods = await run.objects.pods(f"app={group}", ready=False)
        for pod in pods:
            logs[pod.name] = await run.objects.logs(pod.name)
        if len(pods) == len(MEMBERS) and all("discovery over" in logs[pod.name] for pod in pods):
            return True
        await run.sleep(LOOK_AGAIN_S)
        return False

    await run.until(f"{group} has looked", all_over, LOGS_WITHIN_S)
    for pod, text in sorted(logs.items()):
        run.note(discovery(group, pod, text))


def discovery(group: str, pod: str, text: str) -> Discovery:
    printed = re.findall(r"^look ([\d.]+) round (\d+) (found|missing) ([\w-]+)\.", text, re.MULTILINE)
    looks = [(float(at_s), int(number), what, member) for at_s, number, what, member in printed]
    last = max((number for _, number, _, _ in looks), default=0)
    # How long the first look took is not printed.
    silent = sum(two[2] == "missing" and two[0] - one[0] >= GIVES_UP_S for one, two in pairwise(looks))
    found = [(at_s, number, member) for at_s, number, what, member in looks if what == "found"]
    first = {member: round(at_s - looks[0][0], 2) for at_s, _, member in reversed(found)}
    own = re.search(r"^own name resolves to ?(\S*)", text, re.MULTILINE)
    latest = tuple(sorted(member for _, number, member in found if number == last))
    return Discovery(group, pod, last, silent, latest, first, own[1] if own else "")


async def replace_one(run: Run) -> None:
    """Delete one of the Deployment's pods: its successor is somebody else."""
    labels = f"app={DEPLOYMENT}"
    before = await run.pods_of(labels)
    if len(before) < len(MEMBERS):
        return
    await run.delete_pod(before[0])
    another = partial(newcomer, run, before, labels)
    if new := await run.until("the Deployment has another pod", another, LOGS_WITHIN_S):
        run.note(Swap(before[0].name, new.name))


async def repair(run: Run) -> None:
    """Give the replica that was told an address the name; it goes on where it had stopped."""
    found = await mysql.status(run, BY_ADDRESS)
    file, position = found.get("Master_Log_File"), found.get("Exec_Master_Log_Pos")
    change = f"CHANGE MASTER TO MASTER_HOST='{NAMED[0]}', MASTER_LOG_FILE='{file}', MASTER_LOG_POS={position}"
    told = file and await mysql.must(run, BY_ADDRESS, "STOP SLAVE", change, "START SLAVE")
    if not told or not await mysql.follow(run, (BY_ADDRESS,), "repaired"):
        return
    heard, question = False, f"SELECT COUNT(*) FROM {mysql.DATABASE}.notes WHERE note = 'after'"

    async def has_the_row() -> bool:
        nonlocal heard
        reply = await mysql.sql(run, BY_ADDRESS, question)
        heard = reply.ok
        return reply.rows == (("1",),)

    caught_up = await run.until("the repaired replica has caught up", has_the_row, LOGS_WITHIN_S)
    run.note(Repaired(BY_ADDRESS, bool(caught_up), heard))


# ---- reading it ----


def discoveries(reading: Reading, group: str) -> list[Discovery]:
    """One for each member of a group that printed something, by name."""
    return sorted((one for one in notes(reading, Discovery, group=group) if one.rounds), key=lambda one: one.pod)


def unread(found: list[Discovery], group: str) -> Iterator[Finding]:
    if len(found) < len(MEMBERS):
        yield unsure(f"{group}: {count(len(found))} of {count(len(MEMBERS), 'log')} could be read")


def nobody_found(found: list[Discovery]) -> Iterator[Finding]:
    """Whether members that should find nobody did not; looks that were not answered, as many as a round has, leave it open."""
    yield from (against(one.told) for one in found if one.found)
    deaf = (one for one in found if one.silent >= len(MEMBERS))
    yield from (unsure(f"{one.pod}: {count(one.silent)} of its looks were not answered") for one in deaf)


def looked(found: list[Discovery]) -> str:
    """How often each looked. It is one state that they looked at again and again, so their number says nothing of another."""
    rounds, silent = min((one.rounds for one in found), default=0), sum(one.silent for one in found)
    need(rounds, "nobody looked")
    unheard = f"; {count(silent, 'look')} were not answered" if silent else ""
    return f"in {count(rounds, 'round')} of looks each{unheard}"


# ---- what must hold ----


@checker("report.md: Measured")
def members_find_those_before(reading: Reading) -> Iterator[Finding]:
    """Under OrderedReady each member finds exactly those that were ready before it started, and never itself."""
    found = discoveries(reading, READY)
    yield from unread(found, READY)
    for one in found:
        before = {pod for pod in MEMBERS if pod < one.pod}
        if one.found - before:
            yield against(f"{one.told}, which was not ready before it")
        if before - set(one.found_last):
            yield against_if(not one.silent, one.told)
    yield holds(f"{'; '.join(one.told for one in found)}.")


@checker("report.md: Measured")
def unready_members_have_no_names(reading: Reading) -> Iterator[Finding]:
    """Members that are not ready find nobody; with publishNotReadyAddresses they find all."""
    hidden, early = discoveries(reading, UNREADY), discoveries(reading, EARLY)
    yield from (*unread(hidden, UNREADY), *unread(early, EARLY), *nobody_found(hidden))
    for one in early:
        if len(one.found_last) != len(MEMBERS):
            yield against_if(not one.silent, f"{one.told}, though names of unready pods are published")
    yield holds(f"None of {count(len(hidden), 'member')} that stay unready found another {looked(hidden)}.")
    yield holds(f"With publishNotReadyAddresses each of {count(len(early))} found all.")


@checker("report.md: Measured")
def deployment_finds_nobody(reading: Reading) -> Iterator[Finding]:
    """The same script in a Deployment finds no member, its pods' own names do not resolve, and a successor has another one."""
    found = discoveries(reading, DEPLOYMENT)
    yield from (*unread(found, DEPLOYMENT), *nobody_found(found))
    yield from (against(f"{one.pod} resolves to {one.own_name}") for one in found if one.own_name)
    swap = note(reading, Swap, "no pod of it was replaced")
    if swap.deleted == swap.successor:
        yield against("the successor has the same name")
    yield holds(f"None of {count(len(found), 'pod')} found a member {looked(found)}. None resolved its own name.")
    yield holds(f"{swap.deleted} was replaced by {swap.successor}.")


@checker("report.md: Measured")
def names_survive_addresses_do_not(reading: Reading) -> Iterator[Finding]:
    """After the primary's replacement the replica by name follows, the one by address does not, until it is given the name."""
    missing = "the replicas were not asked after a replacement"
    by_name, by_address = (note(reading, mysql.Replication, missing, phase=one) for one in (NAME_LATER, ADDRESS_LATER))
    moved = note(reading, Source, missing)
    if known(by_name.receives, "the replica by name did not answer") != "Yes":
        yield against(f"the replica by name: {by_name.receives} `{by_name.error}`")
    need(moved.was_at != moved.is_at, "the primary happened to get its old address again")
    if known(by_address.receives, "the replica by address did not answer") == "Yes":
        yield against("the replica by address follows")
    mended = note(reading, Repaired, "the replica by address was not repaired")
    if not mended.has_the_row:
        yield against_if(mended.heard, "the repaired replica lacks the row")
    stuck = f"{by_address.receives} (`{by_address.error or 'no error'}`)"
    yield holds(f"The primary moved from {moved.was_at} to {moved.is_at}. The replica that knows its name follows it.")
    yield holds(f"The replica that knows its address is {stuck}. Given the name it follows too.")


# ---- the unit's questions ----


def members_found(reading: Reading) -> Iterator[str]:
    found = held(reading, members_find_those_before)
    held(reading, unready_members_have_no_names)
    hidden, early = discoveries(reading, UNREADY), discoveries(reading, EARLY)
    latest_ns = round(max(max(one.found_after_s.values()) for one in early) * 1e9)
    rounds = count(min(one.rounds for one in hidden), "round")
    yield f"By names that are known beforehand: mysql-cluster-0 to mysql-cluster-2 below the headless service. While the cluster started: {found}"
    yield "DNS has a pod's name when the pod is Ready, and under OrderedReady a member starts when the one before is Ready."
    yield "None of them found itself: it looked before it was Ready. So one look tells which members came before, not which belong to the cluster."
    yield f"{count(len(hidden), 'member')} that started at once and were not Ready found nobody in {rounds}. Members that wait for each other before they become Ready would wait for ever."
    yield f"With publishNotReadyAddresses {count(len(early))} such members found each other and themselves {at_most_ns(latest_ns)} after their first look."
    yield "(The unit's own script calls nslookup, which the image lacks, so it finds nobody.)"


def names_unstable(reading: Reading) -> Iterator[str]:
    held(reading, deployment_finds_nobody)
    found, swap = discoveries(reading, DEPLOYMENT), note(reading, Swap)
    rounds, pods = count(min(one.rounds for one in found), "round"), count(len(found), "pod")
    yield f"Members could not find each other by name. The same script in a Deployment found none of {count(len(MEMBERS), 'member')} in {rounds}, in each of its {pods}."
    yield f"Its pods are {', '.join(one.pod for one in found)}. No script knows these names, and DNS does not resolve them. The service's name gives the pods' addresses, but not which pod is which."
    yield f"{swap.deleted} was replaced by {swap.successor}, so a configuration with the old name would be wrong."
    yield from if_held(reading, names_survive_addresses_do_not)


def discovery_replication(reading: Reading) -> Iterator[str]:
    held(reading, mysql.rows_arrive)
    held(reading, names_survive_addresses_do_not)
    before, _ = (mysql.arrivals(notes(reading, mysql.WriteRead, row=row)) for row in ("before", "after"))
    yield f"A replica is told CHANGE MASTER TO MASTER_HOST='{NAMED[0]}' and resolves that name at each connection. For comparison {MEMBERS[2]} was told the primary's address."
    yield f"A row written at the primary was read at the replicas ({before})."
    yield "The primary was deleted and came back at another address. The replica by name followed it and read the next row. The replica by address followed only when it was given the name."
    yield "Member 0 is the primary by convention. A name does not decide who replaces it for good: an operator or group replication does."


def headline(reading: Reading) -> str:
    found = discoveries(reading, READY)
    need(len(found) == len(MEMBERS), "what the members found was not read")
    counts = ", ".join(count(len(one.found_last)) for one in found)
    survived = names_survive_addresses_do_not(reading).outcome == "ok"
    kept = " Replication by name survived the primary's replacement." if survived else ""
    return f"While the cluster started, its members found {counts} others, in the order of their start.{kept}"


experiment = Experiment(
    name="cluster-discovery",
    hypothesis="Members find each other by stable names as soon as those are published, which is when pods are ready; replication that is set up by such a name survives the replacement of its source, and replication by a pod's address does not.",
    workload=mysql.cluster("mysql-discovery.yaml"),
    probes=("dns",),
    checkers=(
        *OF_REPLACEMENT,
        members_find_those_before,
        unready_members_have_no_names,
        deployment_finds_nobody,
        mysql.rows_arrive,
        names_survive_addresses_do_not,
    ),
    questions=(
        unit_question("members-found", members_found, "report.md: Measured"),
        unit_question("names-unstable", names_unstable, "report.md: Measured"),
        unit_question("discovery-replication", discovery_replication, "report.md: Measured"),
    ),
    tables=(Discovery, Swap, mysql.Replication, mysql.WriteRead, Source, Repaired, mysql.SqlFailed, Waited),
    headline=headline,
    needs=("reach",),
    uses=("get,create,delete configmaps", "get pods/log"),
    duration_s=90,
    method=method,
    options=("grace", "force"),
)
