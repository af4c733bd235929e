"""How do clients in another namespace find a stateful service, and what keeps them from using it?"""

from collections.abc import Iterator

from chaos.experiment import *

from .shared import reach
from .shared.course import unit_question

CLIENT, INSIDER, SERVERS = "app=web-app", "app=network-test", "app=web-stateful"
CLIENTS, TENANT = "app-clients", "tenant"
PRIMARY, PAGE, REPLICAS = "web-0", "Hello from web-0", 3
READY_WITHIN_S, SETTLE_S = 60, 1.0
# Who asks, as notes call it → as sentences do.
WHOSE = {"own": "its own pods", "clients": "the clients' namespace", "tenant": "the tenant's"}
NO_SUCH_NAME = "bad address"  # what busybox's wget says of a name that does not resolve
OPEN, OWN_ONLY, LET_IN = "without a policy", "with one for its own namespace", "with one more for the clients"
KEEPS_OUT = "the policy keeps the clients out"


class Namespaces(Note):
    """Who is where."""

    servers: str
    clients: str
    tenant: str


class Servers(Note):
    """The servers, and the addresses that full names should lead to."""

    servers: tuple[str, ...]
    tenants_servers: tuple[str, ...]
    pod: str
    service: tuple[str, ...]


class Conf(ReadConf):
    """What /etc/resolv.conf says in each namespace."""

    place: str


class Lookup(LookedUp):
    """nslookup from each namespace (busybox's: the search list is for names without a dot only)."""

    place: str
    of: str


class Fetch(Fetched):
    """wget from each namespace, which asks the C library."""

    place: str
    of: str

    @property
    def leads(self) -> bool:
        """Whether it shows where the name leads, or that there is none; a connection that failed does not."""
        return bool(self.page) or NO_SUCH_NAME in self.said


class Cost(Costed):
    """What a C library in the clients' namespace sends for each form of a name (A and AAAA each), asked one by one from here."""

    of: str


class Access(reach.Reach):
    """Who gets the page of web-0 under which policies; what did not work begins with a dash, what says nothing with "?"."""


class LookupForbidden(LookedUp):
    """The name, looked up from the clients' namespace while the policy is for the set's own only."""


async def method(run: Run) -> None:
    """Look the set up from its own and from two other namespaces, then forbid one of them, then allow it again."""
    here = run.target.namespace
    clients, tenant = await run.objects.make_namespace(CLIENTS), await run.objects.make_namespace(TENANT)
    for manifest in ("web-quick.yaml", "web-primary.yaml", "network-test.yaml"):
        await run.apply(manifest)
    for namespace in (clients, tenant):
        await run.objects.apply("web-app.yaml", namespace)
    await run.objects.apply("web-tenant.yaml", tenant)
    servers = await run.ready_pods(SERVERS, REPLICAS, within_s=READY_WITHIN_S)
    places = {"own": (here, INSIDER), "clients": (clients, CLIENT), "tenant": (tenant, CLIENT)}
    found = {
        place: await run.objects.ready_pods(labels, 1, READY_WITHIN_S, namespace)
        for place, (namespace, labels) in places.items()
    }
    others = await run.objects.ready_pods(SERVERS, 1, READY_WITHIN_S, tenant)
    run.note(Namespaces(here, clients, tenant))
    if len(servers) < REPLICAS or not others or not all(found.values()):
        return
    await run.sleep(SETTLE_S)
    told = [tuple(f"{p.name} {p.address}" for p in pods) for pods in (servers, others)]
    run.note(Servers(told[0], told[1], servers[0].address, (await run.resolve("web-primary")).values))
    askers = {place: reach.Asker(place, found[place][0].name, namespace) for place, (namespace, _) in places.items()}
    for who in askers.values():
        await look_up(run, who, here, servers[0].address)
    await forbid(run, askers, f"{PRIMARY}.web.{here}.svc.{run.domain}")


async def look_up(run: Run, who: reach.Asker, here: str, address: str) -> None:
    """Every form of the names, from one namespace: nslookup as the unit has it, and wget, which uses the search list."""
    where = {"namespace": who.namespace, "place": who.name}
    service, pod = (f"{name}.{here}.svc.{run.domain}" for name in ("web-primary", f"{PRIMARY}.web"))
    short, spaced = f"{PRIMARY}.web", f"{PRIMARY}.web.{here}"
    conf = await read_resolv_conf(run, Conf, who.pod, **where)
    names = {"service, full name": service, "pod, full name": pod, "service, bare": "web-primary"}
    for of, name in names.items():
        await nslookup(run, Lookup, who.pod, name, **where, of=of)
    names = {"pod, short": short, "pod with namespace": spaced, "pod, full name": pod}
    for of, name in (names | {"service with namespace": f"web-primary.{here}"}).items():
        await fetch(run, Fetch, who.pod, name, **where, of=of)
    if who.name == "clients":
        await nslookup(run, Lookup, who.pod, address, **where, of="address, backwards")
        names = {"pod with namespace": spaced, "service, full name": service}
        for of, name in (names | {"service, full name with its final dot": f"{service}."}).items():
            await count_queries(run, Cost, conf, name, of=of)


