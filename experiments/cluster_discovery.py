"""How do the members of a MySQL cluster find each other while it starts, and what does replication by a stable name survive?"""

import re

from chaos.experiment import (
    DeletePod,
    Experiment,
    Fact,
    Reading,
    Run,
    Verdict,
    Workload,
    combine,
    fact,
    facts,
)

from .shared.course import unit_question
from .shared.mysql import PORT, follow, make_primary, must, replicate, sql, status, write_and_read

STEADY_WITHIN_S = 120
MEMBERS = ("mysql-cluster-0", "mysql-cluster-1", "mysql-cluster-2")
NAMED = tuple(f"{pod}.mysql-cluster" for pod in MEMBERS)
BY_NAME, BY_ADDRESS = NAMED[1], NAMED[2]
GROUPS = ("mysql-cluster", "mysql-unready", "mysql-early", "mysql-deployment")
LOGS_WITHIN_S = 40
LOOK_AGAIN_S = 0.5
SETTLE_S = 4.0
_LOOK = re.compile(
    r"^look (?P<at>[\d.]+) round (?P<round>\d+) (?P<what>found|missing) (?P<member>[\w-]+)\.", re.MULTILINE
)
_OWN = re.compile(r"^own name resolves to ?(?P<address>\S*)", re.MULTILINE)


async def method(run: Run) -> None:
    """Read what each member found; then members that are not ready, and a Deployment's; then replication by name and by address."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for manifest in ("mysql-unready.yaml", "mysql-early.yaml", "mysql-deployment.yaml"):
        await run.apply(manifest)
    if not await make_primary(run, NAMED[0]) or not await replicate(run, (BY_NAME,), NAMED[0]):
        return
    if not await replicate(run, (BY_ADDRESS,), run.target.pods[0].address):
        return
    await write_and_read(run, NAMED[0], NAMED[1:], "before")
    for group in GROUPS:
        await read_logs(run, group)
    await replace_one(run)
    before = run.target.pods[0]
    async with run.inject(DeletePod(before, grace_s=run.options.deletion_grace_s)):
        await run.steady_state(within_s=STEADY_WITHIN_S)
        await follow(run, (BY_NAME,), "by name, after the replacement")
        await run.sleep(SETTLE_S)
    after = next((pod for pod in run.target.pods if pod.name == before.name), before)
    run.mark("source", pod=before.name, was_at=before.address, is_at=after.address)
    await note_status(run, BY_ADDRESS, "by address, after the replacement")
    await write_and_read(run, NAMED[0], (BY_NAME,), "after")
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
        note_discovery(run, group, pod, text)


def note_discovery(run: Run, group: str, pod: str, text: str) -> None:
    looks = [(float(m["at"]), int(m["round"]), m["what"], m["member"]) for m in _LOOK.finditer(text)]
    if not looks:
        run.mark("discovery", group=group, pod=pod, rounds=0)
        return
    start_s, last = looks[0][0], max(number for _, number, _, _ in looks)
    first: dict[str, float] = {}
    for at_s, _, what, member in looks:
        if what == "found":
            first.setdefault(member, round(at_s - start_s, 2))
    own = _OWN.search(text)
    run.mark(
        "discovery",
        group=group,
        pod=pod,
        rounds=last,
        found_first=sorted(m for _, number, what, m in looks if what == "found" and number == 1),
        found_last=sorted(m for _, number, what, m in looks if what == "found" and number == last),
        found_after_s=first,
        own_name=own["address"] if own else "",
    )


async def replace_one(run: Run) -> None:
    """Delete one of the Deployment's pods: its successor is somebody else."""
    before = await run.pods_of("app=mysql-deployment")
    if len(before) < len(MEMBERS):
        return
    known = {pod.name for pod in before}
    await run.delete_pod(before[0])

    async def successor() -> str:
        pods = await run.pods_of("app=mysql-deployment")
        return next((pod.name for pod in pods if pod.name not in known), "")

    new = await run.until("the Deployment has another pod", successor, LOGS_WITHIN_S)
    if new:
        run.mark("successor", deleted=before[0].name, successor=new)


