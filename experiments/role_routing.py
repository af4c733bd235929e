"""Which pod answers through mysql-primary, mysql-replicas and mysql-internal, and how long are writes impossible when the primary is deleted?"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from chaos.experiment import *

from .shared import mysql
from .shared.course import unit_question

STEADY_WITHIN_S, CONNECTIONS, WRITES = 90, 60, 30
PRIMARY, *REPLICAS = mysql.MEMBERS
NAMED = mysql.NAMED
# As the unit has it, that one selects the primary too.
WRITERS, READERS, ALL, CORRECTED = "mysql-primary", "mysql-replicas", "mysql-internal", "mysql-replicas-only"
READ_ONLY = "ERROR 1290"
EVERY_S, HELD_EVERY_S, COUNT_EVERY_S = 0.05, 0.2, 0.02
LAST = 3  # more failures in a row than lost packets explain
SETTLE_S = 2.0  # kube-proxy and DNS follow the endpoints within a second; then it is quiet
BY_NAME, BY_SERVICE = f"writes by the headless name {NAMED[0]}", f"writes through the service address of {WRITERS}"
READS, HELD = "reads", "held"


class Routing(Answered):
    """Who answered SELECT @@hostname through each name."""

    phase: str


class Strays(Note):
    """Writes through mysql-replicas while replicas accepted writes, and the rows that stand at each pod afterwards."""

    accepted: int
    rows: dict[str, Any]  # None where they were not read


class Writes(Note):
    """Writes of an application while replicas are read-only."""

    through: str
    outcomes: dict[str, Any]


async def method(run: Run) -> None:
    """Set up replication by stable names, count who answers through each service, try writes, delete the primary."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for manifest in ("mysql-services.yaml", "mysql-replicas-only.yaml"):
        await run.apply(manifest)
    for pod in REPLICAS:
        await run.objects.patch("Pod", pod, {"metadata": {"labels": {"mysql-role": "replica"}}})
    if not await mysql.make_primary(run, NAMED[0]) or not await mysql.replicate(run, NAMED[1:], NAMED[0]):
        return
    await run.sleep(SETTLE_S)
    for name in (WRITERS, READERS, ALL, CORRECTED):
        await mysql.sql_answers(run, Routing, name, CONNECTIONS, mysql.APP, phase="before")
    # A second headless service gives each member a second reverse name, and CoreDNS caches what it says of addresses.
    await run.objects.delete("Service", ALL)
    await stray_write(run)
    for host in NAMED[1:]:
        if not await mysql.must(run, host, "SET GLOBAL read_only = 1"):
            return
    for name in (WRITERS, READERS, CORRECTED):
        outcomes = await many_writes(run, name, f"{mysql.DATABASE}.notes (note) VALUES ('many')")
        run.note(Writes(name, dict(outcomes.most_common())))
    await mysql.write_and_read(run, WRITERS, (CORRECTED,), "before")
    watch(run)
    await run.sleep(SETTLE_S)
    async with run.inject(DeletePod(run.target.pods[0], grace_s=run.options.deletion_grace_s)):
        await run.steady_state(within_s=STEADY_WITHIN_S)
        await run.sleep(SETTLE_S)
    if await mysql.follow(run, NAMED[1:], "after the primary's replacement"):
        await mysql.write_and_read(run, WRITERS, (CORRECTED,), "after")
    await mysql.sql_answers(run, Routing, WRITERS, CONNECTIONS, mysql.APP, phase="after")


async def stray_write(run: Run) -> None:
    """Write through mysql-replicas while replicas accept writes: whoever takes it keeps it to itself."""
    table = f"{mysql.DATABASE}.strays"
    if not await mysql.must(run, NAMED[0], f"CREATE TABLE IF NOT EXISTS {table} (taken_by VARCHAR(60))"):
        return
    await run.sleep(1.0)
    outcomes = await many_writes(run, READERS, f"{table} VALUES (@@hostname)")
    await run.sleep(1.0)
    rows = {}
    for pod, host in zip(mysql.MEMBERS, NAMED, strict=True):
        reply = await mysql.sql(run, host, f"SELECT COUNT(*) FROM {table}")
        rows[pod] = int(reply.rows[0][0] or 0) if reply.rows else None
    run.note(Strays(outcomes["OK"], rows))


