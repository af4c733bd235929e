"""Which member of mysql-cluster gets a connection: through a service address, a headless name, with session affinity, on a connection that stays?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.experiment import (
    Experiment,
    Fact,
    Reading,
    Run,
    Series,
    Verdict,
    Workload,
    ask,
    combine,
    fact,
    facts,
    wilson,
)

from .shared.course import unit_question
from .shared.mysql import PORT, ROOT

STEADY_WITHIN_S = 90
PODS = ("mysql-cluster-0", "mysql-cluster-1", "mysql-cluster-2")
# Enough for a share of a third to be known to within 5 points (95 %), or 9 (99.9 %).
MANY, FEW = 400, 30
# With three members, a share that is off by a tenth is seen with this many, most of the time.
ENOUGH = 200
EVERY_S = 0.01
HELD_EVERY_S = 0.1
TRIES = 3
DECIDED = ("NXDOMAIN", "NOERROR", "NODATA")  # what an answer of DNS may be
AFFINITY_S = 5  # as in mysql-sticky.yaml
# So many of them must have been answered each time for a verdict on affinity.
STICKY_FEW = 10
SETTLE_S = 2.0
# Of connections, lost ones may be so many; more are no longer chance.
LOST = 0.05
# A verdict must not fail by chance: one run in a thousand would.
CERTAIN = 0.999


async def method(run: Run) -> None:
    """Count who answers SELECT @@hostname in each of the unit's ways, and in those that it leaves out."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await run.apply("mysql-services.yaml")
    await run.apply("mysql-sticky.yaml")
    await run.sleep(SETTLE_S)
    held = run.clients.hold("mysql", "mysql-replicas", PORT, ROOT, period_s=HELD_EVERY_S)
    run.mark("held", through="mysql-replicas", series=held.id)
    for name in ("mysql-replicas", "mysql-internal"):
        await ask_surely(run, "lookup", name, ("service",), of=name)
        await count(run, "new", name, MANY)
    await choose(run)
    await names_below(run, "mysql-internal")
    await names_below(run, "mysql-cluster")
    await count(run, "sticky", "mysql-sticky", FEW, turn=1)
    await run.sleep(AFFINITY_S + 1)
    await count(run, "sticky", "mysql-sticky", FEW, turn=2)
    run.clients.close(held)


async def ask_surely(run: Run, kind: str, name: str, views: Sequence[str] | None = None, **details: object) -> None:
    """Ask again where a packet was lost; each answer is a fact."""
    for _ in range(TRIES):
        if all(o.status in DECIDED for o in await ask(run, kind, name, "A", views=views, **details)):
            return


async def count(run: Run, kind: str, name: str, times: int, **details: object) -> None:
    outcomes = await run.clients.sample("mysql", name, PORT, times, ROOT, period_s=EVERY_S)
    counts = Counter(o.values[0] if o.status == "OK" else f"{o.status} ({o.phase})" for o in outcomes)
    run.mark(kind, through=name, connections=len(outcomes), answered=dict(counts.most_common()), **details)


