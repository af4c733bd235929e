"""What do programs see of DNS servers that answer late, or not always, and what tells the two apart?"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median_high

from chaos.experiment import *

from .shared.lookups import Heard, heard_in, right, undisturbed
from .shared.tables import table

WITHIN_S = 60
SETTLE_S = 6.0  # servers that were replaced go on answering for their lameduck time (kubeadm: 5 s)
WATCH_S = 30.0
LONGEST_S = 10.5  # a lookup takes at most 5 s twice; those that began in time are seen to their end
PERIOD_S, PORT = 0.25, 80
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
AGAIN = (GLIBC, SHORT, MUSL)  # those that ask the same server again
SLOW_S = 0.5  # above that a lookup counts as slow; DNS in a cluster answers within milliseconds
TOLERANCE_S = 0.4  # how late a busy machine may see what happened
# What a server says that does not know a zone, or asks others who do not.
UNKNOWN_ZONE = ("NXDOMAIN", "REFUSED", "SERVFAIL")
NS_PER_S = 1_000_000_000
EVIDENCE = ("report.md: Measured", "observations.jsonl")


class Before(Note):
    """Cluster DNS at the beginning."""

    servers: int


class Program(Note):
    """Who looked names up, and how."""

    zone: str
    name: str
    program: str
    options: str


class Measured(Note):
    """When lookups that began were measured."""

    from_ns: int
    to_ns: int


class After(Note):
    """Cluster DNS at the end."""

    servers: int
    same_corefile: bool
    late: str
    lossy: str


async def method(run: Run) -> None:
    """Give cluster DNS two zones of this run's own, one answered late and one not always; look names up in them."""
    await run.steady_state(within_s=WITHIN_S)
    zones = {kind: f"{kind}.{run.target.namespace}.chaos" for kind in (LATE, LOSSY)}
    before, number = await run.cluster_dns.corefile(), len(await run.cluster_dns.pods())
    run.note(Before(number))
    if not before or not number:
        return
    await run.change("a late and a lossy zone", run.cluster_dns.configure(before.rstrip() + "\n" + blocks(zones)))
    await run.until("servers with the new configuration", partial(restarted, run), WITHIN_S)
    names = {kind: f"app.{zone}." for kind, zone in zones.items()} | {FINE: f"kubernetes.default.svc.{run.domain}."}
    servers = await run.cluster_dns.pods()
    for pod in servers:
        run.watch_server(pod, names[FINE])
    await run.sleep(SETTLE_S)
    pair = [pod.name for pod in servers[:2]]
    for kind, name in names.items():
        for program in (GLIBC,) if kind == FINE else PROGRAMS if len(pair) > 1 else (ONCE, *AGAIN):
            options, asked = PROGRAMS[program][0], pair if program == TWO else []
            run.watch_lookups(name, options, servers=asked, period_s=PERIOD_S, label=program)
            run.note(Program(kind, name, program, options))
    run.watch_clients("http", run.target.pods[0].address, PORT)
    began_ns = run.now_ns()
    await run.sleep(WATCH_S)
    run.note(Measured(began_ns, run.now_ns()))
    await run.sleep(LONGEST_S)
    await run.change("the configuration put back", run.cluster_dns.unconfigure())
    await run.until("servers with the old configuration", partial(restarted, run), WITHIN_S)
    await run.sleep(SETTLE_S)
    same = await run.cluster_dns.corefile() == before
    said = [(await resolve_surely(run, names[kind])).status for kind in (LATE, LOSSY)]
    run.note(After(len(await run.cluster_dns.pods()), same, *said))


async def restarted(run: Run) -> bool:
    """Servers are replaced: CoreDNS's reload plugin sees a changed ConfigMap only after a minute or more."""
    await run.cluster_dns.restart(within_s=WITHIN_S)
    return True


def blocks(zones: dict[str, str]) -> str:
    """Server blocks for names that nobody else asks for."""
    plugins = {LATE: f"delay {DELAY_ONE_IN} {DELAY_S * 1000:.0f}ms", LOSSY: f"drop {DROP_ONE_IN}"}
    made = (f"{zone}:53 {{\n    erratic {{\n        {plugins[kind]}\n    }}\n}}\n" for kind, zone in zones.items())
    return "".join(made)


# ---- what was seen ----


