"""Which member of mysql-cluster gets a connection: through a service address, a headless name, with session affinity, on a connection that stays?"""

from collections.abc import Iterator, Sequence
from functools import partial

from chaos.experiment import *

from .shared.course import unit_question
from .shared.mysql import PORT, ROOT, cluster, sql_answers

STEADY_WITHIN_S = 90
PODS = ("mysql-cluster-0", "mysql-cluster-1", "mysql-cluster-2")
# Shares are even if each is within this many points of a third. With MANY connections each is known to within 4 (95 %
# for all three together), so that equal ones are found even in all but one run of a thousand.
POINTS, MANY, FEW = 10, 800, 30
LEAST, MOST = 1 / len(PODS) - POINTS / 100, 1 / len(PODS) + POINTS / 100
EVERY_S = 0.01
HELD_EVERY_S = 0.1
TRIES = 3
DECIDED = ("NXDOMAIN", "NOERROR", "NODATA")  # what an answer of DNS may be
AFFINITY_S, PAUSE_S = 5, 6  # as in mysql-sticky.yaml; longer than that
# So many of them must have been answered each time for a verdict on affinity.
STICKY_FEW = 10
SETTLE_S = 2.0
# Of connections, lost ones may be so many; more are no longer chance.
LOST = 0.05
SERVICE, HEADLESS, GOVERNING, STICKY = "mysql-replicas", "mysql-internal", "mysql-cluster", "mysql-sticky"
HELD = "held"


class Lookup(Asked):
    """What the two services' names are."""


class New(Answered):
    """Who answered SELECT @@hostname on new connections."""


class Chosen(Answered):
    """A client that takes each address of the headless answer in turn."""