async def choose(run: Run) -> None:
    """A client that resolves the headless name once and takes each address in turn."""
    found = await run.resolve("mysql-internal")
    for address in found.values:
        await count(run, "chosen", address, FEW // 3)


async def names_below(run: Run, service: str) -> None:
    """Ask for each pod's name below a service, connect by it, and look at what the service's endpoints carry."""
    for pod in PODS:
        await ask_surely(run, "name", f"{pod}.{service}", below=service, pod=pod)
    for _ in range(TRIES):
        reply = await run.clients.ask("mysql", f"{PODS[0]}.{service}", PORT, "SELECT @@hostname", ROOT)
        if reply.outcome.status != "TIMEOUT":
            break
    slices = await run.objects.list("EndpointSlice", f"kubernetes.io/service-name={service}")
    hostnames = [e["hostname"] for piece in slices for e in piece.get("endpoints") or () if e.get("hostname")]
    pods = await run.objects.list("Pod", "app=mysql-cluster")
    run.mark(
        "endpoints",
        service=service,
        hostnames=sorted(hostnames),
        subdomains=sorted({pod["spec"].get("subdomain", "") for pod in pods}),
        connect=f"{reply.outcome.status} ({reply.outcome.phase})",
    )


# ---- reading it ----


def counted(reading: Reading, kind: str, name: str, **where: object) -> Fact | None:
    return fact(reading, kind, through=name, **where)


def lost(found: Fact) -> list[str]:
    """More failures than single lost packets explain; a failure says nothing about where the connection would have gone."""
    failures = {who: n for who, n in found["answered"].items() if who not in PODS}
    if sum(failures.values()) <= found["connections"] * LOST:
        return []
    return [f"{found['through']}: {', '.join(f'{n} connections {what}' for what, n in failures.items())}"]


def reached(found: Fact) -> dict[str, int]:
    """Pod → connections that it answered."""
    return {who: n for who, n in found["answered"].items() if who in PODS}


def shares(found: Fact, confidence: float = 0.95) -> dict[str, tuple[int, float, float]]:
    """Pod → connections, and the interval of its share; all intervals together have that confidence."""
    total = sum(found["answered"].get(pod, 0) for pod in PODS)
    if not total:
        return {}
    rows = {pod: found["answered"].get(pod, 0) for pod in PODS}
    return {pod: (n, *wilson(n, total, confidence=confidence, intervals=len(PODS))) for pod, n in rows.items()}


def spread(found: Fact) -> str:
    return ", ".join(f"{pod} {n} ({low:.0%} to {high:.0%})" for pod, (n, low, high) in shares(found).items())


def even(found: Fact, confidence: float) -> bool:
    """Whether equal shares are compatible with the counts."""
    return all(low <= 1 / len(PODS) <= high for _, low, high in shares(found, confidence).values())


def only(found: Fact | None) -> str:
    """Who answered all connections; empty where there was not exactly one."""
    answered = list(reached(found)) if found else []
    return answered[0] if len(answered) == 1 else ""


@dataclass(frozen=True, slots=True)
class Held:
    """What the long-lived connection saw.

    Attributes:
        pods: pod → answers.
        ended: failure → how often, after the first answer: each ends a connection, and another is opened.
    """

    pods: Counter[str]
    ended: Counter[str]


def held_answers(reading: Reading) -> Held | None:
    found = fact(reading, "held")
    series: Series | None = next((s for s in reading.series if found and s.id == found["series"]), None)
    if series is None:
        return None
    said = [
        o.outcome.values[0]
        if o.outcome.status == "OK" and o.outcome.values
        else f"{o.outcome.status} ({o.outcome.phase})"
        for o in sorted(reading.samples(series), key=lambda o: o.sent_ns)
    ]
    first = next((position for position, who in enumerate(said) if who in PODS), len(said))
    return Held(Counter(who for who in said if who in PODS), Counter(who for who in said[first:] if who not in PODS))


def total(found: Fact | None) -> int:
    """How many connections a pod answered."""
    return sum(reached(found).values()) if found else 0


# ---- what must hold ----


def one_address_or_all(reading: Reading) -> Verdict:
    """The service's name is one address that is no pod's, the headless one is the pods'."""
    name = "one-address-or-all"
    one, all_of_them = fact(reading, "lookup", of="mysql-replicas"), fact(reading, "lookup", of="mysql-internal")
    if one is None or all_of_them is None or {one["status"], all_of_them["status"]} != {"NOERROR"}:
        return combine(name, failures=(), unknowns=("not both names were resolved",), success="", evidence=())
    failures = [] if len(one["values"]) == 1 else [f"mysql-replicas is {', '.join(one['values'])}"]
    failures += (
        [] if len(all_of_them["values"]) == len(PODS) else [f"mysql-internal is {', '.join(all_of_them['values'])}"]
    )
    failures += ["mysql-replicas is a pod's address"] if set(one["values"]) & set(all_of_them["values"]) else []
    success = f"mysql-replicas is {one['values'][0]}; mysql-internal is {', '.join(all_of_them['values'])}."
    return combine(name, failures=failures, unknowns=(), success=success, evidence=("report.md: Measured",))


def service_spreads_evenly(reading: Reading) -> Verdict:
    """Shares of new connections through the service address are compatible with a third each."""
    found = counted(reading, "new", "mysql-replicas")
    if found is None or not shares(found):
        return combine(
            "service-spreads-evenly", failures=(), unknowns=("nothing was counted",), success="", evidence=()
        )
    unknowns = lost(found)
    unknowns += [] if found["connections"] >= ENOUGH else [f"only {found['connections']} connections"]
    failures = (
        [] if even(found, CERTAIN) else [f"equal shares are excluded at {CERTAIN:.1%} confidence: {spread(found)}"]
    )
    success = f"Of {sum(reached(found).values())} connections, with 95 % intervals of the shares: {spread(found)}; equal shares are compatible with that."
    return combine(
        "service-spreads-evenly",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def addresses_lead_to_one_pod(reading: Reading) -> Verdict:
    """Who takes an address of the headless answer reaches the one pod behind it, each time."""
    found = facts(reading, "chosen")
    failures = [f"{f['through']} led to {', '.join(reached(f))}" for f in found if len(reached(f)) > 1]
    seen = {only(f) for f in found}
    unknowns = [f"{pod} was not among them" for pod in PODS if pod not in seen] + [
        one for f in found for one in lost(f)
    ]
    success = f"Each address led to one pod each time: {', '.join(f'''{f['through']} to {only(f)}''' for f in found)}."
    return combine(
        "addresses-lead-to-one-pod",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def affinity_keeps_the_pod(reading: Reading) -> Verdict:
    """With sessionAffinity ClientIP all connections of a client that keeps coming go to one pod."""
    turns = [f for turn in (1, 2) if (f := counted(reading, "sticky", "mysql-sticky", turn=turn))]
    failures = [
        f"turn {f['turn']}: {', '.join(f'{who} {n}' for who, n in reached(f).items())}"
        for f in turns
        if len(reached(f)) > 1
    ]
    unknowns = [] if len(turns) == 2 else ["it was not asked twice"]  # noqa: PLR2004 - before and after the pause
    unknowns += [one for f in turns for one in lost(f)]
    unknowns += [f"turn {f['turn']}: only {total(f)} connections were answered" for f in turns if total(f) < STICKY_FEW]
    success = f"All connections that were answered went to {' and, after a pause, to '.join(f'{only(f)} ({sum(reached(f).values())})' for f in turns)}."
    return combine(
        "affinity-keeps-the-pod",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def long_lived_is_pinned(reading: Reading) -> Verdict:
    """One connection through the service stays with its pod while new ones spread."""
    answers, fresh = held_answers(reading), counted(reading, "new", "mysql-replicas")
    if answers is None or fresh is None or sum(answers.pods.values()) < FEW:
        return combine(
            "long-lived-is-pinned",
            failures=(),
            unknowns=("too few questions were asked on it",),
            success="",
            evidence=(),
        )
    failures = [f"it was answered by {', '.join(answers.pods)}"] if len(answers.pods) > 1 else []
    unknowns = [f"it was not one connection: {what}" for what in answers.ended]
    others = reached(fresh)
    unknowns += [] if len(others) > 1 else ["new connections did not spread either, so this says nothing"]
    success = f"All {sum(answers.pods.values())} questions on one connection were answered by {', '.join(answers.pods)}, while {len(others)} pods answered new ones."
    return combine(
        "long-lived-is-pinned", failures=failures, unknowns=unknowns, success=success, evidence=("observations.jsonl",)
    )


def names_below_governing_only(reading: Reading) -> Verdict:
    """Pods have names below mysql-cluster, and none below mysql-internal."""
    name = "names-below-governing-only"
    wanted = {"mysql-internal": "NXDOMAIN", "mysql-cluster": "NOERROR"}
    found = facts(reading, "name")
    decided = [f for f in found if f["status"] in DECIDED]
    failures = [f"{f['asked']} is {f['status']} at {f['view']}" for f in decided if f["status"] != wanted[f["below"]]]
    answered = {(f["asked"], f["view"]) for f in decided}
    unknowns = [f"{f['asked']}: {f['status']} at {f['view']}" for f in found if (f["asked"], f["view"]) not in answered]
    unknowns += [
        f"names below {service} were not asked for" for service in wanted if not facts(reading, "name", below=service)
    ]
    success = f"All {len(decided)} answers: NXDOMAIN below mysql-internal, an address below mysql-cluster."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


# ---- the unit's questions ----


def no_such_name(reading: Reading) -> str:
    """Why the unit's "direct pod connections" fail."""
    internal, governing = (
        fact(reading, "endpoints", service="mysql-internal"),
        fact(reading, "endpoints", service="mysql-cluster"),
    )
    if internal is None or governing is None or names_below_governing_only(reading).outcome != "ok":
        return ""
    if not governing["connect"].startswith("OK") or not internal["connect"].startswith("NXDOMAIN"):
        return ""
    return (
        f"The unit's direct connections use {PODS[0]}.mysql-internal, and that name does not exist (a MySQL client ends with {internal['connect']}): a pod's "
        f"name stands below the one service in its subdomain ({', '.join(governing['subdomains'])}), which the StatefulSet takes from serviceName. Endpoints of "
        f"mysql-cluster carry the hostnames {', '.join(governing['hostnames'])}; those of mysql-internal carry "
        f"{', '.join(internal['hostnames']) or 'none'}, though both select the same pods. {PODS[0]}.mysql-cluster works ({governing['connect']})."
    )


def balancing_differs(reading: Reading) -> str:
    one, all_of_them = fact(reading, "lookup", of="mysql-replicas"), fact(reading, "lookup", of="mysql-internal")
    service, headless = counted(reading, "new", "mysql-replicas"), counted(reading, "new", "mysql-internal")
    if (
        one is None
        or all_of_them is None
        or service is None
        or headless is None
        or not shares(service)
        or not shares(headless)
    ):
        return ""
    compatible = "is compatible with" if even(service, 0.95) else "is not compatible with"
    uneven = (
        "equal shares are compatible with that"
        if even(headless, 0.95)
        else "these are not equal shares: the order of a DNS answer is no load balancer"
    )
    return (
        f"mysql-replicas is one address ({', '.join(one['values'])}), and kube-proxy draws a pod for each new connection: of {total(service)} connections "
        f"that were answered these reached: {spread(service)}, in brackets 95 % intervals of the shares; that {compatible} a third each. mysql-internal is {len(all_of_them['values'])} addresses, and nothing "
        f"balances: the client picks. One that takes the first address of each fresh answer got {spread(headless)}; {uneven}. One that keeps an answer keeps its pod."
    )


def balance_or_direct(reading: Reading) -> str:
    chosen = facts(reading, "chosen")
    said = no_such_name(reading)
    if not chosen or not said or addresses_lead_to_one_pod(reading).outcome != "ok":
        return ""
    return (
        "Load balancing where any member will do, such as reads that may be a little old. A member of one's own where it matters which one answers: writes, "
        f"replication, backups, reading what one has just written. Here each address of the headless answer led to its own pod and no other, in "
        f"{sum(sum(reached(f).values()) for f in chosen)} connections. {said}"
    )


def session_affinity(reading: Reading) -> str:
    answers = held_answers(reading)
    first, second = (counted(reading, "sticky", "mysql-sticky", turn=turn) for turn in (1, 2))
    service = counted(reading, "new", "mysql-replicas")
    if (
        answers is None
        or not only(first)
        or not only(second)
        or service is None
        or long_lived_is_pinned(reading).outcome != "ok"
        or affinity_keeps_the_pod(reading).outcome != "ok"
    ):
        return ""
    again = "the same" if only(first) == only(second) else "another one"
    return (
        f"Balancing happens when a connection is made: on one connection through mysql-replicas all {sum(answers.pods.values())} questions were answered by {next(iter(answers.pods))}, so "
        "a pool spreads its connections once, and a member that comes later gets none until connections are made anew. What belongs to a session (transactions, temporary "
        f"tables, settings) is safe on its connection and nowhere else. With sessionAffinity ClientIP all {total(first)} connections of this client that were answered went to {only(first)}; "
        f"after {AFFINITY_S + 1} s without one (its timeout is {AFFINITY_S} s) all {total(second)} went to {only(second)}, {again}. It goes by address: all clients behind one address share one member."
    )


def headline(reading: Reading) -> str:
    service, answers = counted(reading, "new", "mysql-replicas"), held_answers(reading)
    if service is None or not shares(service) or answers is None:
        return "Who gets connections was not counted."
    where = "On the simulated cluster" if reading.meta.simulated else "Through the service address"
    counts = ", ".join(f"{pod} {n}" for pod, (n, _, _) in shares(service).items())
    said = f"{where} {total(service)} new connections spread as {counts}"
    if not answers.pods or answers.ended:
        return f"{said}."
    return f"{said}; one connection that stayed open was answered by {' and '.join(answers.pods)} in all its {sum(answers.pods.values())} questions."


experiment = Experiment(
    name="load-balancing",
    hypothesis=(
        "A service address spreads new connections evenly over all members and leaves each where it is; a headless name leaves the choice to the client, and "
        "gives pods names only where it is the StatefulSet's own."
    ),
    workload=Workload(
        manifests=("mysql-cluster.yaml",), statefulset="mysql-cluster", service="mysql-cluster", port=PORT
    ),
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
    tables={
        "lookup": "What the two services' names are:",
        "new": "Who answered SELECT @@hostname on new connections:",
        "chosen": "A client that takes each address of the headless answer in turn:",
        "sticky": "With sessionAffinity ClientIP, before and after a pause:",
        "name": "Names of pods below each headless service:",
        "endpoints": "What the endpoints of both carry, and what a MySQL client says of such a name:",
    },
    headline=headline,
    needs=("reach",),
    timeout_s=240,
    duration_s=50,
    method=method,
)
