"""Which pod answers through mysql-primary, mysql-replicas and mysql-internal, and how long are writes impossible when the primary is deleted?"""

from collections import Counter

from chaos.experiment import (
    DeletePod,
    Experiment,
    Fact,
    FaultWindow,
    Outage,
    Reading,
    Run,
    Series,
    Verdict,
    Workload,
    combine,
    fact,
    facts,
    ms,
    outage,
)

from .shared.course import unit_question
from .shared.mysql import APP, DATABASE, PORT, follow, make_primary, must, replicate, sql, write_and_read

STEADY_WITHIN_S = 90
CONNECTIONS = 60
PRIMARY = "mysql-cluster-0"
REPLICAS = ("mysql-cluster-1", "mysql-cluster-2")
NAMED = tuple(f"{pod}.mysql-cluster" for pod in (PRIMARY, *REPLICAS))
ROUTES = ("mysql-primary", "mysql-replicas", "mysql-internal", "mysql-replicas-only")
WRITES = 30
READ_ONLY = "ERROR 1290"
EVERY_S = 0.05
# More failures in a row than lost packets explain.
LAST = 3
# kube-proxy and DNS follow the endpoints within a second; then it is quiet.
SETTLE_S = 2.0


async def method(run: Run) -> None:
    """Set up replication by stable names, count who answers through each service, try writes, delete the primary."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await run.apply("mysql-services.yaml")
    await run.apply("mysql-replicas-only.yaml")
    for pod in REPLICAS:
        await run.objects.patch("Pod", pod, {"metadata": {"labels": {"mysql-role": "replica"}}})
    if not await make_primary(run, NAMED[0]) or not await replicate(run, NAMED[1:], NAMED[0]):
        return
    await run.sleep(SETTLE_S)
    for name in ROUTES:
        await who_answers(run, name)
    # A second headless service gives each member a second reverse name, and CoreDNS caches what it says of addresses.
    await run.objects.delete("Service", "mysql-internal")
    await stray_write(run)
    if not await must(run, NAMED[1], "SET GLOBAL read_only = 1") or not await must(
        run, NAMED[2], "SET GLOBAL read_only = 1"
    ):
        return
    await many_writes(run, "mysql-primary")
    await many_writes(run, "mysql-replicas")
    await many_writes(run, "mysql-replicas-only")
    await write_and_read(run, "mysql-primary", ("mysql-replicas-only",), "before")
    watch(run)
    await run.sleep(SETTLE_S)
    async with run.inject(DeletePod(run.target.pods[0], grace_s=run.options.deletion_grace_s)):
        await run.steady_state(within_s=STEADY_WITHIN_S)
        await run.sleep(SETTLE_S)
    if await follow(run, NAMED[1:], "after the primary's replacement"):
        await write_and_read(run, "mysql-primary", ("mysql-replicas-only",), "after")
    await who_answers(run, "mysql-primary", "after")


async def who_answers(run: Run, name: str, phase: str = "before") -> None:
    outcomes = await run.clients.sample("mysql", name, PORT, CONNECTIONS, APP, period_s=0.02)
    counts = Counter(o.values[0] if o.status == "OK" else f"{o.status} ({o.phase})" for o in outcomes)
    run.mark("routing", through=name, phase=phase, connections=len(outcomes), answered=dict(counts.most_common()))


async def stray_write(run: Run) -> None:
    """Write through mysql-replicas while replicas accept writes: whoever takes it keeps it to itself."""
    if not await must(run, NAMED[0], f"CREATE TABLE IF NOT EXISTS {DATABASE}.strays (taken_by VARCHAR(60))"):
        return
    await run.sleep(1.0)
    statement = f"INSERT INTO {DATABASE}.strays VALUES (@@hostname)"
    outcomes = await run.clients.sample("mysql", "mysql-replicas", PORT, WRITES, APP, question=statement, period_s=0.02)
    await run.sleep(1.0)
    rows = {}
    for host in NAMED:
        reply = await sql(run, host, f"SELECT COUNT(*) FROM {DATABASE}.strays")
        rows[host.partition(".")[0]] = int(reply.rows[0][0] or 0) if reply.rows else None
    run.mark("strays", through="mysql-replicas", accepted=sum(o.status == "OK" for o in outcomes), rows=rows)


async def many_writes(run: Run, name: str) -> None:
    """Writes of an application, which is no administrator, now that replicas are read-only."""
    statement = f"INSERT INTO {DATABASE}.notes (note) VALUES ('many')"
    outcomes = await run.clients.sample("mysql", name, PORT, WRITES, APP, question=statement, period_s=0.02)
    counts = Counter(o.status for o in outcomes)
    run.mark("writes", through=name, tried=len(outcomes), outcomes=dict(counts.most_common()))


def watch(run: Run) -> None:
    """Writes by both names of the primary, reads from replicas, one long-lived connection by each name."""
    statement = f"INSERT INTO {DATABASE}.notes (note) VALUES ('watched')"
    for role, host in (("headless", NAMED[0]), ("service", "mysql-primary")):
        series = run.clients.watch(
            "mysql", host, PORT, APP, question=statement, period_s=EVERY_S, pod=PRIMARY, label="write"
        )
        run.mark("watch", role=role, series=series.id)
    reads = run.clients.watch("mysql", "mysql-replicas-only", PORT, APP, period_s=EVERY_S)
    run.mark("watch", role="reads", series=reads.id)
    held = run.clients.hold("mysql", "mysql-primary", PORT, APP, period_s=0.2)
    run.mark("watch", role="held", series=held.id)


# ---- reading it ----


def series_of_role(reading: Reading, role: str) -> Series | None:
    found = fact(reading, "watch", role=role)
    return next((s for s in reading.series if found is not None and s.id == found["series"]), None)


def outage_of(reading: Reading, role: str) -> Outage | None:
    series = series_of_role(reading, role)
    deleted = deletion(reading)
    return None if series is None or deleted is None else outage(reading, series, deleted.sent_ns, deleted.ended_ns)


def deletion(reading: Reading) -> FaultWindow | None:
    """Of the primary. What fails after its window is not its doing."""
    return next((f for f in reading.faults if f.accepted_ns is not None), None)


def failing_at_end(reading: Reading, role: str) -> bool:
    """Whether the last few samples of the deletion's window failed: a shorter outage after the longest one."""
    series, deleted = series_of_role(reading, role), deletion(reading)
    if series is None or deleted is None or deleted.ended_ns is None:
        return False
    last = list(reading.samples(series, 0, deleted.ended_ns))[-LAST:]
    return all(o.outcome.status != "OK" for o in last)


