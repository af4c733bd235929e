"""What do programs see of DNS servers that answer late, or not always, and what tells the two apart?"""

from collections import Counter
from dataclasses import dataclass

from chaos.experiment import (
    Bound,
    Experiment,
    Question,
    Reading,
    Run,
    Verdict,
    Workload,
    combine,
    fact,
    facts,
    ms,
    seconds,
    show,
    summarise,
)

STEADY_WITHIN_S = 60
SERVERS_WITHIN_S = 60
# Servers that were replaced go on answering for their lameduck time (kubeadm: 5 s).
SETTLE_S = 6.0
WATCH_S = 30.0
# A lookup takes at most 5 s twice; those that began in time are seen to their end.
LONGEST_S = 10.5
PERIOD_S = 0.25
DELAY_ONE_IN, DELAY_S, DROP_ONE_IN = 3, 1.5, 5
LATE, LOSSY, FINE = "late", "lossy", "fine"
ONCE, GLIBC, SHORT, MUSL, TWO = "one try of 1 s", "glibc's default", "timeout:1 attempts:3", "musl", "two servers"
# Of each: its options, and what passes before it asks again.
PROGRAMS = {
    ONCE: ("timeout:1 attempts:1", 1.0),
    GLIBC: ("timeout:5 attempts:2", 5.0),
    SHORT: ("timeout:1 attempts:3", 1.0),
    MUSL: ("musl timeout:5 attempts:2", 2.5),
    TWO: ("timeout:1 attempts:2 rotate", 1.0),
}
# Above that a lookup counts as slow; DNS in a cluster answers within milliseconds.
SLOW_S = 0.5
# How late a busy machine may see what happened.
TOLERANCE_S = 0.4
# So often a name is asked for, at the end, before silence counts.
TRIES = 4
# What a server says that does not know a zone, or asks others who do not.
UNKNOWN_ZONE = ("NXDOMAIN", "REFUSED", "SERVFAIL")
NS_PER_S = 1_000_000_000
TARGET_PORT = 80
EVIDENCE = ("report.md: Measured", "observations.jsonl")


async def method(run: Run) -> None:
    """Give cluster DNS two zones of this run's own, one answered late and one not always; look names up in them."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    zones = {kind: f"{kind}.{run.target.namespace}.chaos" for kind in (LATE, LOSSY)}
    before = await run.cluster_dns.corefile()
    count = len(await run.cluster_dns.pods())
    if not before or not count:
        run.mark("no-corefile", servers=count)
        return
    run.mark("before", servers=count, corefile_bytes=len(before))
    await run.change("a late and a lossy zone", run.cluster_dns.configure(before.rstrip() + "\n" + blocks(zones)))
    await run.until("servers with the new configuration", lambda: restarted(run), SERVERS_WITHIN_S)
    servers = await run.cluster_dns.pods()
    for pod in servers:
        run.watch_server(pod, f"kubernetes.default.svc.{run.domain}.")
    await run.sleep(SETTLE_S)
    names = {kind: f"app.{zone}." for kind, zone in zones.items()}
    names[FINE] = f"kubernetes.default.svc.{run.domain}."
    for kind, name in names.items():
        for program, (options, _) in PROGRAMS.items():
            if kind == FINE and program not in (ONCE, GLIBC):
                continue
            asked = [pod.name for pod in servers[:2]] if program == TWO else ()
            if program == TWO and len(servers) < 2:  # noqa: PLR2004 - it needs two
                continue
            opened = run.watch_lookups(name, options, servers=asked, period_s=PERIOD_S, label=program)
            run.mark("program", zone=kind, name=name, program=program, options=options, series=[s.id for s in opened])
    target = run.target.pods[0]
    opened = run.watch_clients("http", target.address, TARGET_PORT)
    run.mark("by-address", pod=target.name, series=[s.id for s in opened])
    run.mark("watching-begins")
    await run.sleep(WATCH_S)
    run.mark("watching-ends")
    await run.sleep(LONGEST_S)
    await run.change("the configuration put back", run.cluster_dns.unconfigure())
    await run.until("servers with the old configuration", lambda: restarted(run), SERVERS_WITHIN_S)
    await run.sleep(SETTLE_S)
    run.mark(
        "after",
        servers=len(await run.cluster_dns.pods()),
        same_corefile=await run.cluster_dns.corefile() == before,
        late=await said_of(run, names[LATE]),
        lossy=await said_of(run, names[LOSSY]),
    )


async def said_of(run: Run, name: str) -> str:
    """What cluster DNS says of a name; silence counts only if it lasts, since one query can get lost."""
    status = ""
    for _ in range(TRIES):
        status = (await run.resolve(name)).status
        if status != "TIMEOUT":
            break
    return status


async def restarted(run: Run) -> bool:
    """Servers are replaced: CoreDNS's reload plugin sees a changed ConfigMap only after a minute or more."""
    await run.cluster_dns.restart(within_s=SERVERS_WITHIN_S)
    return True


