"""How does a pod resolve names, what does each name cost, and what becomes of clients when names or addresses change?"""

import re
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address

from chaos.experiment import *

from .shared.course import unit_question

CLIENT, SERVERS = "app=network-test", "app=web-stateful"
REPLICAS, PORT, TRIES = 3, 80, 5
READY_WITHIN_S = 60
PRIMARY = "web-0"
EXTERNAL = ("google.com", "example.com")
SETTLE_S = 1.0  # a pod that starts just now may still be without its endpoint; DNS follows within milliseconds
NO_SUCH_NAME = "bad address"  # what busybox's wget says of it
UNTOLD = ("TIMEOUT ", "SERVFAIL ")  # how failed connections begin that say nothing about a name
ANSWERED = ("NOERROR", "NXDOMAIN", "NODATA")
FULL, SHORT_POD, BARE_POD, FULL_POD = "service, full name", "pod, short", "pod, bare", "pod, full name"
BARE, POD, WHOLE, DOTTED = "bare name", "short name of a pod", "full name", "full name with its final dot"
OUTSIDE, OUTSIDE_DOTTED, GONE = "outside", "outside, with its final dot", "a name that is no more"
AFTER = "the name after the replacement"


class ApiAddress(Note):
    """The API server's address as the kubelet told the pod."""

    told_by_the_kubelet: str


class PodLookup(LookedUp):
    """nslookup in the pod (busybox's: the search list is for names without a dot only)."""

    of: str


class PodFetch(Fetched):
    """wget in the pod, which asks the C library."""

    of: str


class DirectLookup(Asked):
    """Names asked at each DNS server."""

    of: str


class Cost(Costed):
    """What a C library with that resolv.conf asks for each form of a name (A and AAAA each), asked one by one from here."""

    of: str


class PeerFinds(Note):
    """What another member of the set made of web-0.web."""

    when: str
    peer: str
    asked: str
    address: str


class Replaced(Note):
    """The replacement."""

    pod: str
    was_at: str
    is_at: str
    an_answer_may_be_kept_s: int | None


class Reached(Answered):
    """Who answered over HTTP, by the name and at the address."""

    by: str
    when: str


async def method(run: Run) -> None:
    """Ask from a pod, count what its resolver has to ask, and replace a pod that two clients talk to."""
    await run.apply("network-test.yaml")
    await run.apply("web-quick.yaml")
    clients = await run.ready_pods(CLIENT, 1, within_s=READY_WITHIN_S)
    servers = await run.ready_pods(SERVERS, REPLICAS, within_s=READY_WITHIN_S)
    if not clients or len(servers) < REPLICAS:
        return
    await run.sleep(SETTLE_S)
    pod = clients[0].name
    conf = await read_resolv_conf(run, ReadConf, pod)
    told = await run.objects.exec(pod, ["sh", "-c", "echo $KUBERNETES_SERVICE_HOST"])
    run.note(ApiAddress(told.stdout.strip()))
    full = f"web.{run.target.namespace}.svc.{run.domain}"
    await look_up(run, pod, full)
    await count_all(run, conf, full)
    await replace(run, servers)


async def look_up(run: Run, pod: str, full: str) -> None:
    """The unit's lookups and their short forms, with nslookup and with a program that asks the C library."""
    kubernetes = f"kubernetes.default.svc.{run.domain}"
    for of, name in (
        (FULL, kubernetes),
        ("service of another namespace, short", "kubernetes.default"),
        ("service of another namespace, bare", "kubernetes"),
        ("service of its own namespace, bare", "web"),
        (SHORT_POD, f"{PRIMARY}.web"),
        *((OUTSIDE, name) for name in EXTERNAL),
    ):
        await nslookup(run, PodLookup, pod, name, of=of)
    for name in (kubernetes, *EXTERNAL):
        await ask(run, DirectLookup, f"{name}.", of=name)
    for of, name in ((SHORT_POD, f"{PRIMARY}.web"), (FULL_POD, f"{PRIMARY}.{full}"), (BARE_POD, PRIMARY)):
        await fetch(run, PodFetch, pod, name, of=of)


async def count_all(run: Run, conf: ResolvConf, full: str) -> None:
    """What a C library with the pod's resolv.conf asks for each form of a name."""
    for of, name in (
        (BARE, "web"),
        (POD, f"{PRIMARY}.web"),
        (WHOLE, full),
        (DOTTED, f"{full}."),
        ("full name of a pod", f"{PRIMARY}.{full}"),
        ("other namespace, short", "kubernetes.default"),
        (OUTSIDE, EXTERNAL[0]),
        (OUTSIDE_DOTTED, f"{EXTERNAL[0]}."),
        (GONE, "web-9.web"),
    ):
        await count_queries(run, Cost, conf, name, of=of)
    await ask(run, DirectLookup, "web-9.web", views=("service",), of=GONE)