def routed(reading: Reading, name: str, phase: str = "before") -> Fact | None:
    return fact(reading, "routing", through=name, phase=phase)


def pods_in(found: Fact) -> dict[str, int]:
    """Who answered; failures are not pods."""
    return {who: n for who, n in found["answered"].items() if who in (PRIMARY, *REPLICAS)}


def counted(found: Fact) -> str:
    return ", ".join(f"{n} to {who}" for who, n in sorted(found["answered"].items()))


def bounds(found: Outage) -> str:
    length = found.length_ns
    if length.before_ns is None:
        return f"at least {ms(length.after_ns)}, and it had not ended"
    return f"{ms(length.after_ns)} to {ms(length.before_ns)}"


# ---- what must hold ----


def primary_is_the_primary(reading: Reading) -> Verdict:
    """Only the primary answers through mysql-primary, before and after its replacement."""
    asked = [f for phase in ("before", "after") if (f := routed(reading, "mysql-primary", phase))]
    failures = [f"{f['phase']}: {counted(f)}" for f in asked if set(pods_in(f)) - {PRIMARY}]
    unknowns = [] if len(asked) == 2 else ["it was not asked both times"]  # noqa: PLR2004 - before and after
    unknowns += [f"{f['phase']}: nobody answered" for f in asked if not pods_in(f)]
    success = f"mysql-primary led to {PRIMARY} each time: {'; '.join(f'''{f['phase']} {counted(f)}''' for f in asked)}."
    return combine(
        "primary-is-the-primary",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def replicas_without_primary(reading: Reading) -> Verdict:
    """The unit's mysql-replicas leads to the primary too; the corrected service does not, and reaches every replica."""
    units, better = routed(reading, "mysql-replicas"), routed(reading, "mysql-replicas-only")
    if units is None or better is None:
        return combine(
            "replicas-without-primary", failures=(), unknowns=("not both services were asked",), success="", evidence=()
        )
    failures = [f"mysql-replicas-only led to {PRIMARY}"] if PRIMARY in pods_in(better) else []
    unknowns = [f"{name} was never led to" for name in REPLICAS if name not in pods_in(better)]
    # With three members a primary that is in the service is missed 60 times in a row once in 36 thousand million runs.
    if PRIMARY not in pods_in(units):
        failures.append("mysql-replicas did not lead to the primary, though its selector says so")
    success = (
        f"mysql-replicas also led to the primary ({counted(units)}); mysql-replicas-only did not ({counted(better)})."
    )
    return combine(
        "replicas-without-primary",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def replicas_refuse_writes(reading: Reading) -> Verdict:
    """Once replicas are read-only, a write that is led to one is refused with 1290; through mysql-primary none is."""
    found = {f["through"]: f["outcomes"] for f in facts(reading, "writes")}
    if set(found) != {"mysql-primary", "mysql-replicas", "mysql-replicas-only"}:
        return combine(
            "replicas-refuse-writes", failures=(), unknowns=("not all writes were tried",), success="", evidence=()
        )
    wanted = {"mysql-primary": {"OK"}, "mysql-replicas": {"OK", READ_ONLY}, "mysql-replicas-only": {READ_ONLY}}
    failures = [f"through {name}: {found[name]}" for name in wanted if set(found[name]) != wanted[name]]
    success = f"Writes as an application, by outcome: {'; '.join(f'{name} {one}' for name, one in found.items())}."
    return combine(
        "replicas-refuse-writes",
        failures=failures,
        unknowns=(),
        success=success.replace("{", "").replace("}", ""),
        evidence=(),
    )


def rows_arrive(reading: Reading) -> Verdict:
    """A row written through the primary is read through a replica, before and after the primary's replacement."""
    found = facts(reading, "write-read")
    failures = [
        f"the row {f['row']!r} was not read at {f['read'] or 'all'}" for f in found if f.get("before_ms") is None
    ]
    rows = {f["row"] for f in found}
    unknowns = [f"no row was written {phase}" for phase in ("before", "after") if phase not in rows]
    success = f"Rows written through mysql-primary were read through mysql-replicas-only: {arrivals(found)}."
    return combine(
        "rows-arrive", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",)
    )


def arrivals(found: list[Fact]) -> str:
    return ", ".join(
        f"(the row {f['row']!r}) {f['after_ms']:.1f} to {f['before_ms']:.1f} ms after the commit"
        for f in found
        if f.get("before_ms") is not None
    )


def writes_come_back(reading: Reading) -> Verdict:
    """Both ways to the primary fail for a while and work again."""
    roles = ("headless", "service")
    found = {role: outage_of(reading, role) for role in roles if series_of_role(reading, role) is not None}
    unknowns = [f"writes by {role} were not watched" for role in roles if role not in found]
    unknowns += [f"no write by {role} failed" for role, one in found.items() if one is None]
    failures = [
        f"writes by {role} did not work again"
        for role, one in found.items()
        if one and (one.ended.before_ns is None or failing_at_end(reading, role))
    ]
    success = (
        f"Writes were impossible for {'; '.join(f'{bounds(one)} by {role}' for role, one in found.items() if one)}."
    )
    return combine(
        "writes-come-back",
        failures=failures,
        unknowns=unknowns,
        success=success.replace("by headless", f"by {NAMED[0]}").replace("by service", "by mysql-primary"),
        evidence=("observations.jsonl",),
    )


# ---- the unit's questions ----


def two_outages(reading: Reading) -> str:
    headless, service = outage_of(reading, "headless"), outage_of(reading, "service")
    if headless is None or service is None:
        return ""
    start = next(f.sent_ns for f in reading.faults if f.accepted_ns is not None)
    first = [one.began.before_ns - start for one in (headless, service) if one.began.before_ns is not None]
    return (
        f"When {PRIMARY} was deleted, writes by its headless name {NAMED[0]} failed first after {ms(first[0])} and for {bounds(headless)} "
        f"({headless.kinds()}); writes through the service address of mysql-primary failed first after {ms(first[1])} and for {bounds(service)} "
        f"({service.kinds()}). The name leaves DNS when the deletion is accepted, while kube-proxy goes on sending to a pod that "
        "still serves, until it ends."
    )


def read_write_split(reading: Reading) -> str:
    primary, better = routed(reading, "mysql-primary"), routed(reading, "mysql-replicas-only")
    writes = {f["through"]: f["outcomes"] for f in facts(reading, "writes")}
    found = facts(reading, "write-read")
    if primary is None or better is None or not writes or not found or rows_arrive(reading).outcome != "ok":
        return ""
    strays, units = fact(reading, "strays"), routed(reading, "mysql-replicas")
    lost = ""
    if (
        strays is not None
        and units is not None
        and PRIMARY in pods_in(units)
        and None not in strays["rows"].values()
        # A write that timed out may have been committed: then it is unknown where the accepted ones stand.
        and sum(strays["rows"][pod] - strays["rows"][PRIMARY] for pod in REPLICAS)
        == strays["accepted"] - strays["rows"][PRIMARY]
    ):
        rows, accepted = strays["rows"], strays["accepted"]
        lost = (
            f" As the unit has it, it does not: its mysql-replicas selects every member and led {pods_in(units)[PRIMARY]} of {units['connections']} "
            f"connections to the primary. Of {accepted} writes that were accepted through it before replicas were read-only, {rows[PRIMARY]} reached the "
            f"primary and so every member; the other {accepted - rows[PRIMARY]} stand on the one replica that took them ({', '.join(f'{pod} has {n} rows' for pod, n in rows.items())})."
        )
    refused = writes.get("mysql-replicas-only", {}).get(READ_ONLY, 0)
    return (
        f"One name for writes and one for reads: of {primary['connections']} connections mysql-primary led {counted(primary)}; a service that "
        f"selects replicas only led {counted(better)}. A row written through the first was read through the second {arrivals(found[:1])}, because "
        f"replicas follow the primary by its stable name. Services only route: that replicas refuse writes ({refused} of {WRITES} with MySQL's error 1290) "
        f"is their read_only setting.{lost}"
    )


def separate_services(reading: Reading) -> str:
    said = two_outages(reading)
    reads = series_of_role(reading, "reads")
    deleted = deletion(reading)
    if not said or reads is None or deleted is None or deleted.ended_ns is None:
        return ""
    tried = sum(1 for _ in reading.samples(reads, deleted.sent_ns, deleted.ended_ns))
    if not tried:
        return ""
    failed = outage(reading, reads, deleted.sent_ns, deleted.ended_ns)
    went_on = (
        f", and each role fails on its own: from the primary's deletion until all was steady again none of {tried} reads through mysql-replicas-only failed"
        if failed is None
        else f". From the primary's deletion until all was steady again reads through mysql-replicas-only failed for {bounds(failed)} at the longest ({failed.kinds()})"
    )
    return (
        f"Clients name a role, not a pod{went_on}. {said} "
        "Who may read and who may write can be set apart, too: the service, its selector, its account."
    )


def endpoint_use(reading: Reading) -> str:
    internal, primary = routed(reading, "mysql-internal"), routed(reading, "mysql-primary")
    held = outage_of(reading, "held")
    again = [f for f in facts(reading, "replication") if f["phase"] != "set up"]
    if internal is None or primary is None:
        return ""
    kept = (
        ""
        if held is None or not {"EOF", "ECONNRESET"} & {status for status, _ in held.failures}
        else f" A long-lived connection through mysql-primary ended with the pod ({held.kinds()}): a pool must open new ones."
    )
    always = f" (here always {PRIMARY})" if primary_is_the_primary(reading).outcome == "ok" else ""
    followed = (
        f" Replicas use the headless name {NAMED[0]}: after the replacement {len(again)} of {len(REPLICAS)} followed the new address without being told."
        if again and all(f["receives"] == "Yes" for f in again)
        else ""
    )
    return (
        f"Writers use mysql-primary{always}, readers a service of replicas, and those that must know each member, such as replicas and "
        f"backup jobs, the headless names. mysql-internal gives all members at once; of {internal['connections']} connections it led {counted(internal)}, "
        f"each to the first address of its own answer.{kept}{followed}"
    )


def headline(reading: Reading) -> str:
    headless, service = outage_of(reading, "headless"), outage_of(reading, "service")
    where = "On the simulated cluster writes" if reading.meta.simulated else "Writes"
    if headless is None or service is None:
        return f"{where} during the primary's deletion were not measured by both names."
    return (
        f"{where} were impossible for {bounds(headless)} by the primary's headless name and for {bounds(service)} through its service address "
        "when the primary was deleted."
    )


experiment = Experiment(
    name="role-routing",
    hypothesis=(
        "Services by role lead writers to the primary and readers to replicas, if their selectors and the members' settings say so; "
        "after the primary's replacement both work again, by stable names alone."
    ),
    workload=Workload(
        manifests=("mysql-cluster.yaml",), statefulset="mysql-cluster", service="mysql-cluster", port=PORT
    ),
    probes=("dns",),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
        primary_is_the_primary,
        replicas_without_primary,
        replicas_refuse_writes,
        rows_arrive,
        writes_come_back,
    ),
    questions=(
        unit_question("read-write-split", read_write_split, "report.md: Measured"),
        unit_question("separate-services", separate_services, "observations.jsonl"),
        unit_question("endpoint-use", endpoint_use, "report.md: Measured"),
    ),
    tables={
        "replication": "Replicas, as SHOW SLAVE STATUS says:",
        "routing": "Who answered SELECT @@hostname through each name:",
        "strays": "Writes through mysql-replicas while replicas accepted writes:",
        "writes": "Writes of an application while replicas are read-only:",
        "write-read": "A row written through the primary and read through a replica (milliseconds from the commit):",
        "sql-failed": "Statements that failed:",
        "waited": "Waits of the method:",
    },
    headline=headline,
    needs=("reach",),
    uses=("patch pods",),
    timeout_s=240,
    duration_s=60,
    method=method,
)