@dataclass(frozen=True, slots=True)
class Lookups(Heard):
    """The lookups of one program in one zone that began while it was measured."""

    program: str

    @property
    def slow_ns(self) -> list[int]:
        """Of those that succeeded, the slow ones."""
        return [took for took in self.took_ns if took > SLOW_S * NS_PER_S]

    @property
    def typical(self) -> str:
        """Of the slow ones."""
        need(self.slow_ns, f"{self.program}: no lookup was slow")
        return seconds(median_high(self.slow_ns))

    def row(self) -> tuple[str, ...]:
        """Failures, and times with as many quantiles as so many lookups allow."""
        failed_ns = (s.received_ns - s.sent_ns for s in self.failed)
        found = summarise([*map(Bound, self.took_ns), *(Bound(took, censored=True) for took in failed_ns)])
        times = (show(value) if value else "-" for value in (found.median, found.p95, found.maximum))
        how = f" ({', '.join(sorted({s.outcome.status for s in self.failed}))})" if self.failed else ""
        return self.program, f"{self.failed_of_all}{how}", *times


def measured(reading: Reading) -> tuple[int, int]:
    span = note(reading, Measured, "lookups were not measured to their end")
    return span.from_ns, span.to_ns


def lookups(reading: Reading, zone: str, program: str) -> Lookups:
    missing = f"{program}: no name was looked up in the {zone} zone"
    name = note(reading, Program, missing, zone=zone, program=program).name
    found = heard_in(reading, measured(reading), record=f"A {name} ({program})")
    need(found.samples, missing)
    return Lookups(found.samples, program)


def told_of(reading: Reading, zone: str, programs: Iterable[str]) -> str:
    there = {one.program for one in notes(reading, Program, zone=zone)}
    rows = (lookups(reading, zone, program).row() for program in programs if program in there)
    return table(("lookups with", "failed", "median", "95th percentile", "longest"), *rows)


def off_the_step(one: Lookups, step_s: float) -> list[int]:
    """Slow lookups that did not end just after a whole multiple of a step; nothing ends before it."""
    early_ns, late_ns, step_ns = (round(limit_s * NS_PER_S) for limit_s in (0.02, TOLERANCE_S, step_s))
    return [took for took in one.slow_ns if (took + early_ns) % step_ns > late_ns + early_ns]


def others(one: Lookups, wrong: list[int], than: str) -> Iterator[Finding]:
    """More than a tenth of the slow lookups took other times than that."""
    if len(wrong) * 10 > len(one.slow_ns):
        some = f"{count(len(wrong))} of {count(len(one.slow_ns))} slow lookups"
        yield against(f"{one.program}: {some} took other times{than}, such as {ms(wrong[0])}")


def application(reading: Reading) -> tuple[Heard, int]:
    """What became of requests to the application's address, and how many events of EndpointSlices came meanwhile."""
    from_ns, to_ns = measured(reading)
    asked = heard_in(reading, (from_ns, to_ns), probe="http")
    need(asked.samples, "the application was not asked")
    need(not unwatched(reading, "EndpointSlice", from_ns, to_ns), "the watch of endpoints had a gap")
    return asked, sum(e.kind == "EndpointSlice" and from_ns <= e.at_ns <= to_ns for e in reading.events)


# ---- verdicts ----


@checker(*EVIDENCE)
def losses_cost_the_timeout(reading: Reading) -> Iterator[Finding]:
    """Where answers are lost, a slow lookup takes a multiple of what the program itself waits before it asks again."""
    told = []
    for program in AGAIN:
        one, step_s = lookups(reading, LOSSY, program), PROGRAMS[program][1]
        if not one.slow_ns:
            yield unsure(f"{program}: no lookup was slow")
            continue
        yield from others(one, off_the_step(one, step_s), f" than {step_s:g} s and its multiples")
        told.append(f"{program} {ms(min(one.slow_ns))}")
    yield holds(f"In the lossy zone slow lookups took at least the program's own timeout: {', '.join(told)}.")


@checker(*EVIDENCE)
def delays_are_the_servers(reading: Reading) -> Iterator[Finding]:
    """Where answers are late, a slow lookup takes what the server takes, and a program that cannot wait fails."""
    patient, hasty = lookups(reading, LATE, GLIBC), lookups(reading, LATE, ONCE)
    slow_ns = patient.slow_ns
    need(slow_ns and hasty.took_ns, "no late answer was seen")
    limit_ns = round((DELAY_S + TOLERANCE_S) * NS_PER_S)
    yield from others(patient, [t for t in slow_ns if not DELAY_S * NS_PER_S - 20_000_000 <= t <= limit_ns], "")
    if patient.failed:
        told = any(s.outcome.status != "TIMEOUT" for s in patient.failed)
        yield against_if(told, f"{GLIBC}: {patient.failed_of_all} failed")
    if not any(s.outcome.status == "TIMEOUT" for s in hasty.failed):
        yield against_if(not hasty.failed, f"{ONCE}: {hasty.failed_of_all} failed, none for want of time")
    took = between(Interval(min(slow_ns), max(slow_ns)))
    yield holds(f"The server delays answers by {stated(DELAY_S)}.")
    yield holds(f"{count(len(slow_ns))} of {patient.number} lookups with {GLIBC} took {took}; none failed.")
    yield holds(f"{hasty.failed_of_all} lookups with {ONCE} failed.")