class Sticky(Answered):
    """With sessionAffinity ClientIP, before and after a pause."""

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
        await ask_surely(run, Lookup, name, ("service",))
        await sql_answers(run, New, name, MANY, ROOT, period_s=EVERY_S)
    # A client that resolves the headless name once and takes each address in turn.
    for address in (await run.resolve(HEADLESS)).values:
        await sql_answers(run, Chosen, address, FEW // 3, ROOT, period_s=EVERY_S)
    await names_below(run, HEADLESS)
    await names_below(run, GOVERNING)
    await sql_answers(run, Sticky, STICKY, FEW, ROOT, period_s=EVERY_S, turn=1)
    await run.sleep(PAUSE_S)
    await sql_answers(run, Sticky, STICKY, FEW, ROOT, period_s=EVERY_S, turn=2)
    run.clients.close(kept)


async def ask_surely(
    run: Run, kind: type[Asked], name: str, views: Sequence[str] | None = None, **details: object
) -> None:
    """Ask again where a packet was lost; each answer is a note."""
    for _ in range(TRIES):
        if all(o.status in DECIDED for o in await ask(run, kind, name, "A", views=views, **details)):
            return


async def names_below(run: Run, service: str) -> None:
    """Ask for each pod's name below a service, connect by it, and look at what the service's endpoints carry."""
    for pod in PODS:
        await ask_surely(run, PodName, f"{pod}.{service}", below=service)
    for _ in range(TRIES):
        reply = await run.clients.ask("mysql", f"{PODS[0]}.{service}", PORT, "SELECT @@hostname", ROOT)
        if reply.outcome.status != "TIMEOUT":
            break
    slices = await run.objects.list("EndpointSlice", f"kubernetes.io/service-name={service}")
    hostnames = [e["hostname"] for piece in slices for e in piece.get("endpoints") or () if e.get("hostname")]
    pods = await run.objects.list("Pod", "app=mysql-cluster")
    subdomains = sorted({pod["spec"].get("subdomain", "") for pod in pods})
    said = f"{reply.outcome.status} ({reply.outcome.phase})"
    run.note(Endpoints(service, tuple(sorted(hostnames)), tuple(subdomains), said))


# ---- reading it ----


def undecided(found: Answered) -> int:
    """Connections that failed after the name had been resolved: they may have gone to any pod. The others were not made."""
    return sum(n for what, n in found.failed.items() if not what.endswith("(resolve)"))


def shares(found: Answered) -> dict[str, tuple[float, float]]:
    """Pod → bounds of its share of the connections that were made, which hold for all together with 95 %."""
    need(found.answers, f"no connection to {found.asked} was answered")
    more, part = undecided(found), partial(wilson, of=found.answers + undecided(found), intervals=len(PODS))
    rows = {pod: found.answered.get(pod, 0) for pod in PODS}
    return {pod: (part(n)[0], part(n + more)[1]) for pod, n in rows.items()}


def spread(found: Answered) -> str:
    rows = shares(found).items()
    return ", ".join(f"{pod} {count(found.answered.get(pod, 0))} ({share(*bounds)})" for pod, bounds in rows)


def even(found: Answered) -> bool | None:
    """Whether all shares are within the margin; None where some may be or not."""
    bounds = shares(found).values()
    if all(low >= LEAST and high <= MOST for low, high in bounds):
        return True
    return False if any(high < LEAST or low > MOST for low, high in bounds) else None


def lost(found: Answered) -> Iterator[Finding]:
    """More failures than single lost packets explain; a failure says nothing about where the connection would have gone."""
    if undecided(found) > found.connections * LOST:
        rows = (f"{count(n, 'connection')} {what}" for what, n in found.failed.items())
        yield unsure(f"{found.asked}: {', '.join(rows)}")


def others_excluded(looks: int) -> str:
    """What it says that so many looks showed one pod."""
    return f"at 95 % no more than {share(excluded(looks))} go elsewhere"


def kept_connection(reading: Reading) -> list[list[str]]:
    """Who answered on the connection that was kept, one by one; each failure after an answer ends it, and another begins."""
    found: list[list[str]] = [[]]
    for sample in sorted(reading.samples(watched(reading, HELD)), key=lambda sample: sample.sent_ns):
        if sample.outcome.status == "OK" and sample.outcome.values:
            found[-1].append(sample.outcome.values[0])
        elif found[-1]:
            found.append([])
    need(found[0], "nobody answered on the connection that was kept")
    return found


# ---- what must hold ----


@checker("report.md: Measured")
def one_address_or_all(reading: Reading) -> Iterator[Finding]:
    """The service's name is one address that is no pod's, the headless one is the pods'."""
    one, all_of_them = (note(reading, Lookup, asked=f"A {name}") for name in (SERVICE, HEADLESS))
    for found, wanted in ((one, 1), (all_of_them, len(PODS))):
        need(found.status in DECIDED, f"{found.asked}: {found.status}")
        if len(found.values) != wanted:
            yield against(f"{found.asked} is {', '.join(found.values) or found.status}")
    if set(one.values) & set(all_of_them.values):
        yield against(f"{SERVICE} is a pod's address")
    yield holds(f"{SERVICE} is {', '.join(one.values)}; {HEADLESS} is {', '.join(all_of_them.values)}.")


@checker("report.md: Measured")
def service_spreads_evenly(reading: Reading) -> Iterator[Finding]:
    """Each member's share of new connections through the service address is within 10 points of a third."""
    found = note(reading, New, "nothing was counted", asked=SERVICE)
    of, said = count(found.answers, "answered connection"), even(found)
    margin = f"within {POINTS} points of a third"
    if said is None:
        yield unsure(f"of {of} these reached {spread(found)}, which may all be {margin} or not")
    elif not said:
        yield against(f"of {of} these reached {spread(found)}, which are not all {margin}")
    yield holds(f"Of {of}, with 95 % intervals of the shares: {spread(found)}; all are {margin}.")


@checker("report.md: Measured")
def addresses_lead_to_one_pod(reading: Reading) -> Iterator[Finding]:
    """Who takes an address of the headless answer reaches the one pod behind it, each time."""
    found = notes(reading, Chosen)
    for one in found:
        if len(one.reached) > 1:
            yield against(f"{one.asked} led to {', '.join(one.reached)}")
        yield from lost(one)
    seen = {pod for one in found for pod in one.reached}
    yield from (unsure(f"{pod} was not among them") for pod in PODS if pod not in seen)
    looks = min((one.answers for one in found), default=0)
    need(looks, "not every address was answered at")
    led = ", ".join(f"{one.asked} to {' and '.join(one.reached)}" for one in found)
    yield holds(f"Each address led to one pod each time: {led}; of each, {others_excluded(looks)}.")


@checker("report.md: Measured")
def affinity_keeps_the_pod(reading: Reading) -> Iterator[Finding]:
    """With sessionAffinity ClientIP all connections of a client that keeps coming go to one pod."""
    turns = [note(reading, Sticky, "it was not asked twice", turn=turn) for turn in (1, 2)]
    for one in turns:
        if len(one.reached) > 1:
            yield against(f"turn {one.turn}: {one.told()}")
        yield from lost(one)
        if one.answers < STICKY_FEW:
            yield unsure(f"turn {one.turn}: only {count(one.answers, 'connection')} were answered")
    went = " and, after a pause, to ".join(f"{who} ({count(n)})" for one in turns for who, n in one.reached.items())
    looks = min(one.answers for one in turns)
    need(looks, "no connection was answered")
    yield holds(f"All connections that were answered went to {went}; of each turn, {others_excluded(looks)}.")


@checker("observations.jsonl")
def long_lived_is_pinned(reading: Reading) -> Iterator[Finding]:
    """One connection through the service stays with its pod while new ones spread."""
    kept, fresh = kept_connection(reading), note(reading, New, "new connections were not counted", asked=SERVICE)
    yield from (against(f"it was answered by {' and '.join(sorted(set(one)))}") for one in kept if len(set(one)) > 1)
    need(len(kept) == 1, "it was not one connection: it ended meanwhile")
    looks = len(kept[0])
    need(looks >= FEW, "too few questions were asked on it")
    need(len(fresh.reached) > 1, "new connections did not spread either, so this says nothing")
    yield holds(
        f"All {count(looks, 'question')} on one connection were answered by {kept[0][0]}, while {count(len(fresh.reached), 'pod')} answered new "
        f"ones; {others_excluded(looks)}."
    )


@checker("report.md: Measured")
def names_below_governing_only(reading: Reading) -> Iterator[Finding]:
    """Pods have names below mysql-cluster, and none below mysql-internal."""
    decided = 0
    for service, wanted in ((HEADLESS, "NXDOMAIN"), (GOVERNING, "NOERROR")):
        asked = notes(reading, PodName, below=service)
        need(asked, f"names below {service} were not asked for")
        told = [one for one in asked if one.status in DECIDED]
        yield from (against(f"{o.asked} is {o.status} at {o.view}") for o in told if o.status != wanted)
        answered = {(one.asked, one.view) for one in told}
        silent = (one for one in asked if (one.asked, one.view) not in answered)
        yield from (unsure(f"{one.asked}: {one.status} at {one.view}") for one in silent)
        decided += len(told)
    yield holds(f"All {count(decided, 'answer')}: NXDOMAIN below {HEADLESS}, an address below {GOVERNING}.")


# ---- the unit's questions ----


def no_such_name(reading: Reading) -> Iterator[str]:
    """Why the unit's "direct pod connections" fail."""
    held(reading, names_below_governing_only)
    internal, governing = (note(reading, Endpoints, service=service) for service in (HEADLESS, GOVERNING))
    need(internal.connect.startswith("NXDOMAIN"), f"a client of {PODS[0]}.{HEADLESS} ended with {internal.connect}")
    need(governing.connect.startswith("OK"), f"a client of {PODS[0]}.{GOVERNING} ended with {governing.connect}")
    yield (
        f"The unit's direct connections use {PODS[0]}.{HEADLESS}, and that name does not exist (a MySQL client ends with {internal.connect}): a pod's "
        f"name stands below the one service in its subdomain ({', '.join(governing.subdomains)}), which the StatefulSet takes from serviceName."
    )
    yield (
        f"Endpoints of {GOVERNING} carry the hostnames {', '.join(governing.hostnames)}; those of {HEADLESS} carry "
        f"{', '.join(internal.hostnames) or 'none'}, though both select the same pods."
    )
    yield f"{PODS[0]}.{GOVERNING} works ({governing.connect})."


def balancing_differs(reading: Reading) -> Iterator[str]:
    one, all_of_them = (note(reading, Lookup, asked=f"A {name}") for name in (SERVICE, HEADLESS))
    service, headless = (note(reading, New, asked=name) for name in (SERVICE, HEADLESS))
    verdict = {
        True: f"each is within {POINTS} points of a third",
        False: f"not all are within {POINTS} points of a third",
        None: f"whether all are within {POINTS} points of a third is not known",
    }
    yield (
        f"{SERVICE} is {' and '.join(one.values)}, and kube-proxy draws a pod for each new connection: of {count(service.answers)} connections "
        f"that were answered these reached: {spread(service)}, in brackets 95 % intervals of the shares; {verdict[even(service)]}."
    )
    yield f"{HEADLESS} is {count(len(all_of_them.values), 'address|addresses')}, and nothing balances: the client picks."
    order = ": the order of a DNS answer is no load balancer" if even(headless) is False else ""
    yield f"One that takes the first address of each fresh answer got {spread(headless)}; {verdict[even(headless)]}{order}."
    yield "One that keeps an answer keeps its pod."


def balance_or_direct(reading: Reading) -> Iterator[str]:
    held(reading, addresses_lead_to_one_pod)
    direct, chosen = list(no_such_name(reading)), notes(reading, Chosen)
    yield "Load balancing where any member will do, such as reads that may be a little old."
    yield "A member of one's own where it matters which one answers: writes, replication, backups, reading what one has just written."
    yield f"Here each address of the headless answer led to its own pod and no other, in {count(sum(one.answers for one in chosen), 'connection')}."
    yield from direct


def session_affinity(reading: Reading) -> Iterator[str]:
    held(reading, long_lived_is_pinned)
    held(reading, affinity_keeps_the_pod)
    kept, turns = kept_connection(reading)[0], [note(reading, Sticky, turn=turn) for turn in (1, 2)]
    (first, n_first), (second, n_second) = (next(iter(one.reached.items())) for one in turns)
    yield (
        f"Balancing happens when a connection is made: on one connection through {SERVICE} all {count(len(kept), 'question')} were answered by "
        f"{kept[0]}, so a pool spreads its connections once, and a member that comes later gets none until connections are made anew."
    )
    yield "What belongs to a session (transactions, temporary tables, settings) is safe on its connection and nowhere else."
    yield (
        f"With sessionAffinity ClientIP all {count(n_first, 'connection')} of this client that were answered went to {first}; after {PAUSE_S} s "
        f"without one (its timeout is {AFFINITY_S} s) all {count(n_second)} went to {second}, {'the same' if first == second else 'another one'}."
    )
    yield "It goes by address: all clients behind one address share one member."


def headline(reading: Reading) -> str:
    service, kept = note(reading, New, asked=SERVICE), kept_connection(reading)
    need(service.reached, "no new connection was answered")
    counts = ", ".join(f"{pod} {count(service.answered.get(pod, 0))}" for pod in PODS)
    said = f"Through the service address {count(service.answers, 'new connection')} spread as {counts}"
    if len(kept) > 1:
        return f"{said}."
    return f"{said}; one connection that stayed open was answered by {kept[0][0]} in all its {count(len(kept[0]), 'question')}."


experiment = Experiment(
    name="load-balancing",
    hypothesis=(
        "A service address spreads new connections evenly over all members and leaves each where it is; a headless name leaves the choice to the client, and "
        "gives pods names only where it is the StatefulSet's own."
    ),
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
    duration_s=60,
    method=method,
)