async def replace(run: Run, servers: tuple[PodIdentity, ...]) -> None:
    """Delete the pod that both clients talk to: one keeps its address, the other asks for its name each time."""
    old = next(pod for pod in servers if pod.name == PRIMARY)
    peer = next(pod.name for pod in servers if pod.name != PRIMARY)
    before = await run.resolve(f"{PRIMARY}.web")
    await reach(run, old, peer, "before")
    await run.delete_pod(old)
    new = await successor(run, old, SERVERS, READY_WITHIN_S)
    if new is None or not await run.until("its name leads to it", partial(names, run, new), READY_WITHIN_S):
        return
    run.note(Replaced(PRIMARY, old.address, new.address, before.ttl))
    await run.sleep(SETTLE_S)
    await ask(run, DirectLookup, f"{PRIMARY}.web", of=AFTER)
    await reach(run, old, peer, "after")


async def reach(run: Run, old: PodIdentity, peer: str, when: str) -> None:
    """Who answers at the primary's name and at its first address, and what another member's C library makes of its name."""
    await who_answers(run, Reached, f"{PRIMARY}.web", PORT, TRIES, by="name", when=when)
    await who_answers(run, Reached, old.address, PORT, TRIES, by="address", when=when)
    done = await run.objects.exec(peer, ["getent", "hosts", f"{PRIMARY}.web"])
    run.note(PeerFinds(when, peer, f"{PRIMARY}.web", next(iter(done.stdout.split()), "")))


async def names(run: Run, pod: PodIdentity) -> bool:
    """Whether the name leads to that pod's address."""
    return (await run.resolve(f"{pod.name}.web")).values == (pod.address,)


# ---- what must hold ----


@checker("report.md: Measured")
def resolver_as_documented(reading: Reading) -> Iterator[Finding]:
    """The search list is NAMESPACE.svc.DOMAIN, svc.DOMAIN, DOMAIN; ndots is 5; the server is the cluster's DNS service."""
    conf = note(reading, ReadConf, "it could not be read", exit_code=0)
    servers, search, service = ", ".join(conf.nameservers), conf.search, _service_address(reading)
    if len(search) < 3 or not search[0].endswith(f".{search[1]}") or search[1] != f"svc.{search[2]}":  # noqa: PLR2004 - see above
        yield against(f"the search list is {', '.join(search) or 'empty'}")
    if conf.ndots != 5:  # noqa: PLR2004 - the kubelet's
        yield against(f"ndots is {count(conf.ndots)}")
    if not service:
        yield unsure("the address of the cluster's DNS service is not known")
    elif service not in conf.nameservers:
        yield unsure(f"the pod asks {servers}, not {service}: a cache on its node may be in between")
    yield holds(f"The pod asks {servers}, searches {', '.join(search)}, and ndots is {count(conf.ndots)}.")


def _service_address(reading: Reading) -> str:
    return str((reading.meta.environment.get("dns_views") or {}).get("service", ""))


@checker("report.md: Measured")
def kubernetes_resolves(reading: Reading) -> Iterator[Finding]:
    """kubernetes.default has the address that the kubelet told the pod, from the pod and at each DNS server."""
    address = note(reading, ApiAddress, "it was not asked for").told_by_the_kubelet
    found = note(reading, PodLookup, "it was not asked for", of=FULL)
    direct = notes(reading, DirectLookup, of=found.asked)
    need(address and direct, "it was not asked for")
    if (found.status, found.addresses) != ("NOERROR", (address,)):
        told = ", ".join(found.addresses) or found.status
        yield against_if(found.addresses or found.denied, f"the pod was told {told}, and the kubelet said {address}")
    yield from wrong_answers(direct, lambda one: one.values == (address,))
    servers = count(len(direct), "DNS server")
    yield holds(f"{found.asked} is {address} from the pod and at each of {servers}, as the kubelet told the pod.")


@checker("report.md: Measured")
def outside_as_the_cluster_says(reading: Reading) -> Iterator[Finding]:
    """For names outside the pod gets what the cluster's DNS service answers, be that an address or an error."""
    same = []
    for row in notes(reading, PodLookup, of=OUTSIDE):
        for direct in notes(reading, DirectLookup, of=row.asked, view="service")[-1:]:
            both = {row.status, direct.status}
            differ = f"{row.asked} is {row.status} from the pod and {direct.status} at the service"
            if row.silent:
                yield unsure(differ)
            elif len(both) == 1:
                same.append(f"{row.asked}: {row.status}")
            else:  # silence and a server that could not answer say nothing, and denials differ in kind only
                yield against_if("NOERROR" in both and both.issubset(ANSWERED), differ)
    if same:
        yield holds(f"The pod and the DNS service say the same of {', '.join(same)}.")