@checker(*EVIDENCE)
def retries_hide_losses(reading: Reading) -> Iterator[Finding]:
    """Where a query is lost, a single try fails, and a program that asks again may still be answered."""
    single = lookups(reading, LOSSY, ONCE)
    # Where nothing at all is answered, that is not the zone's doing.
    need(single.failed and single.took_ns, "of single tries not some failed and others not")
    yield holds(f"{single.failed_of_all} single tries failed. So would each lookup that had to ask again.")
    # Counts only: one counter of the server drops queries of all programs, so that lookups are not independent.
    for one in (lookups(reading, LOSSY, program) for program in AGAIN):
        hidden = sum(right(s) and not s.outcome.detail.startswith("1 ") for s in one.samples)
        lost = hidden + len(one.failed)
        if not hidden:
            yield against_if(lost, f"{one.program}: no lookup that asked again was answered")
        yield holds(f"{one.program}: {out_of(hidden, lost, 'lookup')} that had to ask again were answered.")


@checker(*EVIDENCE)
def nobody_else_is_disturbed(reading: Reading) -> Iterator[Finding]:
    """Other names resolve as ever, and the application and its endpoints are the same throughout."""
    fine, (asked, changes) = lookups(reading, FINE, GLIBC), application(reading)
    name = note(reading, Program, zone=FINE, program=GLIBC).name
    yield from undisturbed(reading, measured(reading), "other lookups", record=f"A {name} ({GLIBC})")
    yield from undisturbed(reading, measured(reading), "requests to the application's address", probe="http")
    if off_the_step(fine, PROGRAMS[GLIBC][1]):
        yield against(f"of other lookups {fine.told()}; the slowest took {ms(fine.longest_ns)}")
    elif fine.slow_ns:
        yield unsure(f"{count(len(fine.slow_ns), 'other lookup')} took as long as after a lost packet")
    if changes:
        yield against(f"{count(changes, 'event')} of EndpointSlices")
    yield holds(f"None of {fine.number} lookups of kubernetes.default was slow or failed, and no endpoint changed.")
    yield holds(f"All {asked.number} requests to the application's address were answered.")


@checker(*EVIDENCE)
def put_back(reading: Reading) -> Iterator[Finding]:
    """At the end the configuration is the old one, and servers that run know the zones no more."""
    missing = "the method did not come to its end"
    before, after = note(reading, Before, missing), note(reading, After, missing)
    ready = f"{count(after.servers, 'server')} are Ready"
    if not after.same_corefile:
        yield against("the Corefile is not what it was")
    if after.servers != before.servers:
        yield against(ready)
    for kind, said in ((LATE, after.late), (LOSSY, after.lossy)):
        if said not in UNKNOWN_ZONE:
            yield against_if(said == "NOERROR", f"of the {kind} zone it was said {said}")
    yield holds(f"The Corefile is what it was, and {ready}.")
    yield holds(f"The zones' names do not resolve ({LATE} {after.late}, {LOSSY} {after.lossy}).")


# ---- answers ----


def intermittent(reading: Reading) -> Iterator[str]:
    single, again = (lookups(reading, LOSSY, program) for program in (ONCE, GLIBC))
    asked, changes = application(reading)
    if single.failed and not asked.failed:
        yield "Here it is DNS: lookups failed, and no request to the application's address did."
    yield f"The server drops one query in {count(DROP_ONE_IN)}, by one count over all programs, so their counts depend on each other. {single.failed_of_all} lookups with {ONCE} failed. {again.failed_of_all} lookups with {GLIBC} failed."
    if again.slow_ns:
        yield f"{count(len(again.slow_ns))} more took {ms(min(again.slow_ns))} or longer."
    if not changes and not asked.failed:
        yield f"Meanwhile no endpoint changed, and all {asked.number} requests to the application's address were answered."
        yield "So the unit's `kubectl get endpoints -w` shows nothing: it shows pods that turn unready, not lost answers."
    yield "Ask the name and the address apart, again and again, to find the phase that fails. Timeouts of the name alone mean lost answers, or a server that is slower than the program waits."
    yield "Then ask each DNS server by its own address, to find the one that fails."