def blocks(zones: dict[str, str]) -> str:
    """Server blocks for names that nobody else asks for."""
    plugins = {LATE: f"delay {DELAY_ONE_IN} {DELAY_S * 1000:.0f}ms", LOSSY: f"drop {DROP_ONE_IN}"}
    return "".join(
        f"{zone}:53 {{\n    erratic {{\n        {plugins[kind]}\n    }}\n}}\n" for kind, zone in zones.items()
    )


# ---- what was seen ----


@dataclass(frozen=True, slots=True)
class Lookups:
    """The lookups of one program in one zone that began while it was measured.

    Attributes:
        took_ns: of those that succeeded.
        failed_ns: after which the others gave up, with the status.
        queries: how many lookups took how many queries.
    """

    zone: str
    program: str
    took_ns: list[int]
    failed_ns: list[tuple[int, str]]
    queries: Counter[str]

    @property
    def n(self) -> int:
        return len(self.took_ns) + len(self.failed_ns)

    @property
    def slow_ns(self) -> list[int]:
        """Of those that succeeded, the slow ones."""
        return [took for took in self.took_ns if took > SLOW_S * NS_PER_S]

    @property
    def share_failed(self) -> float:
        return len(self.failed_ns) / self.n if self.n else 0.0

    def told(self) -> str:
        """Failures, and times with as many quantiles as so many lookups allow."""
        found = summarise([*(Bound(t) for t in self.took_ns), *(Bound(t, censored=True) for t, _ in self.failed_ns)])
        times = [f"median {show(found.median)}"] if found.median else []
        times += [f"95th percentile {show(found.p95)}"] if found.p95 else []
        times += [f"longest {show(found.maximum)}"] if found.maximum else []
        how = f" ({', '.join(sorted({status for _, status in self.failed_ns}))})" if self.failed_ns else ""
        return f"{self.program}: {len(self.failed_ns)} of {self.n} failed{how}, {', '.join(times)}"


def lookups(reading: Reading, zone: str) -> dict[str, Lookups]:
    """By program; from every vantage together."""
    began, ended = fact(reading, "watching-begins"), fact(reading, "watching-ends")
    found: dict[str, Lookups] = {}
    if began is None or ended is None:
        return found
    for row in facts(reading, "program", zone=zone):
        one = found.setdefault(row["program"], Lookups(zone, row["program"], [], [], Counter()))
        for series in reading.series_with(row["series"]):
            for sent_ns, received_ns, _, outcome in reading.samples(series, began.at_ns, ended.at_ns):
                took_ns = received_ns - sent_ns
                one.queries[outcome.detail] += 1
                if outcome.status == "NOERROR":
                    one.took_ns.append(took_ns)
                else:
                    one.failed_ns.append((took_ns, outcome.status))
    return {program: one for program, one in found.items() if one.n}


def endpoint_changes(reading: Reading) -> int | None:
    """How many events of EndpointSlices came while lookups were measured."""
    began, ended = fact(reading, "watching-begins"), fact(reading, "watching-ends")
    if began is None or ended is None:
        return None
    return sum(e.kind == "EndpointSlice" and began.at_ns <= e.at_ns <= ended.at_ns for e in reading.events)


def requests_by_address(reading: Reading) -> tuple[int, int]:
    """How many were made while lookups were measured, and how many failed."""
    began, ended, asked = fact(reading, "watching-begins"), fact(reading, "watching-ends"), fact(reading, "by-address")
    if began is None or ended is None or asked is None:
        return 0, 0
    statuses = [
        sample.outcome.status
        for series in reading.series_with(asked["series"])
        for sample in reading.samples(series, began.at_ns, ended.at_ns)
    ]
    return len(statuses), sum(status != "OK" for status in statuses)