@checker("report.md: Measured")
def short_names_lead_home(reading: Reading) -> Iterator[Finding]:
    """In the pod the short and the full name of web-0 lead to web-0, and its bare name to nothing."""
    forms = (SHORT_POD, FULL_POD, BARE_POD)
    short, full, bare = (note(reading, PodFetch, "they were not all tried", of=of) for of in forms)
    for row in (short, full):
        if PRIMARY not in row.page:
            yield against_if(row.page or NO_SUCH_NAME in row.said, f"{row.asked}: {row.told()}")
    if bare.page or NO_SUCH_NAME not in bare.said:
        yield against_if(bare.page, f"{bare.asked}: {bare.told()}")
    yield holds(f"{short.asked} and {full.asked} were answered by {PRIMARY}.")
    yield holds(f"{bare.asked} alone does not resolve ({bare.said}).")


@checker("report.md: Measured")
def name_follows_the_pod(reading: Reading) -> Iterator[Finding]:
    """After the replacement the name leads to the successor at each DNS server, and the old address to nobody of that name."""
    swap, by_name, by_address = moved(reading)
    after = notes(reading, DirectLookup, of=AFTER)
    need(after, "no DNS server was asked after the replacement")
    yield from wrong_answers(after, lambda one: one.values == (swap.is_at,))
    if others := by_name.answered.keys() - {PRIMARY}:
        yield against_if(not all(who.startswith(UNTOLD) for who in others), f"by name: {by_name.told()}")
    if swap.was_at == swap.is_at:
        yield unsure("the successor happened to get the same address")
    elif PRIMARY in by_address.answered:
        yield against(f"the old address {swap.was_at} still answers as {PRIMARY}")
    yield holds(f"{PRIMARY}.web was {swap.was_at}, and is {swap.is_at}.")
    yield holds(ended(by_name, "by name"))
    yield holds(ended(by_address, "to the old address"))
    most = share(None, excluded(max(1, by_address.connections)))
    yield holds(f"{PRIMARY} answers {most} of connections there (at 95 % confidence).")


def ended(row: Reached, how: str) -> str:
    """What became of connections that were made in one way."""
    who = next(iter(row.answered), "nobody")
    if len(row.answered) > 1:
        return f"Of {count(row.connections, 'connection')} {how}: {row.told()}."
    return f"All {count(row.connections, 'connection')} {how} {'ended with' if row.failed else 'reached'} {who}."


def moved(reading: Reading) -> tuple[Replaced, Reached, Reached]:
    """The replacement, and who answered after it by the name and at the old address."""
    missing = "no replacement was seen through"
    by_name, by_address = (note(reading, Reached, missing, by=by, when="after") for by in ("name", "address"))
    need(by_name.connections and by_address.connections, "nobody was asked after the replacement")
    return note(reading, Replaced, missing), by_name, by_address


# ---- the unit's questions ----


def lookups_told(reading: Reading) -> Iterator[str]:
    conf = note(reading, ReadConf, "the pod's resolv.conf was not read")
    kubernetes = note(reading, PodLookup, "no name was looked up from a pod", of=FULL)
    whose = ": the cluster's DNS service" if _service_address(reading) in conf.nameservers else ""
    yield f"A pod asks the server of its /etc/resolv.conf ({', '.join(conf.nameservers)}{whose})."
    where = ", an address inside the cluster" if kubernetes.addresses else ""
    yield f"{kubernetes.asked} is {', '.join(kubernetes.addresses) or kubernetes.status}{where}."
    yield from outside(reading)
    yield f"A name with fewer than {count(conf.ndots)} dots is tried below {', '.join(conf.search)} first. So a service of the pod's own namespace needs its bare name only."
    yield from where_measured(costs_told, reading, conf)
    yield from where_measured(trap, reading)


def is_public(row: PodLookup) -> bool:
    """Whether the first address may be somebody's on the internet; documentation's and private ones are not."""
    return bool(row.addresses) and ip_address(row.addresses[0]).is_global


def outside(reading: Reading) -> Iterator[str]:
    rows = notes(reading, PodLookup, of=OUTSIDE)
    denied = [row for row in rows if row.denied]
    if found := [row for row in rows if row.addresses]:
        means = "is nobody's on the internet, so a stand-in answers for names outside"
        means = "shows that cluster DNS resolves names outside the cluster too" if is_public(found[0]) else means
        yield f"{found[0].asked} is {found[0].addresses[0]}: that address {means}."
    elif denied:
        what = "name" if denied[0].status == "NXDOMAIN" else "address"
        yield f"{denied[0].asked} was answered with {denied[0].status}: there is no such {what}."
    elif rows:
        statuses = ", ".join(f"{row.asked} {row.status}" for row in rows)
        yield f"No name outside was resolved ({statuses})."
        corefile = str(reading.meta.environment.get("corefile", ""))
        if corefile and not re.search(r"^\s*(?:forward|proxy)\s", corefile, re.MULTILINE):
            yield "The Corefile has no `forward`, so cluster DNS asks nobody outside."
        yield "That is not NXDOMAIN, and says nothing about names inside the cluster."