async def forbid(run: Run, askers: dict[str, reach.Asker], name: str) -> None:
    """A policy for the set's own namespace only, and a second that lets the clients' namespace in again."""
    clients = askers["clients"]

    async def look(phase: str) -> None:
        for asker in askers.values():
            await reach.ask(run, Access, phase, asker, {PRIMARY: name})

    await look(OPEN)
    await run.apply("web-from-own-namespace.yaml")
    began = await reach.until_kept_out(run, KEEPS_OUT, clients, name)
    await look(OWN_ONLY)
    await nslookup(run, LookupForbidden, clients.pod, name, namespace=clients.namespace)
    # By the label that the API server itself gives a namespace.
    who = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": clients.namespace}}}
    servers = {"matchLabels": {"app": "web-stateful"}}
    spec = {"podSelector": servers, "policyTypes": ["Ingress"], "ingress": [{"from": [who]}]}
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web-from-clients"}}
    await run.objects.create({**head, "spec": spec})
    if began:
        await reach.until_let_in(run, "the clients are let in", clients, name)
    await look(LET_IN)


# ---- what must hold ----


def fetched(reading: Reading, of: str) -> dict[str, Fetch]:
    """Place → what a name gave there; all three."""
    return {p: note(reading, Fetch, f"{of} was not tried by {whose}", place=p, of=of) for p, whose in WHOSE.items()}


@checker("report.md: Measured")
def full_names_lead_everywhere(reading: Reading) -> Iterator[Finding]:
    """The full names of service and pod have the same addresses from each namespace, and the pod's leads to the pod."""
    servers = note(reading, Servers, "they were not looked up")
    told = []
    for of, wanted in (("service, full name", servers.service), ("pod, full name", (servers.pod,))):
        need(wanted, f"{of}: its addresses are not known")
        for place, whose in WHOSE.items():
            one = note(reading, Lookup, f"{of} was not looked up by {whose}", place=place, of=of)
            said = f"{one.asked} from {place} is {', '.join(one.addresses) or one.status}"
            if sorted(one.addresses) != sorted(wanted):
                yield against_if(one.addresses or one.denied, said)
        told.append(f"{one.asked} is {', '.join(wanted)}")
    pages = fetched(reading, "pod, full name")
    for place, page in pages.items():
        if page.page != PAGE:
            yield against_if(page.leads, f"{page.asked} from {place}: {page.told()}")
    yield holds(f"From each of {count(len(pages), 'namespace')} {', '.join(told)}, and {PRIMARY} answers there.")


@checker("report.md: Measured")
def short_names_stay_at_home(reading: Reading) -> Iterator[Finding]:
    """web-0.web is the set's own in its namespace, nothing in the clients', and the tenant's own in the tenant's."""
    rows = fetched(reading, "pod, short")
    told = {place: f"from {place}: {one.told()}" for place, one in rows.items()}
    for place, right in (("own", rows["own"].page == PAGE), ("tenant", "other tenant" in rows["tenant"].page)):
        if not right:
            yield against_if(rows[place].leads, told[place])
    if rows["clients"].page:
        yield against(told["clients"])
    elif NO_SUCH_NAME not in rows["clients"].said:
        yield unsure(f"{told['clients']}, which does not tell whether the name is known")
    short, (own, clients, tenant) = rows["own"].asked, (rows[place].told() for place in WHOSE)
    yield holds(f"{short} gives {own} in its own namespace, {clients} in the clients', {tenant} in the tenant's.")


def under_policies(reading: Reading) -> reach.Policies:
    def allows(phase: str, client: str, _: str) -> bool:
        return client == "own" or (phase == LET_IN and client == "clients")

    return reach.policies(reading, Access, OPEN, OWN_ONLY, LET_IN, allows=allows)


@checker("report.md: Measured")
def policy_is_consistent(reading: Reading) -> Iterator[Finding]:
    """The policy keeps out exactly whom it names, and the second lets them in; `unknown` where nothing enforces them."""
    yield from reach.open_paths(reach.paths(reading, Access, OPEN), dict.fromkeys(WHOSE, (PRIMARY,)))
    found = under_policies(reading)
    yield from found.findings()
    yield holds("This cluster enforces NetworkPolicies: the first let in its own namespace and kept out both others.")
    yield holds(f"The second let in the clients' namespace and nobody else ({found.proof}).")


# ---- the unit's questions ----