def off_the_step(one: Lookups, step_s: float) -> list[int]:
    """Slow lookups that did not end just after a whole multiple of a step; nothing ends before it."""
    early_ns, late_ns = round(0.02 * NS_PER_S), round(TOLERANCE_S * NS_PER_S)
    step_ns = round(step_s * NS_PER_S)
    return [took for took in one.slow_ns if (took + early_ns) % step_ns > late_ns + early_ns]


# ---- verdicts ----


def losses_cost_the_timeout(reading: Reading) -> Verdict:
    """Where answers are lost, a slow lookup takes a multiple of what the program itself waits before it asks again."""
    lossy = lookups(reading, LOSSY)
    failures, unknowns, told = [], [], []
    for program, step_s in ((GLIBC, 5.0), (SHORT, 1.0), (MUSL, 2.5)):
        one = lossy.get(program)
        if one is None or not one.slow_ns:
            unknowns.append(f"{program}: no lookup was slow")
            continue
        wrong = off_the_step(one, step_s)
        told.append(f"{program} {ms(min(one.slow_ns))}")
        if len(wrong) * 10 > len(one.slow_ns):
            failures.append(f"{program}: {len(wrong)} of {len(one.slow_ns)} slow lookups took other times than {step_s:g} s and its multiples, such as {ms(wrong[0])}")  # fmt: skip
    success = f"Slow lookups in the lossy zone took at least {', '.join(told)}: what each waits before it asks again."
    return combine("losses-cost-the-timeout", failures=failures, unknowns=unknowns, success=success, evidence=EVIDENCE)


def delays_are_the_servers(reading: Reading) -> Verdict:
    """Where answers are late, a slow lookup takes what the server takes, and a program that cannot wait fails."""
    late = lookups(reading, LATE)
    patient, hasty = late.get(GLIBC), late.get(ONCE)
    if patient is None or hasty is None or not patient.slow_ns:
        return combine(
            "delays-are-the-servers", failures=(), unknowns=("no late answer was seen",), success="", evidence=()
        )
    limit_ns = round((DELAY_S + TOLERANCE_S) * NS_PER_S)
    wrong = [t for t in patient.slow_ns if not DELAY_S * NS_PER_S - 20_000_000 <= t <= limit_ns]
    failures = [f"{GLIBC}: {len(wrong)} of {len(patient.slow_ns)} slow lookups took other times, such as {ms(wrong[0])}"] if len(wrong) * 10 > len(patient.slow_ns) else []  # fmt: skip
    failures += [f"{GLIBC}: {len(patient.failed_ns)} of {patient.n} failed"] if patient.failed_ns else []
    failures += [] if hasty.failed_ns else [f"{ONCE}: no lookup failed"]
    success = (
        f"{len(patient.slow_ns)} of {patient.n} lookups with glibc's default took {ms(min(patient.slow_ns))} to "
        f"{ms(max(patient.slow_ns))} where the server waits {DELAY_S:g} s, and none failed; with one try of 1 s "
        f"{len(hasty.failed_ns)} of {hasty.n} failed."
    )
    return combine("delays-are-the-servers", failures=failures, unknowns=(), success=success, evidence=EVIDENCE)


def retries_hide_losses(reading: Reading) -> Verdict:
    """Who asks again fails less often."""
    lossy = lookups(reading, LOSSY)
    once = lossy.get(ONCE)
    if once is None or not once.failed_ns:
        return combine("retries-hide-losses", failures=(), unknowns=("no single try failed",), success="", evidence=())
    again = [one for program in (GLIBC, SHORT, MUSL) if (one := lossy.get(program)) is not None]
    unknowns = [] if len(again) == 3 else ["not every program was measured"]  # noqa: PLR2004 - those named above
    failures = [
        f"{one.program}: {len(one.failed_ns)} of {one.n} failed, of single tries {len(once.failed_ns)} of {once.n}"
        for one in again
        if one.share_failed >= once.share_failed
    ]
    told = ", ".join(f"{one.program} {len(one.failed_ns)} of {one.n}" for one in again)
    success = f"Of single tries {len(once.failed_ns)} of {once.n} failed; of lookups that ask again: {told}."
    return combine("retries-hide-losses", failures=failures, unknowns=unknowns, success=success, evidence=EVIDENCE)