async def many_writes(run: Run, name: str, into: str) -> Counter[str]:
    """Writes of an application, which is no administrator, by what became of them."""
    question, of = f"INSERT INTO {into}", ("mysql", name, mysql.PORT, WRITES, mysql.APP)
    return Counter(o.status for o in await run.clients.sample(*of, period_s=COUNT_EVERY_S, question=question))


def watch(run: Run) -> None:
    """Writes by both names of the primary, reads from replicas, one long-lived connection by each name."""
    connect = partial(run.clients.watch, "mysql", port=mysql.PORT, login=mysql.APP, period_s=EVERY_S)
    write = partial(connect, question=f"INSERT INTO {mysql.DATABASE}.notes (note) VALUES ('watched')", label="write")
    for client, series in (
        (BY_NAME, write(host=NAMED[0], pod=PRIMARY)),
        (BY_SERVICE, write(host=WRITERS, pod=PRIMARY)),
        (READS, connect(host=CORRECTED)),
        (HELD, run.clients.hold("mysql", WRITERS, mysql.PORT, mysql.APP, period_s=HELD_EVERY_S)),
    ):
        run.note(Watched(client, series.id))


def deletion(reading: Reading) -> FaultWindow:
    """Of the primary. What fails after its window is not its doing."""
    return accepted(reading, "delete-pod", "the primary was not deleted")


def outage_of(reading: Reading, client: str) -> Outage | None:
    deleted = deletion(reading)
    return outage(reading, watched(reading, client), deleted.sent_ns, deleted.ended_ns)


def without_service(reading: Reading, client: str) -> Outage:
    return known(outage_of(reading, client), f"none of the {client} failed")


def routed(reading: Reading, name: str, phase: str = "before") -> Routing:
    return note(reading, Routing, f"who answers through {name} was not asked", asked=name, phase=phase)


def never(looks: int, what: str) -> str:
    return f"{share(None, excluded(looks))} {what}, at 95% confidence"


# ---- what must hold ----


@checker("report.md: Measured")
def primary_is_the_primary(reading: Reading) -> Iterator[Finding]:
    """Only the primary answers through mysql-primary, before and after its replacement."""
    for phase in ("before", "after"):
        one = routed(reading, WRITERS, phase)
        need(one.reached, f"{phase}: nobody answered")
        if set(one.reached) != {PRIMARY}:
            yield against(f"{phase}: {one.told()}")
        yield holds(f"{WRITERS} led {one.told()} {phase} the replacement ({never(one.answers, 'elsewhere')}).")


@checker("report.md: Measured")
def replicas_without_primary(reading: Reading) -> Iterator[Finding]:
    """The unit's mysql-replicas leads to the primary too; the corrected service does not, and reaches every replica."""
    units, better = routed(reading, READERS), routed(reading, CORRECTED)
    if PRIMARY in better.reached:
        yield against(f"{CORRECTED} led to {PRIMARY}")
    yield from (unsure(f"{name} was never led to") for name in REPLICAS if name not in better.reached)
    need(better.reached, f"nobody answered through {CORRECTED}")
    # With three members a primary that is in the service is missed 30 times in a row once in 190 thousand runs.
    if PRIMARY not in units.reached:
        enough = units.answers >= CONNECTIONS / 2
        yield against_if(enough, f"{READERS} did not lead to the primary, though its selector says so: {units.told()}")
    yield holds(f"{READERS} also led to the primary ({units.told()}).")
    yield holds(f"{CORRECTED} did not ({better.told()}; {never(better.answers, 'there')}).")


