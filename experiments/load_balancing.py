"""Which member of mysql-cluster gets a connection: through a service address, a headless name, with session affinity, on a connection that stays?"""

import re
from collections.abc import Iterator
from functools import partial

from chaos.experiment import *

from .shared.course import unit_question
from .shared.mysql import MEMBERS, PORT, ROOT, cluster, sql, sql_answers

STEADY_WITHIN_S = 90
# Shares are even if each is within this many points of a third. With MANY connections each is known to within 4 (95 %
# for all three together), so that equal ones are found even in all but one run of a thousand.
POINTS, MANY, FEW = 10, 800, 30
LEAST, MOST = 1 / len(MEMBERS) - POINTS / 100, 1 / len(MEMBERS) + POINTS / 100
EVERY_S, HELD_EVERY_S = 0.01, 0.1
AFFINITY_S, PAUSE_S = 5, 6  # as in mysql-sticky.yaml; longer than that
# A client whose affinity has ended meets the same of three members by chance: each time once in 243 runs.
TURNS = 6
# So many of them must have been answered each time for a verdict on affinity.
STICKY_FEW = 10
SETTLE_S = 2.0
# Of connections, lost ones may be so many; more are no longer chance.
LOST = 0.05
SERVICE, HEADLESS, GOVERNING, STICKY = "mysql-replicas", "mysql-internal", "mysql-cluster", "mysql-sticky"
HELD, SURE = "held", "95%"


class Lookup(Asked):
    """What the two services' names are."""


class New(Answered):
    """Who answered SELECT @@hostname on new connections."""


class Chosen(Answered):
    """A client that takes each address of the headless answer in turn."""


class Sticky(Answered):
    """With sessionAffinity ClientIP, turn after turn with a pause between, until another pod answered."""

    turn: int


class PodName(Asked):
    """Names of pods below each headless service."""

    below: str


class Endpoints(Note):
    """What the endpoints of both carry, and what a MySQL client says of such a name."""

    service: str
    hostnames: tuple[str, ...]
    subdomains: tuple[str, ...]
    connect: str


