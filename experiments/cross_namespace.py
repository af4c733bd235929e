"""How do clients in another namespace find a stateful service, and what keeps them from using it?"""

from chaos.experiment import (
    Experiment,
    Fact,
    Reading,
    Run,
    Verdict,
    combine,
    count_queries,
    fact,
    facts,
    fetch,
    nslookup,
    read_resolv_conf,
)

from .shared.course import unit_question

CLIENT, INSIDER, SERVERS = "app=web-app", "app=network-test", "app=web-stateful"
CLIENTS, TENANT = "app-clients", "tenant"
PRIMARY = "web-0"
REPLICAS = 3
READY_WITHIN_S = 60
SETTLE_S = 1.0
# What busybox's wget says of a name that does not resolve.
NO_SUCH_NAME = "bad address"
# Plugins that enforce policies take milliseconds to seconds; a fetch that is dropped takes three more.
POLICY_WITHIN_S = 10


async def method(run: Run) -> None:
    """Look the set up from its own and from two other namespaces, then forbid one of them, then allow it again."""
    here = run.target.namespace
    clients, tenant = await run.objects.make_namespace(CLIENTS), await run.objects.make_namespace(TENANT)
    await run.apply("web-quick.yaml")
    await run.apply("web-primary.yaml")
    await run.apply("network-test.yaml")
    for namespace in (clients, tenant):
        await run.objects.apply("web-app.yaml", namespace)
    await run.objects.apply("web-tenant.yaml", tenant)
    servers = await run.ready_pods(SERVERS, REPLICAS, within_s=READY_WITHIN_S)
    found = {
        "own": await run.ready_pods(INSIDER, 1, within_s=READY_WITHIN_S),
        "clients": await run.objects.ready_pods(CLIENT, 2, READY_WITHIN_S, clients),
        "tenant": await run.objects.ready_pods(CLIENT, 2, READY_WITHIN_S, tenant),
    }
    others = await run.objects.ready_pods(SERVERS, 1, READY_WITHIN_S, tenant)
    run.mark("namespaces", servers=here, clients=clients, tenant=tenant)
    run.mark(
        "pods",
        servers=[f"{p.name} {p.address}" for p in servers],
        tenants_servers=[f"{p.name} {p.address}" for p in others],
    )
    if len(servers) < REPLICAS or not others or not all(found.values()):
        return
    await run.sleep(SETTLE_S)
    places = {
        "own": (here, found["own"][0].name),
        "clients": (clients, found["clients"][0].name),
        "tenant": (tenant, found["tenant"][0].name),
    }
    await look_up(run, places, servers[0].address)
    await forbid(run, places, clients)


async def look_up(run: Run, places: dict[str, tuple[str, str]], address: str) -> None:
    """Every form of the names, from every namespace: nslookup as the unit has it, and wget, which uses the search list."""
    here = places["own"][0]
    service, pod = f"web-primary.{here}.svc.{run.domain}", f"{PRIMARY}.web.{here}.svc.{run.domain}"
    for place, (namespace, client) in places.items():
        conf = await read_resolv_conf(run, "resolv-conf", client, namespace=namespace, place=place)
        for of, name in (("service, full name", service), ("pod, full name", pod), ("service, bare", "web-primary")):
            await nslookup(run, "lookup", client, name, namespace=namespace, place=place, of=of)
        for of, name in (
            ("pod, short", f"{PRIMARY}.web"),
            ("pod with namespace", f"{PRIMARY}.web.{here}"),
            ("pod, full name", pod),
            ("service with namespace", f"web-primary.{here}"),
        ):
            await fetch(run, "fetch", client, name, namespace=namespace, place=place, of=of)
        if place == "clients":
            await nslookup(run, "lookup", client, address, namespace=namespace, place=place, of="address, backwards")
            for of, name in (
                ("pod with namespace", f"{PRIMARY}.web.{here}"),
                ("service, full name", service),
                ("service, full name with its final dot", f"{service}."),
            ):
                await count_queries(run, "cost", conf, name, of=of)
    known = await run.resolve("web-primary")
    run.mark("addresses", pod=address, service=list(known.values))