def nobody_else_is_disturbed(reading: Reading) -> Verdict:
    """Other names resolve as ever, and the application and its endpoints are the same throughout."""
    fine = lookups(reading, FINE).get(GLIBC)
    asked, failed = requests_by_address(reading)
    changes = endpoint_changes(reading)
    unknowns = [] if fine is not None else ["no other name was looked up"]
    unknowns += [] if asked else ["the application was not asked"]
    failures = [f"of other lookups {fine.told()}"] if fine is not None and (fine.failed_ns or fine.slow_ns) else []
    failures += [f"{failed} of {asked} requests to the application's address failed"] if failed else []
    failures += [f"{changes} events of EndpointSlices"] if changes else []
    success = (
        f"Meanwhile none of {fine.n if fine else 0} lookups of kubernetes.default was slow or failed, all {asked} requests to "
        "the application's address were answered, and no endpoint changed."
    )
    return combine("nobody-else-is-disturbed", failures=failures, unknowns=unknowns, success=success, evidence=EVIDENCE)


def put_back(reading: Reading) -> Verdict:
    """At the end the configuration is the old one, and servers that run know the zones no more."""
    before, after = fact(reading, "before"), fact(reading, "after")
    if before is None or after is None:
        return combine(
            "put-back", failures=(), unknowns=("the method did not come to its end",), success="", evidence=()
        )
    failures = [] if after["same_corefile"] else ["the Corefile is not what it was"]
    failures += [] if after["servers"] == before["servers"] else [f"{after['servers']} servers are Ready"]
    failures += [f"the {kind} zone is still answered" for kind in (LATE, LOSSY) if after[kind] == "NOERROR"]
    unknowns = [
        f"of the {kind} zone it was said {after[kind]}"
        for kind in (LATE, LOSSY)
        if after[kind] not in ("NOERROR", *UNKNOWN_ZONE)
    ]
    success = (
        f"The Corefile is what it was, {after['servers']} servers are Ready, and the zones' names are no more "
        f"({LATE} {after[LATE]}, {LOSSY} {after[LOSSY]})."
    )
    return combine("put-back", failures=failures, unknowns=unknowns, success=success, evidence=EVIDENCE)


# ---- answers ----


def intermittent(reading: Reading) -> str:
    lossy = lookups(reading, LOSSY)
    asked, failed = requests_by_address(reading)
    changes = endpoint_changes(reading)
    if ONCE not in lossy or GLIBC not in lossy or not asked:
        return ""
    once, again = lossy[ONCE], lossy[GLIBC]
    said = (
        f"In a zone whose server drops one query in {DROP_ONE_IN}, {len(once.failed_ns)} of {once.n} lookups with {ONCE} "
        f"failed; with glibc's default only {len(again.failed_ns)} of {again.n}, but {len(again.slow_ns)} more took "
        f"{ms(min(again.slow_ns)) if again.slow_ns else '-'} or longer. "
    )
    if not changes and not failed:
        said += (
            f"Meanwhile no endpoint changed and all {asked} requests to the application's address were answered, so the "
            "unit's `kubectl get endpoints -w` shows nothing: it finds endpoints that come and go (a pod that turns "
            "unready: experiment readiness-flap; there the name is answered, with NXDOMAIN), not answers that get lost. "
        )
    return said + (
        "Tell in which phase it fails: ask the name and the address apart, again and again. Failures of the name alone "
        "that time out mean answers that are lost, or later than the program waits; then ask each DNS server by its own address, to find whether it is one of them."
    )


def delays(reading: Reading) -> str:
    late, fine = lookups(reading, LATE), lookups(reading, FINE)
    if GLIBC not in late or ONCE not in late or GLIBC not in fine:
        return ""
    return (
        f"In a zone whose server answers one query in {DELAY_ONE_IN} {DELAY_S:g} s late: "
        f"{'; '.join(one.told() for one in late.values())}. Names of other zones at the same servers: "
        f"{fine[GLIBC].told()}. One `time nslookup` says little: most lookups are fast in either zone. Ask some dozens of "
        "times, and look at the slow ones. (Quantiles are of lookups in this one run.)"
    )