async def method(run: Run) -> None:
    """Count who answers SELECT @@hostname in each of the unit's ways, and in those that it leaves out."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await run.apply("mysql-services.yaml")
    await run.apply("mysql-sticky.yaml")
    await run.sleep(SETTLE_S)
    kept = run.clients.hold("mysql", SERVICE, PORT, ROOT, period_s=HELD_EVERY_S)
    run.note(Watched(HELD, kept.id))
    for name in (SERVICE, HEADLESS):
        await ask(run, Lookup, name, views=(SERVICE_VIEW,))
        await sql_answers(run, New, name, MANY, ROOT, period_s=EVERY_S)
    for address in (await run.resolve(HEADLESS)).values:
        await sql_answers(run, Chosen, address, FEW // 3, ROOT, period_s=EVERY_S)
    for service in (HEADLESS, GOVERNING):
        await names_below(run, service)
    await sticky_turns(run)
    run.clients.close(kept)


async def sticky_turns(run: Run) -> None:
    """Count who answers through the service with affinity, again after each pause until it is somebody else."""
    seen: set[str] = set()
    for turn in range(1, TURNS + 1):
        outcomes = await run.clients.sample("mysql", STICKY, PORT, FEW, ROOT, period_s=EVERY_S)
        seen |= note_answers(run, Sticky, STICKY, outcomes, turn=turn).keys() & set(MEMBERS)
        if len(seen) > 1:
            return
        await run.sleep(PAUSE_S)


async def names_below(run: Run, service: str) -> None:
    """Ask for each pod's name below a service, connect by it, and look at what the service's endpoints carry."""
    for pod in MEMBERS:
        await ask(run, PodName, f"{pod}.{service}", below=service)
    said = (await sql(run, f"{MEMBERS[0]}.{service}", "SELECT @@hostname")).outcome
    slices = await run.objects.list("EndpointSlice", f"kubernetes.io/service-name={service}")
    hostnames = [e["hostname"] for piece in slices for e in piece.get("endpoints") or () if e.get("hostname")]
    subdomains = {pod["spec"].get("subdomain", "") for pod in await run.objects.list("Pod", "app=mysql-cluster")}
    run.note(Endpoints(service, tuple(sorted(hostnames)), tuple(sorted(subdomains)), said.told))


# ---- reading it ----


def undecided(found: Answered) -> int:
    """Connections that failed after the name had been resolved: they may have gone to any pod. The others were not made."""
    return sum(n for what, n in found.failed.items() if not what.endswith("(resolve)"))


def shares(found: Answered) -> dict[str, tuple[float, float]]:
    """Pod → bounds of its share of the connections that were made, which hold for all together with 95 %."""
    need(found.answers, f"no connection to {found.asked} was answered")
    more, part = undecided(found), partial(wilson, of=found.answers + undecided(found), intervals=len(MEMBERS))
    rows = {pod: found.answered.get(pod, 0) for pod in MEMBERS}
    return {pod: (part(n)[0], part(n + more)[1]) for pod, n in rows.items()}


def even(found: Answered) -> bool | None:
    """Whether all shares are within the margin; None where some may be or not."""
    bounds = shares(found).values()
    if all(low >= LEAST and high <= MOST for low, high in bounds):
        return True
    return False if any(high < LEAST or low > MOST for low, high in bounds) else None


def spread(found: Answered) -> str:
    """How many connections each member answered, with bounds of its share, and whether they are even; without a stop."""
    rows = (f"{pod} {count(found.answered.get(pod, 0))} ({share(*bounds)})" for pod, bounds in shares(found).items())
    third = f"within {POINTS} points of a third"
    verdict = {True: f"each is {third}", False: f"not all are {third}", None: f"whether all are {third} is not known"}
    return f"{', '.join(rows)}; {verdict[even(found)]}"


def answered(found: Answered) -> str:
    """How many connections were, and what became of the others."""
    lost = ", ".join(f"{count(n)} {what}" for what, n in found.failed.items())
    return f"{out_of(found.answers, found.connections, 'new connection')} were answered{f' ({lost})' if lost else ''}"


def one_pod_each(found: list[Chosen] | list[Sticky]) -> Iterator[Finding]:
    """What speaks against it. A failure says nothing about where the connection would have gone; many are no chance."""
    for one in found:
        if len(one.reached) > 1:
            yield against(f"{one.asked}: {one.told()}")
        if undecided(one) > one.connections * LOST:
            yield unsure(f"{one.asked}: {one.told()}")


def kept_connection(reading: Reading) -> list[list[str]]:
    """Who answered on the connection that was kept, one by one; each failure after an answer ends it, and another begins."""
    found: list[list[str]] = [[]]
    for sample in sorted(reading.samples(watched(reading, HELD)), key=lambda sample: sample.sent_ns):
        if sample.outcome.status == "OK":
            found[-1].extend(sample.outcome.values[:1])
        elif found[-1]:
            found.append([])
    need(found[0], "nobody answered on the connection that was kept")
    return found


# ---- what must hold ----


@checker("report.md: Measured")
def one_address_or_all(reading: Reading) -> Iterator[Finding]:
    """The service's name is one address that is no pod's, the headless one is the pods'."""
    one, all_of_them = (note(reading, Lookup, asked=f"A {name}") for name in (SERVICE, HEADLESS))
    yield from wrong_answers([one], lambda found: len(found.values) == 1)
    yield from wrong_answers([all_of_them], lambda found: len(found.values) == len(MEMBERS))
    if set(one.values) & set(all_of_them.values):
        yield against(f"{SERVICE} is a pod's address")
    yield holds(f"{SERVICE} is {', '.join(one.values)}; {HEADLESS} is {', '.join(all_of_them.values)}.")


@checker("report.md: Measured")
def service_spreads_evenly(reading: Reading) -> Iterator[Finding]:
    """Each member's share of new connections through the service address is within 10 points of a third."""
    found = note(reading, New, "nothing was counted", asked=SERVICE)
    said, fine = f"{answered(found)}: {spread(found)} (all shares at {SURE} confidence)", even(found)
    if not fine:
        yield against_if(fine is False, said)
    yield holds(f"{said}.")