async def forbid(run: Run, places: dict[str, tuple[str, str]], clients: str) -> None:
    """A policy for the set's own namespace only, and a second that lets the clients' namespace in again."""
    await reach(run, places, "no policy")
    await run.apply("web-from-own-namespace.yaml")
    began = await run.until("the policy keeps the clients out", lambda: kept_out(run, places), POLICY_WITHIN_S)
    await reach(run, places, "own namespace only")
    namespace, client = places["clients"]
    await nslookup(
        run, "lookup-forbidden", client, f"{PRIMARY}.web.{places['own'][0]}.svc.{run.domain}", namespace=namespace
    )
    await run.objects.create(letting_in(clients))
    if began:
        await run.until("the clients are let in", lambda: let_in(run, places), POLICY_WITHIN_S)
    await reach(run, places, "clients let in")


def letting_in(namespace: str) -> dict[str, object]:
    """A policy that allows one more namespace, by the label that the API server itself gives it."""
    who = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    spec = {
        "podSelector": {"matchLabels": {"app": "web-stateful"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [who]}],
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web-from-clients"},
        "spec": spec,
    }


async def reach(run: Run, places: dict[str, tuple[str, str]], policy: str) -> None:
    """Who gets the page of web-0 by its full name."""
    for place, (namespace, client) in places.items():
        await fetch(
            run,
            "reach",
            client,
            f"{PRIMARY}.web.{places['own'][0]}.svc.{run.domain}",
            namespace=namespace,
            place=place,
            policy=policy,
        )


async def page(run: Run, places: dict[str, tuple[str, str]]) -> bool:
    """Whether the clients' namespace gets through now."""
    namespace, client = places["clients"]
    url = f"http://{PRIMARY}.web.{places['own'][0]}.svc.{run.domain}/"
    return (
        await run.objects.exec(client, ["timeout", "1", "wget", "-q", "-O", "-", url], namespace=namespace)
    ).code == 0


async def kept_out(run: Run, places: dict[str, tuple[str, str]]) -> bool:
    """The clients' namespace no longer gets through."""
    return not await page(run, places)


async def let_in(run: Run, places: dict[str, tuple[str, str]]) -> bool:
    """It gets through again."""
    return await page(run, places)


# ---- what must hold ----