def costs_told(reading: Reading, conf: ReadConf) -> Iterator[str]:
    forms = (BARE, POD, WHOLE, DOTTED, OUTSIDE, OUTSIDE_DOTTED)
    rows = {of: note(reading, Cost, "not every form was counted", of=of) for of in forms}
    listed = "; ".join(f"`{row.asked}`: {count(row.queries, 'query|queries')}" for row in rows.values())
    yield f"Each name that is tried costs an A and an AAAA query. By form: {listed}."
    if rows[WHOLE].queries > rows[BARE].queries:
        dots = f"{count(rows[WHOLE].asked.count('.'), 'dot')}, fewer than {count(conf.ndots)}"
        yield f"The full name costs more than the bare one: it has {dots}, so the search list is tried first. A final dot avoids that."


def trap(reading: Reading) -> Iterator[str]:
    by_tool, by_program = note(reading, PodLookup, of=SHORT_POD), note(reading, PodFetch, of=SHORT_POD)
    need(not by_tool.addresses and by_program.page, "both find it, or neither")
    yield f"busybox's nslookup says {by_tool.status} for {by_tool.asked}; wget in the same pod gets {by_program.page!r}."
    yield "This nslookup uses the search list for names without a dot only, so give it full names."


def replica_finds_primary(reading: Reading) -> Iterator[str]:
    before = note(reading, PeerFinds, "no member asked for the primary", when="before")
    need(before.address, f"{before.peer} found no address for {before.asked}")
    yield f"By the primary's stable name. {before.peer} resolved {before.asked} to {before.address} in its own container."
    for after in notes(reading, PeerFinds, when="after"):
        if after.address and notes(reading, Replaced):
            yield f"After {PRIMARY} was replaced it resolved the same name to {after.address}. The replica's configuration names the primary and never changes; each connection looks the address up."


def names_changed(reading: Reading) -> Iterator[str]:
    swap, by_name, by_address = moved(reading)
    gone = note(reading, DirectLookup, "no name was asked that is no more", of=GONE)
    need(swap.was_at != swap.is_at, "the successor happened to get the same address")
    yield f"A client that has the old name fails until somebody tells it the new one. The address shows this: it changed from {swap.was_at} to {swap.is_at} when {PRIMARY} was replaced."
    yield f"{ended(by_address, 'to the old address')} {ended(by_name, 'by name')}"
    if swap.an_answer_may_be_kept_s:
        yield f"A cache may give the old address for up to {count(swap.an_answer_may_be_kept_s)} s."
    kept = f", which a cache may keep for {count(gone.ttl)} s" if gone.ttl else ""
    yield f"For {gone.asked.removeprefix('A ')}, which does not exist, the cluster DNS address answered {gone.status}{kept}."
    for one in notes(reading, Cost, of=GONE)[-1:]:
        yield f"A C library sends {count(one.queries, 'query|queries')} for it, the last answered with {one.status}."
    yield "Connection strings, replication settings and certificates would change with each restart."


def headline(reading: Reading) -> str:
    kubernetes = note(reading, PodLookup, "no name was looked up from a pod", of=FULL)
    rows, swaps = notes(reading, PodLookup, of=OUTSIDE), notes(reading, Replaced)
    reach = " Names outside resolved too." * any(map(is_public, rows))
    reach = reach if any(row.addresses for row in rows) else " Names outside did not resolve." * bool(rows)
    moves = "".join(f" After {PRIMARY} moved from {s.was_at} to {s.is_at}, its name led there." for s in swaps[-1:])
    return f"A pod found {kubernetes.asked} at {', '.join(kubernetes.addresses) or 'no address'}.{reach}{moves}"


experiment = Experiment(
    name="dns-basics",
    hypothesis="A pod asks the cluster's DNS service with a search list and ndots:5, finds services and pods by short and full names, and a client that uses a StatefulSet pod's name reaches its successor, while one that kept the address does not.",
    checkers=(
        resolver_as_documented,
        kubernetes_resolves,
        outside_as_the_cluster_says,
        short_names_lead_home,
        name_follows_the_pod,
    ),
    questions=(
        unit_question("lookups-told", lookups_told),
        unit_question("replica-finds-primary", replica_finds_primary),
        unit_question("names-changed", names_changed),
    ),
    tables=(ReadConf, PodLookup, PodFetch, DirectLookup, Cost, PeerFinds, Replaced, Reached),
    headline=headline,
    needs=("exec",),
    uses=("create,get pods/exec",),  # `create` from Kubernetes 1.35 on
    timeout_s=240,
    duration_s=30,
    method=method,
)