@checker("report.md: Measured")
def addresses_lead_to_one_pod(reading: Reading) -> Iterator[Finding]:
    """Who takes an address of the headless answer reaches the one pod behind it, each time."""
    found = notes(reading, Chosen)
    yield from one_pod_each(found)
    seen = {pod for one in found for pod in one.reached}
    yield from (unsure(f"{pod} was not among them") for pod in MEMBERS if pod not in seen)
    looks = min((one.answers for one in found), default=0)
    need(looks, "not every address was answered at")
    led = ", ".join(f"{one.asked} to {' and '.join(one.reached)}" for one in found)
    yield holds(f"Each address led to one pod: {led}.")
    elsewhere = share(None, excluded(looks, confidence=1 - 0.05 / len(found)))  # Bonferroni
    yield holds(f"Of each, {elsewhere} go elsewhere (for all together at {SURE} confidence).")


@checker("report.md: Measured")
def affinity_keeps_the_pod(reading: Reading) -> Iterator[Finding]:
    """With sessionAffinity ClientIP all connections of a client that keeps coming go to one pod."""
    turns = notes(reading, Sticky)
    need(len(turns) > 1, "it was not asked twice")
    yield from one_pod_each(turns)
    few = (one for one in turns if one.answers < STICKY_FEW)
    yield from (unsure(f"turn {one.turn}: only {count(one.answers, 'connection')} were answered") for one in few)
    need(all(one.reached for one in turns), "no connection was answered")
    went = " and, after a pause, to ".join(f"{who} ({count(n)})" for one in turns for who, n in one.reached.items())
    yield holds(f"All answered connections went to {went}.")


@checker("observations.jsonl")
def long_lived_is_pinned(reading: Reading) -> Iterator[Finding]:
    """One connection through the service stays with its pod while new ones spread."""
    kept, fresh = kept_connection(reading), note(reading, New, "new connections were not counted", asked=SERVICE)
    yield from (against(f"it was answered by {' and '.join(sorted(set(one)))}") for one in kept if len(set(one)) > 1)
    need(len(kept) == 1, "it was not one connection: it ended meanwhile")
    need(len(kept[0]) >= FEW, "too few questions were asked on it")
    need(len(fresh.reached) > 1, "new connections did not spread either, so this says nothing")
    yield holds(f"{kept[0][0]} answered all {count(len(kept[0]), 'question')} on one connection.")
    yield holds(f"{count(len(fresh.reached), 'pod')} answered new connections meanwhile.")


@checker("report.md: Measured")
def names_below_governing_only(reading: Reading) -> Iterator[Finding]:
    """Pods have names below mysql-cluster, and none below mysql-internal."""
    below = {service: notes(reading, PodName, below=service) for service in (HEADLESS, GOVERNING)}
    need(all(below.values()), "names were not asked for below both")
    yield from wrong_answers(below[HEADLESS], lambda one: one.status == "NXDOMAIN")
    yield from wrong_answers(below[GOVERNING], lambda one: one.status == "NOERROR")
    answers = count(sum(len(asked) for asked in below.values()), "answer")
    yield holds(f"All {answers}: NXDOMAIN below {HEADLESS}, an address below {GOVERNING}.")


# ---- the unit's questions ----


def balancing_differs(reading: Reading) -> Iterator[str]:
    one, all_of_them = (note(reading, Lookup, asked=f"A {name}") for name in (SERVICE, HEADLESS))
    service, headless = (note(reading, New, asked=name) for name in (SERVICE, HEADLESS))
    yield f"{SERVICE} is {' and '.join(one.values)}; kube-proxy picks a pod for each new connection. {answered(service)}: {spread(service)}."
    yield f"{HEADLESS} has {count(len(all_of_them.values), 'address|addresses')}; the client picks one."
    if re.search(r"^\s*loadbalance\b", str(reading.meta.environment.get("corefile", "")), re.MULTILINE):
        yield "CoreDNS shuffles their order (its plugin `loadbalance`)."
    yield f"A client took the first address of each new answer. {answered(headless)}: {spread(headless)}."
    yield f"The shares in brackets hold together for each of the two, at {SURE} confidence. A client that keeps an answer keeps its pod."