@checker("report.md: Measured")
def replicas_refuse_writes(reading: Reading) -> Iterator[Finding]:
    """Once replicas are read-only, a write that is led to one is refused with 1290; through mysql-primary none is."""
    for name, wanted in ((WRITERS, {"OK"}), (READERS, {"OK", READ_ONLY}), (CORRECTED, {READ_ONLY})):
        found = note(reading, Writes, f"no writes were tried through {name}", through=name).outcomes
        told = ", ".join(f"{count(n)} {what}" for what, n in found.items())
        # What reached no server says nothing about what it does with a write.
        decided = {what: n for what, n in found.items() if what == "OK" or what.startswith("ERROR")}
        if set(decided) - wanted:
            yield against(f"through {name}: {told}")
        yield from (unsure(f"through {name} there was no {one}: {told}") for one in sorted(wanted - set(found)))
        need(decided, f"through {name} no write was answered")
        yield holds(f"Writes through {name}: {told} ({never(sum(decided.values()), 'another outcome')}).")


@checker("observations.jsonl")
def writes_come_back(reading: Reading) -> Iterator[Finding]:
    """Both ways to the primary fail for a while and work again."""
    until_ns = known(deletion(reading).ended_ns, "the deletion was not watched to its end")
    for client in (BY_NAME, BY_SERVICE):
        series, found = watched(reading, client), without_service(reading, client)
        # A shorter outage may follow the longest one.
        last = [sample.outcome for sample in reading.samples(series, 0, until_ns)][-LAST:]
        if found.ended.before_ns is None or all(one.status != "OK" for one in last):
            yield against_if(all(one.says_something for one in last), f"{client} were not seen to work again")
        elif uncovered(reading, series.record, found.ended.before_ns, until_ns, probe="mysql"):
            yield unsure(f"{client} could not be heard all the time after they had worked again")
        yield holds(f"{client[0].upper()}{client[1:]} failed for {found.lasted()}.")


# ---- the unit's questions ----


def two_outages(reading: Reading) -> Iterator[str]:
    zero_ns = deletion(reading).sent_ns
    for client in (BY_NAME, BY_SERVICE):
        found = without_service(reading, client)
        first = at_most_ms(known(found.began.before_ns, "its begin was not seen") - zero_ns)
        yield f"{client[0].upper()}{client[1:]} failed first {first} after the deletion of {PRIMARY}, for {found.lasted()} ({found.kinds()})."
    yield "The name leaves DNS with the deletion. kube-proxy leads connections to a pod that is being deleted only where the service has no other ready one, as here."


def read_write_split(reading: Reading) -> Iterator[str]:
    held(reading, mysql.rows_arrive)
    primary, better = routed(reading, WRITERS), routed(reading, CORRECTED)
    refused = note(reading, Writes, "no writes were tried", through=CORRECTED).outcomes
    units = routed(reading, READERS)
    there = known(units.reached.get(PRIMARY), f"{READERS} was not seen to lead to the primary")
    yield f"Not as the unit has it: its {READERS} selects every member, and led {out_of(there, units.connections, 'connection')} to the primary."
    yield from where_measured(strayed, reading)
    yield f"A split takes a service that selects replicas only. Of {count(better.connections, 'connection')} {CORRECTED} led {better.told()}."
    yield f"Of {count(primary.connections, 'connection')} {WRITERS} led {primary.told()}."
    read = mysql.arrivals(notes(reading, mysql.WriteRead)[:1])
    yield f"A row written through {WRITERS} was read through {CORRECTED} ({read}): replicas follow the primary by its stable name."
    denied = out_of(refused.get(READ_ONLY, 0), sum(refused.values()))
    yield f"Services only route. Replicas refuse writes by their read_only setting ({denied} with MySQL's error 1290)."