async def note_status(run: Run, host: str, phase: str) -> None:
    found = await status(run, host)
    run.mark(
        "replication",
        phase=phase,
        replica=host,
        source=found.get("Master_Host"),
        receives=found.get("Slave_IO_Running"),
        applies=found.get("Slave_SQL_Running"),
        error=found.get("Last_IO_Error") or found.get("Last_SQL_Error") or "",
    )


async def repair(run: Run) -> None:
    """Give the replica that was told an address the name; it goes on where it had stopped."""
    found = await status(run, BY_ADDRESS)
    file, position = found.get("Master_Log_File"), found.get("Exec_Master_Log_Pos")
    if not file:
        return
    done = await must(
        run,
        BY_ADDRESS,
        "STOP SLAVE",
        f"CHANGE MASTER TO MASTER_HOST='{NAMED[0]}', MASTER_LOG_FILE='{file}', MASTER_LOG_POS={position}",
        "START SLAVE",
    )
    if done and await follow(run, (BY_ADDRESS,), "repaired"):

        async def has_the_row() -> bool:
            reply = await sql(run, BY_ADDRESS, "SELECT COUNT(*) FROM clusterdb.notes WHERE note = 'after'")
            return reply.rows == (("1",),)

        caught_up = await run.until("the repaired replica has caught up", has_the_row, LOGS_WITHIN_S)
        run.mark("repaired", replica=BY_ADDRESS, has_the_row=bool(caught_up))


# ---- reading it ----


def discoveries(reading: Reading, group: str) -> list[Fact]:
    """One for each pod that printed something."""
    return [f for f in facts(reading, "discovery", group=group) if f["rounds"]]


def said_of(found: Fact) -> str:
    names = ", ".join(found["found_last"]) or "nobody"
    return f"{found['pod']} found {names}"


def phase(reading: Reading, name: str) -> Fact | None:
    return fact(reading, "replication", phase=name)


# ---- what must hold ----