def balance_or_direct(reading: Reading) -> Iterator[str]:
    held(reading, addresses_lead_to_one_pod)
    held(reading, names_below_governing_only)
    yield "Load balancing where any member will do, such as reads that may be a little old. Direct addressing where it matters who answers: writes, replication, backups, reads of one's own writes."
    looks = count(sum(one.answers for one in notes(reading, Chosen)), "connection")
    yield f"Here each address of the headless answer led to its own pod and no other, in {looks}."
    # Why the unit's "direct pod connections" fail.
    internal, governing = (note(reading, Endpoints, service=service) for service in (HEADLESS, GOVERNING))
    for one, wanted in ((internal, "NXDOMAIN"), (governing, "OK")):
        need(one.connect.startswith(wanted), f"a client of {MEMBERS[0]}.{one.service} ended with {one.connect}")
    yield f"The unit's direct connections use {MEMBERS[0]}.{HEADLESS}. That name does not exist: a MySQL client ends with {internal.connect}."
    yield f"A pod's hostname is a name below the service in its subdomain only ({', '.join(governing.subdomains)}), the StatefulSet's serviceName. Below others it has at most a name made of its address."
    carried = ", ".join(internal.hostnames) or "none"
    yield f"Endpoints of {GOVERNING} carry the hostnames {', '.join(governing.hostnames)}; those of {HEADLESS} carry {carried}. Both select the same pods."
    yield f"A MySQL client reaches {MEMBERS[0]}.{GOVERNING}."


def session_affinity(reading: Reading) -> Iterator[str]:
    held(reading, long_lived_is_pinned)
    held(reading, affinity_keeps_the_pod)
    kept, turns = kept_connection(reading)[0], notes(reading, Sticky)
    went = [next(iter(one.reached)) for one in turns]
    yield f"kube-proxy balances when a connection is made. {kept[0]} answered all {count(len(kept), 'question')} on one connection through {SERVICE}."
    yield "So a pool spreads its connections once. A member that comes later gets none until new ones are made."
    yield "What belongs to a session (transactions, temporary tables, settings) stays on its connection."
    yield f"With sessionAffinity ClientIP all {count(turns[0].answers, 'connection')} of this client that were answered went to {went[0]}."
    pause = f"of {stated(PAUSE_S)} (its timeout is {stated(AFFINITY_S)})"
    if went[-1] != went[0]:
        yield f"The affinity ended: after {count(len(turns) - 1, 'pause')} {pause} all {count(turns[-1].answers)} went to {went[-1]}."
        if turns[1:-1]:
            yield f"After each earlier one they had gone to {went[0]} again, as happens in one of three cases where it has ended."
    else:
        yield f"After each pause {pause} they went there again, in {count(len(turns), 'turn')}: this does not show that the affinity ended."
    yield "Affinity goes by address: all clients behind one address share one member."


def headline(reading: Reading) -> str:
    service, kept = note(reading, New, asked=SERVICE), kept_connection(reading)
    need(service.reached, "no new connection was answered")
    counts = ", ".join(f"{pod} {count(service.answered.get(pod, 0))}" for pod in MEMBERS)
    pinned = f" {kept[0][0]} answered all {count(len(kept[0]), 'question')} on one connection that stayed open."
    spread_as = f"Through the service address {answered(service)}: {counts}."
    return spread_as + pinned * (len(kept) == 1)


experiment = Experiment(
    name="load-balancing",
    hypothesis="A service address spreads new connections evenly over all members and leaves each where it is; a headless name leaves the choice to the client, and gives pods names only where it is the StatefulSet's own.",
    workload=cluster("mysql-cluster.yaml"),
    checkers=(
        one_address_or_all,
        service_spreads_evenly,
        addresses_lead_to_one_pod,
        affinity_keeps_the_pod,
        long_lived_is_pinned,
        names_below_governing_only,
    ),
    questions=(
        unit_question("balancing-differs", balancing_differs, "report.md: Measured"),
        unit_question("balance-or-direct", balance_or_direct, "report.md: Measured"),
        unit_question("session-affinity", session_affinity, "observations.jsonl", "report.md: Measured"),
    ),
    tables=(Lookup, New, Chosen, Sticky, PodName, Endpoints),
    headline=headline,
    needs=("reach",),
    timeout_s=240,
    method=method,
)