def delays(reading: Reading) -> Iterator[str]:
    lookups(reading, LATE, ONCE)
    fine = lookups(reading, FINE, GLIBC)
    if delays_are_the_servers(reading).outcome == "ok":
        yield "A program that waits sees the server's delay, and one that gives up earlier fails."
    yield f"The server answers one query in {count(DELAY_ONE_IN)} with a delay of {stated(DELAY_S)}.{told_of(reading, LATE, PROGRAMS)}"
    yield f"Of lookups of other names at the same servers {fine.told()}; the slowest took {ms(fine.longest_ns)}."
    yield "One `time nslookup` says little, since it may meet a fast answer. Ask some dozens of times, and look at the slow ones."


def apart(reading: Reading) -> Iterator[str]:
    held(reading, losses_cost_the_timeout)
    held(reading, delays_are_the_servers)
    found = ((program, *(lookups(reading, zone, program).typical for zone in (LATE, LOSSY))) for program in AGAIN)
    told = table(("slow lookups with", "late answers", "lost queries"), *found)
    yield f"The time that slow lookups take, where the program's own timeout is longer than the server's delay. The medians here:{told}"
    yield f"A late answer costs a program the server's delay, here {stated(DELAY_S)}, unless it asks again or gives up before. A lost query costs a program its own timeout. {SHORT} tells nothing here: it asks again before a late answer comes."
    yield "So 5.0 s, or 2.5 s on Alpine, is the client's own timeout: a query was lost, or the server is slower than that. Change the timeout, and see whether the delay follows it."


def options(reading: Reading) -> Iterator[str]:
    short = lookups(reading, LATE, SHORT)
    if losses_cost_the_timeout(reading).outcome == retries_hide_losses(reading).outcome == "ok":
        yield "Further attempts turn failures into waits, and the timeout is how long such a wait takes."
    yield f"One query in {count(DROP_ONE_IN)} is lost.{told_of(reading, LOSSY, (ONCE, *AGAIN, TWO))}"
    if notes(reading, Program, zone=LOSSY, program=TWO):
        yield "Two servers: both lose queries, and each is asked up to twice. This run does not tell whether the second address helped or the further queries."
    yield "With a short timeout and more attempts (dnsConfig of the pod: options timeout:1 attempts:3) a lost query costs 1 s instead of 5 s."
    took = Counter(int(s.outcome.detail.partition(" ")[0]) for s in short.samples)
    asked = (f"{count(n, 'lookup')} took {count(each, 'query|queries')}" for each, n in sorted(took.items()))
    yield f"Where answers are late it sends more queries to a server that is slow already ({', '.join(asked)})."
    yield f"A timeout below the delay and no further attempt makes lookups fail ({lookups(reading, LATE, ONCE).failed_of_all} here)."


def headline(reading: Reading) -> str:
    late, lossy = (lookups(reading, zone, GLIBC) for zone in (LATE, LOSSY))
    least_ns = min((s.received_ns - s.sent_ns for s in lossy.failed), default=0)
    failed = f" There {lossy.failed_of_all} lookups failed, after {ms(least_ns)} or longer." if lossy.failed else ""
    return f"The median slow lookup with {GLIBC} took {late.typical} where answers were late, and {lossy.typical} where queries were lost.{failed}"


experiment = Experiment(
    name="dns-degraded",
    hypothesis="A lost query costs a program its own timeout and a late answer the server's delay, so that the time of slow lookups tells the two apart where a program waits longer than that delay; retries turn failures into waits.",
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=PORT),
    checkers=(losses_cost_the_timeout, delays_are_the_servers, retries_hide_losses, nobody_else_is_disturbed, put_back),
    questions=(
        Question("intermittent-failures", "Problem 2: Intermittent connection failures: is it DNS?", intermittent),
        Question("resolution-delays", "Problem 3: DNS resolution delays: what do programs see of them?", delays),
        Question("late-or-lost", "What tells late answers and lost ones apart?", apart),
        Question("resolver-options", "What do resolver options change: timeout, attempts, a second server?", options),
    ),
    needs=("kube-system",),
    watched_names=3,
    tables=(Before, Program, Waited, After),
    headline=headline,
    duration_s=95,
    method=method,
    options=("connect-period",),
)