def members_find_those_before(reading: Reading) -> Verdict:
    """Under OrderedReady each member finds exactly those that were ready before it started, and never itself."""
    found = {f["pod"]: f for f in discoveries(reading, "mysql-cluster")}
    unknowns = [f"{pod} printed nothing that can be read" for pod in MEMBERS if pod not in found]
    failures = [
        f"{pod} found {', '.join(found[pod]['found_last']) or 'nobody'}"
        for number, pod in enumerate(MEMBERS)
        if pod in found and found[pod]["found_last"] != list(MEMBERS[:number])
    ]
    success = f"{'; '.join(said_of(found[pod]) for pod in MEMBERS if pod in found)}."
    return combine(
        "members-find-those-before",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def unready_members_have_no_names(reading: Reading) -> Verdict:
    """Members that are not ready find nobody; with publishNotReadyAddresses they find all."""
    hidden, early = discoveries(reading, "mysql-unready"), discoveries(reading, "mysql-early")
    unknowns = [
        f"{name}: {len(found)} of {len(MEMBERS)} logs"
        for name, found in (("mysql-unready", hidden), ("mysql-early", early))
        if len(found) != len(MEMBERS)
    ]
    failures = [said_of(f) for f in hidden if f["found_after_s"]]
    failures += [
        f"{said_of(f)}, though names of unready pods are published"
        for f in early
        if len(f["found_last"]) != len(MEMBERS)
    ]
    success = f"Of members that stay unready none found another in {max((f['rounds'] for f in hidden), default=0)} rounds; with publishNotReadyAddresses each found all {len(MEMBERS)}."
    return combine(
        "unready-members-have-no-names",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def deployment_finds_nobody(reading: Reading) -> Verdict:
    """The same script in a Deployment finds no member, its pods' own names do not resolve, and a successor has another one."""
    found, swap = discoveries(reading, "mysql-deployment"), fact(reading, "successor")
    unknowns = [] if len(found) >= len(MEMBERS) else [f"{len(found)} of {len(MEMBERS)} logs"]
    unknowns += [] if swap else ["no pod of it was replaced"]
    failures = [said_of(f) for f in found if f["found_after_s"]] + [
        f"{f['pod']} resolves to {f['own_name']}" for f in found if f["own_name"]
    ]
    failures += ["the successor has the same name"] if swap and swap["deleted"] == swap["successor"] else []
    success = f"None of {len(found)} pods found a member or its own name in DNS; {swap['deleted'] if swap else ''} was replaced by {swap['successor'] if swap else ''}."
    return combine(
        "deployment-finds-nobody",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def rows_arrive(reading: Reading) -> Verdict:
    """A row written at the primary, found by its name, is read at replicas."""
    found = facts(reading, "write-read")
    failures = [
        f"the row {f['row']!r} was not read at {f['read'] or 'any'}" for f in found if f.get("before_ms") is None
    ]
    unknowns = [
        f"no row was written {when} the replacement"
        for when in ("before", "after")
        if when not in {f["row"] for f in found}
    ]
    return combine(
        "rows-arrive",
        failures=failures,
        unknowns=unknowns,
        success=f"Rows were read: {arrivals(found)}.",
        evidence=("report.md: Measured",),
    )


def arrivals(found: list[Fact]) -> str:
    read = [f for f in found if f.get("before_ms") is not None]
    return ", ".join(
        f"the row {f['row']!r} at {f['read'].partition('.')[0]} {f['after_ms']:.1f} to {f['before_ms']:.1f} ms after its commit"
        for f in read
    )


def names_survive_addresses_do_not(reading: Reading) -> Verdict:
    """After the primary's replacement the replica by name follows, the one by address does not, until it is given the name."""
    name = "names-survive-addresses-do-not"
    by_name, by_address = (
        phase(reading, "by name, after the replacement"),
        phase(reading, "by address, after the replacement"),
    )
    moved, mended = fact(reading, "source"), fact(reading, "repaired")
    if by_name is None or by_address is None or moved is None:
        return combine(
            name, failures=(), unknowns=("the replicas were not asked after a replacement",), success="", evidence=()
        )
    unknowns = [] if moved["was_at"] != moved["is_at"] else ["the primary happened to get its old address again"]
    failures = (
        [] if by_name["receives"] == "Yes" else [f"the replica by name: {by_name['receives']} {by_name['error']}"]
    )
    failures += ["the replica by address follows"] if by_address["receives"] == "Yes" and not unknowns else []
    unknowns += [] if mended else ["the replica by address was not repaired"]
    failures += ["the repaired replica lacks the row"] if mended and not mended["has_the_row"] else []
    success = f"{moved['was_at']} became {moved['is_at']}: the replica that knows the name follows, the one that knows the address is {by_address['receives']} ({by_address['error'] or 'no error'}), and with the name it follows too."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


# ---- the unit's questions ----


def members_found(reading: Reading) -> str:
    found = {f["pod"]: f for f in discoveries(reading, "mysql-cluster")}
    hidden, early = discoveries(reading, "mysql-unready"), discoveries(reading, "mysql-early")
    if members_find_those_before(reading).outcome != "ok" or unready_members_have_no_names(reading).outcome != "ok":
        return ""
    latest = max(max(f["found_after_s"].values()) for f in early)
    return (
        "By names that are known beforehand: mysql-cluster-0 to mysql-cluster-2 below the headless service, asked of DNS one after the other. While the cluster started, "
        f"{'; '.join(said_of(found[pod]) for pod in MEMBERS)}: a name is there when its pod is ready, under OrderedReady a member starts when the one before is, and no member "
        "finds itself, since it looks before its server accepts connections. Looking once therefore tells who came before, not who belongs to the cluster. Members that start "
        f"before their peers' records exist conclude that they are alone: {len(hidden)} members started at once and not yet ready found nobody in {hidden[0]['rounds']} rounds, "
        f"and if they had waited for each other before becoming ready, they would have waited for ever. With publishNotReadyAddresses on the headless service {len(early)} such members found "
        f"each other within {latest:.1f} s of their first look. (The unit's own script calls nslookup, which the image lacks, so it finds nobody at any time.)"
    )


def names_unstable(reading: Reading) -> str:
    found, swap, moved = discoveries(reading, "mysql-deployment"), fact(reading, "successor"), fact(reading, "source")
    by_address = phase(reading, "by address, after the replacement")
    if deployment_finds_nobody(reading).outcome != "ok" or swap is None or moved is None or by_address is None:
        return ""
    stale = (
        f" A replica that had been given the primary's address instead of its name shows the same: {moved['was_at']} became {moved['is_at']}, and it stayed at "
        f"{by_address['receives']} ({by_address['error']})."
        if names_survive_addresses_do_not(reading).outcome == "ok"
        else ""
    )
    return (
        f"Nobody could be found. The same script in a Deployment found none of {len(MEMBERS)} members in {found[0]['rounds']} rounds, in each of its {len(found)} pods: they are called "
        f"{', '.join(f['pod'] for f in found)}, which no script can know, and DNS has no name for them, not even their own. {swap['deleted']} was deleted and became "
        f"{swap['successor']}; whatever was configured with the old name would have to be changed.{stale}"
    )


def discovery_replication(reading: Reading) -> str:
    set_up = facts(reading, "replication", phase="set up")
    if not set_up or rows_arrive(reading).outcome != "ok" or names_survive_addresses_do_not(reading).outcome != "ok":
        return ""
    rows = facts(reading, "write-read")
    return (
        f"As here: a replica is told CHANGE MASTER TO MASTER_HOST='{NAMED[0]}' and resolves that name itself, again at each connection; for comparison {BY_ADDRESS.partition('.')[0]} was told "
        f"the primary's address instead. A row written at the primary was read at the replicas "
        f"({arrivals([f for f in rows if f['row'] == 'before'])}). The primary was then deleted and came back with another address; the replica by name followed it without being told "
        f"({arrivals([f for f in rows if f['row'] == 'after'])}), the one by address did so only when it was given the name. Member 0 is the primary by convention and the others follow it; what no name "
        "can decide is who becomes the primary when it does not come back: that is the work of an operator or of group replication."
    )


def headline(reading: Reading) -> str:
    found = {f["pod"]: f for f in discoveries(reading, "mysql-cluster")}
    where = "On the simulated cluster" if reading.meta.simulated else "While the cluster started"
    if len(found) < len(MEMBERS):
        return "What the members found while the cluster started was not read."
    counts = ", ".join(str(len(found[pod]["found_last"])) for pod in MEMBERS)
    follows = phase(reading, "by name, after the replacement")
    kept = (
        " Replication by name survived the primary's replacement." if follows and follows["receives"] == "Yes" else ""
    )
    return f"{where} the three members found {counts} others, in the order in which they started.{kept}"


experiment = Experiment(
    name="cluster-discovery",
    hypothesis=(
        "Members find each other by stable names as soon as those are published, which is when pods are ready; replication that is set up by such a name "
        "survives the replacement of its source, and nothing else does."
    ),
    workload=Workload(
        manifests=("mysql-discovery.yaml",), statefulset="mysql-cluster", service="mysql-cluster", port=PORT
    ),
    probes=("dns",),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
        members_find_those_before,
        unready_members_have_no_names,
        deployment_finds_nobody,
        rows_arrive,
        names_survive_addresses_do_not,
    ),
    questions=(
        unit_question("members-found", members_found, "report.md: Measured"),
        unit_question("names-unstable", names_unstable, "report.md: Measured"),
        unit_question("discovery-replication", discovery_replication, "report.md: Measured"),
    ),
    tables={
        "discovery": "What each member's script printed (seconds since its first look, by its own clock):",
        "successor": "A pod of the Deployment, replaced:",
        "replication": "Replicas, as SHOW SLAVE STATUS says:",
        "write-read": "A row written at the primary and read at a replica (milliseconds from the commit):",
        "source": "The primary's addresses:",
        "repaired": "The replica by address, given the name:",
        "sql-failed": "Statements that failed:",
        "waited": "Waits of the method:",
    },
    headline=headline,
    needs=("reach",),
    uses=("get,create,delete configmaps", "get pods/log"),
    timeout_s=300,
    duration_s=90,
    method=method,
)