def apart(reading: Reading) -> str:
    late, lossy = lookups(reading, LATE), lookups(reading, LOSSY)
    if not {GLIBC, SHORT, MUSL, ONCE} <= late.keys() & lossy.keys():
        return ""
    if any(check(reading).outcome != "ok" for check in (losses_cost_the_timeout, delays_are_the_servers)):
        return ""
    rows = []
    for program in (GLIBC, MUSL, SHORT):
        slow_late, slow_lossy = late[program].slow_ns, lossy[program].slow_ns
        if slow_late and slow_lossy:
            rows.append(
                f"{program} {_typical(slow_late)} where answers are late and {_typical(slow_lossy)} where they are lost"
            )
    return (
        f"The time that slow lookups take. It was, typically: {'; '.join(rows)}. A late server costs the same whoever asks, "
        f"here {DELAY_S:g} s, until a program loses patience; a lost query costs each program its own timeout, "
        "almost exactly, however fast the server is. So 5.0 s on the dot, 2.5 s on Alpine, is a packet that was lost and not a "
        "slow server; change the timeout, and see whether the delay changes with it."
    )


def _typical(values: list[int]) -> str:
    return seconds(sorted(values)[len(values) // 2])


def options(reading: Reading) -> str:
    late, lossy = lookups(reading, LATE), lookups(reading, LOSSY)
    if not {GLIBC, SHORT} <= late.keys() & lossy.keys():
        return ""
    one_server = [one.told() for program, one in lossy.items() if program != TWO]
    said = f"Where one query in {DROP_ONE_IN} is lost: {'; '.join(one_server)}. "
    if TWO in lossy:
        said += (
            f"Two servers with the same fault, each asked up to twice: {lossy[TWO].told().removeprefix(f'{TWO}: ')}. That is up to four questions, so "
            "this run does not tell whether the second address helped or the further questions. "
        )
    return said + (
        "A short timeout with more attempts (dnsConfig of the pod: options timeout:1 attempts:3) turns most 5 s waits into "
        f"1 s; but where answers are late, it asks again what was on its way ({_queries(late[SHORT])}), so it loads a server "
        f"that is slow already, and a timeout below the delay with no further attempt only fails "
        + (f"({len(late[ONCE].failed_ns)} of {late[ONCE].n} here)." if ONCE in late else "here.")
    )


def _queries(one: Lookups) -> str:
    return ", ".join(f"{n} lookups took {what}" for what, n in sorted(one.queries.items()))


def headline(reading: Reading) -> str:
    late, lossy = lookups(reading, LATE).get(GLIBC), lookups(reading, LOSSY).get(GLIBC)
    if late is None or lossy is None or not late.slow_ns or not lossy.slow_ns:
        return "What slow and lossy DNS costs was not measured."
    where = "On the simulated cluster a" if reading.meta.simulated else "A"
    return (
        f"{where} slow lookup with glibc's default took {_typical(late.slow_ns)} where the server was late, and "
        f"{_typical(lossy.slow_ns)} where answers were lost."
    )


experiment = Experiment(
    name="dns-degraded",
    hypothesis=(
        "A lost query costs a program its own timeout and a late answer the server's delay, so that the time of slow lookups "
        "tells the two apart; retries turn failures into waits."
    ),
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=80),
    checkers=(
        losses_cost_the_timeout,
        delays_are_the_servers,
        retries_hide_losses,
        nobody_else_is_disturbed,
        put_back,
    ),
    questions=(
        Question("intermittent-failures", "Problem 2: Intermittent connection failures: is it DNS?", intermittent),
        Question("resolution-delays", "Problem 3: DNS resolution delays: what do programs see of them?", delays),
        Question("late-or-lost", "What tells late answers and lost ones apart?", apart),
        Question("resolver-options", "What do resolver options change: timeout, attempts, a second server?", options),
    ),
    needs=("kube-system",),
    watched_names=3,
    tables={
        "before": "Cluster DNS at the beginning:",
        "program": "Who looked names up, and how:",
        "waited": "Until the servers were replaced, one after the other:",
        "after": "Cluster DNS at the end:",
    },
    headline=headline,
    timeout_s=300,
    duration_s=95,
    method=method,
)