def strayed(reading: Reading) -> str:
    """What became of writes through the unit's own service for reads."""
    strays = note(reading, Strays)
    rows = strays.rows
    need(strays.accepted and None not in rows.values(), "none was accepted, or not all rows were counted")
    others = strays.accepted - rows[PRIMARY]
    # A write that timed out may have been committed: then it is unknown where the accepted ones stand.
    need(sum(rows[pod] - rows[PRIMARY] for pod in REPLICAS) == others, "not all of them could be placed")
    return f"Before replicas were read-only, {out_of(others, strays.accepted, 'row')} written through {READERS} stayed on the one replica that took each."


def separate_services(reading: Reading) -> Iterator[str]:
    yield "Clients name a role, not a pod."
    yield from where_measured(reads_meanwhile, reading)
    yield from two_outages(reading)


def reads_meanwhile(reading: Reading) -> str:
    """What became of them until the primary was back; a few apart from each other are no outage, so they have no length."""
    deleted, series = deletion(reading), watched(reading, READS)
    span = deleted.sent_ns, steady_again_ns(reading, deleted)
    said = [sample.outcome for sample in reading.samples(series, *span)]
    need(said, "nothing was read meanwhile")
    failed, found = [one for one in said if one.status != "OK"], outage(reading, series, *span)
    many = out_of(len(failed), len(said)) if failed else f"none of {count(len(said))}"
    kinds = ", ".join(f"{what} {count(n, 'time') if n > 1 else 'once'}" for what, n in tally(failed).most_common())
    lasted = f", in the longest stretch for {found.lasted()}" if found and found.failures.total() >= LAST else ""
    why = f" ({kinds}){lasted}" if failed else ""
    return f"From the primary's deletion until all was steady again {many} reads through {CORRECTED} failed{why}."


def endpoint_use(reading: Reading) -> Iterator[str]:
    internal = routed(reading, ALL)
    always = f" (here always {PRIMARY})" if primary_is_the_primary(reading).outcome == "ok" else ""
    yield f"Writers use {WRITERS}{always}, readers a service of replicas. Replicas and backup jobs use the headless names."
    yield f"{ALL} gives all members. Of {count(internal.connections, 'connection')} to the first address of each answer it led {internal.told()}."
    kept = outage_of(reading, HELD) if notes(reading, Watched, client=HELD) else None
    if kept and {"EOF", "ECONNRESET"} & {status for status, _ in kept.failures}:
        yield f"A long-lived connection through {WRITERS} ended with the pod ({kept.kinds()}): a pool must open new ones."
    again = [one for one in notes(reading, mysql.Replication) if one.phase != "set up"]
    if again and all(one.receives == "Yes" for one in again):
        followed = out_of(len(again), len(REPLICAS))
        yield f"Replicas use the headless name {NAMED[0]}: {followed} followed it to the new address."


def headline(reading: Reading) -> str:
    named, service = (without_service(reading, client).lasted() for client in (BY_NAME, BY_SERVICE))
    outages = f"When the primary was deleted, writes failed for {named} by its headless name, and for {service} through its service address."
    return " ".join([*where_measured(strayed, reading), outages])


experiment = Experiment(
    name="role-routing",
    hypothesis="Services by role lead writers to the primary and readers to replicas, if their selectors and the members' settings say so; after the primary's replacement both work again, by stable names alone.",
    workload=mysql.cluster("mysql-cluster.yaml"),
    probes=("dns",),
    checkers=(
        *OF_REPLACEMENT,
        primary_is_the_primary,
        replicas_without_primary,
        replicas_refuse_writes,
        mysql.rows_arrive,
        writes_come_back,
    ),
    questions=(
        unit_question("read-write-split", read_write_split, "report.md: Measured"),
        unit_question("separate-services", separate_services, "observations.jsonl"),
        unit_question("endpoint-use", endpoint_use, "report.md: Measured"),
    ),
    tables=(mysql.Replication, Routing, Strays, Writes, mysql.WriteRead, mysql.SqlFailed, Waited),
    headline=headline,
    needs=("reach",),
    uses=("patch pods",),
    timeout_s=240,
    method=method,
    options=("grace", "force"),
)