def full_names_lead_everywhere(reading: Reading) -> Verdict:
    """The full names of service and pod have the same addresses from each namespace, and the pod's leads to the pod."""
    known, rows = fact(reading, "addresses"), facts(reading, "lookup")
    pages = facts(reading, "fetch", of="pod, full name")
    if known is None or not rows or not pages:
        return combine(
            "full-names-lead-everywhere", failures=(), unknowns=("they were not looked up",), success="", evidence=()
        )
    wanted = {"service, full name": list(known["service"]), "pod, full name": [known["pod"]]}
    judged = [row for row in rows if row["of"] in wanted]
    failures = [
        f"{row['asked']} from {row['place']} is {', '.join(row['addresses']) or row['status']}"
        for row in judged
        if row["status"] in ("NOERROR", "NXDOMAIN", "NODATA") and row["addresses"] != wanted[row["of"]]
    ]
    unknowns = [
        f"{row['asked']} from {row['place']}: {row['status']}"
        for row in judged
        if row["status"] in ("SERVFAIL", "REFUSED", "TIMEOUT")
    ]
    failures += [
        f"{row['asked']} from {row['place']}: {row['page'] or row['said']}"
        for row in pages
        if row["page"] != f"Hello from {PRIMARY}"
    ]
    success = f"From each of {len(pages)} namespaces {judged[0]['asked']} is {', '.join(known['service'])}, {pages[0]['asked']} is {known['pod']}, and {PRIMARY} answers there."
    return combine(
        "full-names-lead-everywhere",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def short_names_stay_at_home(reading: Reading) -> Verdict:
    """web-0.web is the set's own in its namespace, nothing in the clients', and the tenant's own in the tenant's."""
    rows = {row["place"]: row for row in facts(reading, "fetch", of="pod, short")}
    if set(rows) != {"own", "clients", "tenant"}:
        return combine(
            "short-names-stay-at-home", failures=(), unknowns=("they were not all tried",), success="", evidence=()
        )
    failures, unknowns = [], []
    if rows["own"]["page"] != f"Hello from {PRIMARY}":
        failures.append(f"in its own namespace: {shown(rows['own'])}")
    if rows["clients"]["page"]:
        failures.append(f"in the clients' namespace: {shown(rows['clients'])}")
    elif NO_SUCH_NAME not in rows["clients"]["said"]:
        unknowns.append(
            f"in the clients' namespace: {shown(rows['clients'])}, which does not tell whether the name is known"
        )
    if "other tenant" not in rows["tenant"]["page"]:
        failures.append(f"in the tenant's namespace: {shown(rows['tenant'])}")
    success = f"{rows['own']['asked']} is {shown(rows['own'])} in its own namespace, {shown(rows['clients'])} in the clients', {shown(rows['tenant'])} in the tenant's."
    return combine(
        "short-names-stay-at-home",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def policy_is_consistent(reading: Reading) -> Verdict:
    """Either the policy keeps out exactly whom it names and the second lets them in, or this cluster enforces none at all."""
    name = "policy-is-consistent"
    if enforced(reading) is None:
        return combine(name, failures=(), unknowns=("it was not tried",), success="", evidence=())
    open_ = {(row["policy"], row["place"]): bool(row["page"]) for row in facts(reading, "reach")}
    expected = {("no policy", place): True for place in ("own", "clients", "tenant")}
    strict = bool(enforced(reading))
    expected |= {
        ("own namespace only", "own"): True,
        ("own namespace only", "clients"): not strict,
        ("own namespace only", "tenant"): not strict,
    }
    expected |= {
        ("clients let in", "own"): True,
        ("clients let in", "clients"): True,
        ("clients let in", "tenant"): not strict,
    }
    unknowns = [f"{place} was not tried with {policy}" for policy, place in expected if (policy, place) not in open_]
    failures = [
        f"with the policies '{policy}' {place} {'gets through' if open_[policy, place] else 'is kept out'}"
        for (policy, place), through in expected.items()
        if (policy, place) in open_ and open_[policy, place] != through
    ]
    success = (
        "This cluster enforces policies: with 'own namespace only' both other namespaces were kept out and its own was not; the second policy let in the clients' namespace and nobody else."
        if strict
        else "This cluster enforces no NetworkPolicy: the API server took both, and every namespace got through as before. Whoever relies on them is not protected here."
    )
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def enforced(reading: Reading) -> bool | None:
    """Whether the first policy kept the clients out; None where that was not seen."""
    row = fact(reading, "reach", policy="own namespace only", place="clients")
    return None if row is None else not row["page"]


def shown(row: Fact) -> str:
    """What a fetch gave."""
    return repr(row["page"]) if row["page"] else row["said"] or f"nothing (exit code {row['exit_code']})"


# ---- the unit's questions ----


def cross_discovery(reading: Reading) -> str:
    known = fact(reading, "addresses")
    short, spaced = (fact(reading, "fetch", place="clients", of=of) for of in ("pod, short", "pod with namespace"))
    full = {of: fact(reading, "lookup", place="clients", of=of) for of in ("service, full name", "pod, full name")}
    service, pod = full["service, full name"], full["pod, full name"]
    conf = fact(reading, "resolv-conf", place="clients")
    if known is None or short is None or spaced is None or conf is None or service is None or pod is None:
        return ""
    costs = {row["of"]: row for row in facts(reading, "cost")}
    counted = ", ".join(f"{row['asked']} {row['queries']}" for row in costs.values())
    home = short_names_stay_at_home(reading).outcome == "ok"
    text = (
        f"By a name with the namespace in it. From the clients' namespace {service['asked']} is {', '.join(service['addresses']) or service['status']} "
        f"(always {PRIMARY}, through a service address), and {pod['asked']} is {', '.join(pod['addresses']) or pod['status']} (the pod itself). "
    )
    if spaced["page"]:
        text += (
            f"The short form {spaced['asked']} works too ({shown(spaced)}), since the search list ({', '.join(conf['search'])}) has "
            f"{conf['search'][1] if len(conf['search']) > 1 else 'no more'} in it"
        )
        text += f"; {short['asked']} without the namespace does not ({shown(short)}). " if home else ". "
    return f"{text}What a C library asks for them, A and AAAA each: {counted}."


def cross_security(reading: Reading) -> str:
    strict, before = enforced(reading), fact(reading, "reach", policy="no policy", place="clients")
    backwards, visible = fact(reading, "lookup", of="address, backwards"), fact(reading, "lookup-forbidden")
    if before is None or visible is None or policy_is_consistent(reading).outcome != "ok":
        return ""
    text = (
        f"A namespace is no wall. Without a policy a pod of the clients' namespace got the page of {PRIMARY} ({shown(before)}) by name alone, "
        "and DNS answers everybody about every namespace, pods' names included. "
    )
    if backwards is not None and backwards.get("names"):
        text += f"Even an address tells its name and namespace to whoever asks backwards: {backwards['asked']} is {', '.join(backwards['names'])}. "
    if strict:
        whose = {"own": "its own pods", "clients": "the clients' namespace", "tenant": "the tenant's"}
        kept = [whose[row["place"]] for row in facts(reading, "reach", policy="own namespace only") if not row["page"]]
        back = fact(reading, "reach", policy="clients let in", place="clients")
        text += (
            f"This cluster enforces NetworkPolicies: one that allows the set's own namespace only kept out {' and '.join(kept)}, and a second one with a "
            f"namespaceSelector let the clients in again ({shown(back) if back else 'not seen'})."
        )
        if visible["addresses"]:
            text += (
                f" The name still resolved while it was forbidden ({', '.join(visible['addresses'])}): a policy closes the "
                "connection, it does not hide the service."
            )
        if reading.meta.simulated:
            text += (
                " The sandbox has such a plugin; a real cluster may have none, and then takes policies without effect."
            )
    else:
        text += (
            "This cluster does not enforce NetworkPolicies: the API server accepted one that allows the set's own namespace only, and the clients still got "
            f"through {POLICY_WITHIN_S} s later. Accepting is no proof; test from a pod that should be kept out, and choose a network plugin with a policy engine. Until then only "
            "the server's own authentication protects it."
        )
    return text


def multi_tenant(reading: Reading) -> str:
    rows = {row["place"]: row for row in facts(reading, "fetch", of="pod, short")}
    full = {row["place"]: row for row in facts(reading, "fetch", of="pod, full name")}
    spaces = fact(reading, "namespaces")
    if "tenant" not in full or spaces is None or short_names_stay_at_home(reading).outcome != "ok":
        return ""
    wall = {
        True: "and a default-deny policy in each namespace with explicit exceptions by namespace label, which this cluster enforces",
        False: "and policies between them, which this cluster does not enforce, so that it would need another network plugin first",
        None: "and policies between them",
    }[enforced(reading)]
    return (
        f"A namespace for each tenant, with the same names in each. Here {spaces['servers']} and {spaces['tenant']} both have a set called web, and {rows['own']['asked']} "
        f"gave {shown(rows['own'])} in the one and {shown(rows['tenant'])} in the other: an application that uses short names runs unchanged in every tenant's namespace and cannot "
        f"reach another's by accident. On purpose it can: from the tenant's namespace the full name {full['tenant']['asked']} gave {shown(full['tenant'])}. So use full names (or an "
        f"ExternalName service in the client's namespace) only where tenants are meant to meet, {wall}. DNS keeps no secrets between tenants."
    )


def headline(reading: Reading) -> str:
    strict, where = enforced(reading), "On the simulated cluster clients" if reading.meta.simulated else "Clients"
    if full_names_lead_everywhere(reading).outcome != "ok":
        return "Names were not found alike from every namespace: see the verdicts."
    short = " and not by its short one" if short_names_stay_at_home(reading).outcome == "ok" else ""
    policy = {
        True: "; a NetworkPolicy kept them out, and another let them in",
        False: "; a NetworkPolicy was accepted and not enforced",
        None: "",
    }[strict if policy_is_consistent(reading).outcome == "ok" else None]
    return f"{where} in another namespace reached a StatefulSet's pod by its full name{short}{policy}."


experiment = Experiment(
    name="cross-namespace",
    hypothesis=(
        "Full names of services and StatefulSet pods lead to the same place from every namespace, short names to the client's own; only a "
        "NetworkPolicy that is really enforced keeps another namespace out."
    ),
    checkers=(full_names_lead_everywhere, short_names_stay_at_home, policy_is_consistent),
    questions=(
        unit_question("cross-discovery", cross_discovery),
        unit_question("cross-security", cross_security),
        unit_question("multi-tenant", multi_tenant),
    ),
    tables={
        "namespaces": "Who is where:",
        "pods": "The servers:",
        "resolv-conf": "What /etc/resolv.conf says in each namespace:",
        "lookup": "nslookup from each namespace (busybox's: the search list is for names without a dot only):",
        "fetch": "wget from each namespace, which asks the C library:",
        "cost": "What a C library in the clients' namespace asks for each form of a name (A and AAAA each), asked one by one from here:",
        "reach": "Who gets the page of web-0 under which policies:",
        "lookup-forbidden": "The name, looked up from the clients' namespace while the policy is for the set's own only:",
    },
    headline=headline,
    needs=("exec",),
    uses=("create,get pods/exec", "create,delete namespaces", "create networkpolicies.networking.k8s.io"),
    timeout_s=240,
    duration_s=45,
    method=method,
)