def cross_discovery(reading: Reading) -> Iterator[str]:
    service, pod = (note(reading, Lookup, place="clients", of=of) for of in ("service, full name", "pod, full name"))
    short, spaced = (note(reading, Fetch, place="clients", of=of) for of in ("pod, short", "pod with namespace"))
    search = note(reading, Conf, place="clients").search
    through, itself = (", ".join(one.addresses) or one.status for one in (service, pod))
    yield f"By a name with the namespace in it. From the clients' namespace {service.asked} is {through}, the address of a service in front of {PRIMARY}. There {pod.asked} is {itself}, the pod itself."
    if spaced.page:
        yield f"{spaced.asked} works too, by the search list ({', '.join(search)}): the answer was {spaced.told()}."
        if short_names_stay_at_home(reading).outcome == "ok":
            yield f"{short.asked} without the namespace does not: {short.told()}."
    costs = "; ".join(f"`{one.asked}`: {count(one.queries, 'query|queries')}" for one in notes(reading, Cost))
    yield f"What a C library sends for each form, A and AAAA: {costs}."


def cross_security(reading: Reading) -> Iterator[str]:
    found, visible = under_policies(reading), note(reading, LookupForbidden)
    enforced = known(found.enforced, "whether policies are enforced was not clearly seen")
    if enforced:
        held(reading, policy_is_consistent)
    page = reach.paths(reading, Access, OPEN).get(("clients", PRIMARY), "")
    need(reach.reached(page), "the clients did not get the page without a policy")
    backwards = note(reading, Lookup, of="address, backwards")
    yield f"A namespace keeps no client out. Without a policy a pod of the clients' namespace got the page of {PRIMARY} by its name ({page} answered)."
    if full_names_lead_everywhere(reading).outcome == "ok":
        yield f"DNS told a pod in each of {count(len(WHOSE), 'namespace')} the addresses behind the full names, a pod's included."
    if backwards.names:
        yield f"A reverse lookup of {backwards.asked} gives the names {', '.join(backwards.names)}."
    if not enforced:
        later = seconds(note(reading, Waited, step=KEEPS_OUT).took_ns)
        yield "This cluster does not enforce NetworkPolicies: the API server accepted one that allows the set's own namespace only."
        yield f"The clients still got through {later} later. Test a policy from a pod that it should keep out."
        yield "Choose a network plugin that enforces policies; until then only the server's own authentication protects it."
        return
    yield "This cluster enforces NetworkPolicies: one for the set's own namespace only kept out the clients' namespace and the tenant's. A second one with a namespaceSelector let the clients in again."
    if visible.addresses:
        yield f"The name still resolved while it was forbidden ({', '.join(visible.addresses)}): a policy blocks connections, not names."
    if reading.meta.simulated:
        yield "The sandbox enforces policies; a real cluster whose network plugin does not enforce them accepts them without effect."


def multi_tenant(reading: Reading) -> Iterator[str]:
    held(reading, short_names_stay_at_home)
    full, spaces = fetched(reading, "pod, full name")["tenant"], note(reading, Namespaces)
    own, _, tenant = fetched(reading, "pod, short").values()
    yield f"A namespace for each tenant, with the same names in each. Here {spaces.servers} and {spaces.tenant} both have a set called web."
    yield f"{own.asked} gave {own.told()} in the one and {tenant.told()} in the other. So an application with short names runs unchanged in every tenant's namespace."
    for conf in notes(reading, Conf, place="tenant"):
        if len(conf.search) > 1:
            yield f"The search list also tries {own.asked}.{conf.search[1]}: a service {PRIMARY} of a namespace called web, where there is one."
    if full.page:
        yield f"The full name {full.asked} leads out of the tenant's namespace: it gave {full.told()}."
    yield "Use full names, or an ExternalName service in the client's namespace, only where tenants are meant to meet."
    yield {
        True: "Add an ingress policy to each namespace for its own pods, with exceptions by namespace label: this cluster enforced both for the set called web. A policy for egress, which was not tried, must let DNS through, or no name resolves.",
        False: "Policies between tenants need another network plugin first: this cluster does not enforce them.",
        None: "Add policies between tenants.",
    }[under_policies(reading).enforced]


def headline(reading: Reading) -> str:
    held(reading, full_names_lead_everywhere)
    short = " and not by its short one" if short_names_stay_at_home(reading).outcome == "ok" else ""
    policy = " A NetworkPolicy kept them out, and another let them in."
    if policy_is_consistent(reading).outcome != "ok":
        policy = " The cluster did not enforce NetworkPolicies." * (under_policies(reading).enforced is False)
    return f"Clients in another namespace reached a StatefulSet's pod by its full name{short}.{policy}"


experiment = Experiment(
    name="cross-namespace",
    hypothesis="Full names of services and StatefulSet pods lead to the same place from every namespace, short names to the client's own; only a NetworkPolicy that is really enforced keeps another namespace out.",
    checkers=(full_names_lead_everywhere, short_names_stay_at_home, policy_is_consistent),
    questions=(
        unit_question("cross-discovery", cross_discovery),
        unit_question("cross-security", cross_security),
        unit_question("multi-tenant", multi_tenant),
    ),
    tables=(Namespaces, Servers, Conf, Lookup, Fetch, Cost, Access, LookupForbidden, Waited),
    headline=headline,
    needs=("exec",),
    uses=("create,get pods/exec", "create,delete namespaces", "create networkpolicies.networking.k8s.io"),
    timeout_s=240,
    duration_s=45,
    method=method,
)
