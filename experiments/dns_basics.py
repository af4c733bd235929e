"""How does a pod resolve names, what does each name cost, and what becomes of clients when names or addresses change?"""

from chaos.experiment import (
    Experiment,
    PodIdentity,
    Reading,
    ResolvConf,
    Run,
    Verdict,
    ask,
    combine,
    count_queries,
    fact,
    facts,
    fetch,
    nslookup,
    read_resolv_conf,
    who_answers,
)

from .shared.course import unit_question

CLIENT, SERVERS = "app=network-test", "app=web-stateful"
REPLICAS = 3
READY_WITHIN_S = 60
PRIMARY = "web-0"
EXTERNAL = ("google.com", "example.com")
TRIES = 5
PORT = 80
# A pod that starts just now may still be without its endpoint; DNS follows within milliseconds.
SETTLE_S = 1.0
# What busybox's wget says of it.
NO_SUCH_NAME = "bad address"
ANSWERED = ("NOERROR", "NXDOMAIN", "NODATA")


async def method(run: Run) -> None:
    """Ask from a pod, count what its resolver has to ask, and replace a pod that two clients talk to."""
    await run.apply("network-test.yaml")
    await run.apply("web-quick.yaml")
    clients = await run.ready_pods(CLIENT, 1, within_s=READY_WITHIN_S)
    servers = await run.ready_pods(SERVERS, REPLICAS, within_s=READY_WITHIN_S)
    run.mark("pods", clients=[p.name for p in clients], servers=[f"{p.name} {p.address}" for p in servers])
    if not clients or len(servers) < REPLICAS:
        return
    await run.sleep(SETTLE_S)
    pod = clients[0].name
    conf = await read_resolv_conf(run, "resolv-conf", pod)
    told = await run.objects.exec(pod, ["sh", "-c", "echo $KUBERNETES_SERVICE_HOST"])
    run.mark("api-address", told_by_the_kubelet=told.stdout.strip())
    await look_up(run, pod)
    await count(run, conf)
    await replace(run, servers)


async def look_up(run: Run, pod: str) -> None:
    """The unit's lookups and their short forms, with nslookup and with a program that asks the C library."""
    kubernetes = f"kubernetes.default.svc.{run.domain}"
    for of, name in (
        ("service, full name", kubernetes),
        ("service of another namespace, short", "kubernetes.default"),
        ("service of another namespace, bare", "kubernetes"),
        ("service of its own namespace, bare", "web"),
        ("pod, short", f"{PRIMARY}.web"),
        *(("outside", name) for name in EXTERNAL),
    ):
        await nslookup(run, "pod-lookup", pod, name, of=of)
    for name in (kubernetes, *EXTERNAL):
        await ask(run, "direct-lookup", f"{name}.", of=name)
    for of, name in (
        ("pod, short", f"{PRIMARY}.web"),
        ("pod, full name", f"{PRIMARY}.{await service_name(run)}"),
        ("pod, bare", PRIMARY),
    ):
        await fetch(run, "pod-fetch", pod, name, of=of)


async def service_name(run: Run) -> str:
    """The governing service's full name, without the final dot."""
    service = await run.objects.get("Service", "web")
    return f"web.{service['metadata']['namespace']}.svc.{run.domain}" if service else ""


async def count(run: Run, conf: ResolvConf) -> None:
    """What a C library with the pod's resolv.conf asks for each form of a name."""
    full = await service_name(run)
    for of, name in (
        ("bare name", "web"),
        ("short name of a pod", f"{PRIMARY}.web"),
        ("full name", full),
        ("full name with its final dot", f"{full}."),
        ("full name of a pod", f"{PRIMARY}.{full}"),
        ("other namespace, short", "kubernetes.default"),
        ("outside", EXTERNAL[0]),
        ("outside, with its final dot", f"{EXTERNAL[0]}."),
        ("a name that is no more", "web-9.web"),
    ):
        await count_queries(run, "cost", conf, name, of=of)
    gone = await run.resolve("web-9.web")
    run.mark("gone-name", asked="web-9.web", status=gone.status, denial_may_be_kept_s=gone.ttl)


async def replace(run: Run, servers: tuple[PodIdentity, ...]) -> None:
    """Delete the pod that both clients talk to: one keeps its address, the other asks for its name each time."""
    old = next(pod for pod in servers if pod.name == PRIMARY)
    peer = next(pod for pod in servers if pod.name != PRIMARY)
    await peer_finds(run, peer.name, "before")
    before = await run.resolve(f"{PRIMARY}.web")
    await who_answers(run, "reached", f"{PRIMARY}.web", PORT, TRIES, by="name", when="before")
    await who_answers(run, "reached", old.address, PORT, TRIES, by="address", when="before")
    await run.delete_pod(old)
    new = await run.until("the successor is Ready", lambda: successor(run, old), READY_WITHIN_S)
    reached = await run.until("its name leads to it", lambda: names(run, new), READY_WITHIN_S) if new else None
    if new is None or reached is None:
        return
    run.mark(
        "replacement",
        pod=PRIMARY,
        was_at=old.address,
        is_at=new.address,
        an_answer_may_be_kept_s=before.ttl,
    )
    await run.sleep(SETTLE_S)
    await ask(run, "name-after", f"{PRIMARY}.web")
    await who_answers(run, "reached", f"{PRIMARY}.web", PORT, TRIES, by="name", when="after")
    await who_answers(run, "reached", old.address, PORT, TRIES, by="address", when="after")
    await peer_finds(run, peer.name, "after")


async def peer_finds(run: Run, peer: str, when: str) -> None:
    """What another member's C library makes of the primary's short name."""
    done = await run.objects.exec(peer, ["getent", "hosts", f"{PRIMARY}.web"])
    words = done.stdout.split()
    run.mark(
        "peer-finds",
        when=when,
        peer=peer,
        asked=f"{PRIMARY}.web",
        address=words[0] if words else "",
        exit_code=done.code,
    )


async def successor(run: Run, old: PodIdentity) -> PodIdentity | None:
    """The Ready pod of the same name with another UID."""
    return next((pod for pod in await run.pods_of(SERVERS) if pod.name == old.name and pod.uid != old.uid), None)


async def names(run: Run, pod: PodIdentity) -> bool:
    """Whether the name leads to that pod's address."""
    return (await run.resolve(f"{pod.name}.web")).values == (pod.address,)


# ---- what must hold ----


def resolver_as_documented(reading: Reading) -> Verdict:
    """The search list is NAMESPACE.svc.DOMAIN, svc.DOMAIN, DOMAIN; ndots is 5; the server is the cluster's DNS service."""
    conf = fact(reading, "resolv-conf")
    if conf is None or conf["exit_code"]:
        return combine(
            "resolver-as-documented", failures=(), unknowns=("it could not be read",), success="", evidence=()
        )
    service = (reading.meta.environment.get("dns_views") or {}).get("service", "")
    search, failures = conf["search"], []
    if len(search) < 3 or not search[0].endswith(f".{search[1]}") or search[1] != f"svc.{search[2]}":  # noqa: PLR2004 - see above
        failures.append(f"the search list is {', '.join(search) or 'empty'}")
    if conf["ndots"] != 5:  # noqa: PLR2004 - the kubelet's
        failures.append(f"ndots is {conf['ndots']}")
    unknowns = [] if service else ["the address of the cluster's DNS service is not known"]
    if service and service not in conf["nameservers"]:
        unknowns.append(
            f"the pod asks {', '.join(conf['nameservers'])}, not {service}: a cache on its node may be in between"
        )
    success = (
        f"The pod asks {', '.join(conf['nameservers'])}, searches {', '.join(search)}, and ndots is {conf['ndots']}."
    )
    return combine(
        "resolver-as-documented",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def kubernetes_resolves(reading: Reading) -> Verdict:
    """kubernetes.default has the address that the kubelet told the pod, from the pod and at each DNS server."""
    told, found = fact(reading, "api-address"), fact(reading, "pod-lookup", of="service, full name")
    if told is None or found is None or not told["told_by_the_kubelet"]:
        return combine("kubernetes-resolves", failures=(), unknowns=("it was not asked for",), success="", evidence=())
    address = told["told_by_the_kubelet"]
    direct = [f for f in facts(reading, "direct-lookup") if f["of"] == found["asked"]]
    failures = (
        []
        if found["addresses"] == [address]
        else [f"the pod found {', '.join(found['addresses']) or found['status']}, the kubelet said {address}"]
    )
    failures += [
        f"{f['view']} answers {f['status']} {', '.join(f['values'])}"
        for f in direct
        if f["status"] in ANSWERED and f["values"] != [address]
    ]
    unknowns = [f"{f['view']} answers {f['status']}" for f in direct if f["status"] not in ANSWERED]
    success = f"{found['asked']} is {address} from the pod and at each of {len(direct)} DNS servers, as the kubelet told the pod."
    return combine(
        "kubernetes-resolves", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",)
    )


def outside_as_the_cluster_says(reading: Reading) -> Verdict:
    """For names outside the pod gets what the cluster's DNS service answers, be that an address or an error."""
    rows = facts(reading, "pod-lookup", of="outside")
    failures, unknowns, seen = [], [], []
    for row in rows:
        direct = fact(reading, "direct-lookup", of=row["asked"], view="service")
        if direct is None:
            continue
        seen.append(f"{row['asked']}: {row['status']}")
        differ = f"{row['asked']} is {row['status']} from the pod and {direct['status']} at the service"
        if (row["status"] == "NOERROR") != (direct["status"] == "NOERROR"):
            failures.append(differ)
        elif row["status"] != direct["status"]:
            unknowns.append(differ)
    unknowns += [] if seen else ["no such name was asked for"]
    success = f"The pod and the DNS service say the same of {', '.join(seen)}."
    return combine(
        "outside-as-the-cluster-says",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def short_names_lead_home(reading: Reading) -> Verdict:
    """In the pod the short and the full name of web-0 lead to web-0, and its bare name to nothing."""
    short, full, bare = (fact(reading, "pod-fetch", of=of) for of in ("pod, short", "pod, full name", "pod, bare"))
    if short is None or full is None or bare is None:
        return combine(
            "short-names-lead-home", failures=(), unknowns=("they were not all tried",), success="", evidence=()
        )
    failures = [f"{row['asked']}: {row['page'] or row['said']}" for row in (short, full) if PRIMARY not in row["page"]]
    failures += [f"{bare['asked']} unexpectedly: {bare['page']}"] if bare["page"] else []
    unsaid = not bare["page"] and NO_SUCH_NAME not in bare["said"]
    unknowns = [f"{bare['asked']}: {bare['said'] or 'nothing was said'}"] if unsaid else []
    success = f"{short['asked']} and {full['asked']} were answered by {PRIMARY}; {bare['asked']} alone is no name ({bare['said']})."
    return combine(
        "short-names-lead-home",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def name_follows_the_pod(reading: Reading) -> Verdict:
    """After the replacement the name leads to the successor at each DNS server, and the old address to nobody of that name."""
    swap, after = fact(reading, "replacement"), facts(reading, "name-after")
    by_name, by_address = (fact(reading, "reached", by=by, when="after") for by in ("name", "address"))
    if swap is None or not after or by_name is None or by_address is None:
        return combine(
            "name-follows-the-pod", failures=(), unknowns=("no replacement was seen through",), success="", evidence=()
        )
    unknowns = [f"{f['view']} answers {f['status']}" for f in after if f["status"] not in ANSWERED]
    failures = [
        f"{f['view']} still says {', '.join(f['values'])}"
        for f in after
        if f["status"] in ANSWERED and f["values"] != [swap["is_at"]]
    ]
    if by_name["answered"].get(PRIMARY, 0) < by_name["connections"]:
        failures.append(f"by name: {counted(by_name['answered'])}")
    if swap["was_at"] == swap["is_at"]:
        unknowns.append("the successor happened to get the same address")
    elif PRIMARY in by_address["answered"]:
        failures.append(f"the old address {swap['was_at']} still answers as {PRIMARY}")
    success = f"{PRIMARY}.web went from {swap['was_at']} to {swap['is_at']}; by name {counted(by_name['answered'])} of {by_name['connections']}, at the old address {counted(by_address['answered'])}."
    return combine(
        "name-follows-the-pod", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",)
    )


def counted(answered: dict[str, int]) -> str:
    """Who answered how often."""
    return ", ".join(f"{who} {n} times" for who, n in answered.items()) or "nobody"


# ---- the unit's questions ----


def lookups_told(reading: Reading) -> str:
    conf, kubernetes = fact(reading, "resolv-conf"), fact(reading, "pod-lookup", of="service, full name")
    if conf is None or kubernetes is None:
        return ""
    parts = [
        (
            f"A pod asks the server of its /etc/resolv.conf ({', '.join(conf['nameservers'])}: the cluster's DNS service). "
            f"{kubernetes['asked']} is {', '.join(kubernetes['addresses']) or kubernetes['status']}, an address inside the cluster."
        ),
        outside_sentence(reading),
        (
            f"A name with fewer than {conf['ndots']} dots is tried below {', '.join(conf['search'])} first, so a service of the "
            "pod's own namespace needs its bare name only."
        ),
        cost_sentence(reading),
        nslookup_sentence(reading),
    ]
    return " ".join(part for part in parts if part)


def outside_sentence(reading: Reading) -> str:
    rows = facts(reading, "pod-lookup", of="outside")
    if not rows:
        return ""
    found = [row for row in rows if row["addresses"]]
    if found:
        return f"{found[0]['asked']} is {found[0]['addresses'][0]}: cluster DNS passes on what is not its own."
    statuses = ", ".join(f"{row['asked']} {row['status']}" for row in rows)
    # Without an exit code of 0, NODATA may also be an nslookup that said nothing.
    denied = [
        row for row in rows if row["status"] == "NXDOMAIN" or (row["status"] == "NODATA" and not row["exit_code"])
    ]
    if denied:
        what = "name" if denied[0]["status"] == "NXDOMAIN" else "address"
        return f"{denied[0]['asked']} is answered with {denied[0]['status']}: whoever cluster DNS asks says there is no such {what}."
    return (
        f"No answer came from outside ({statuses}): there is no way out, or the servers there fail. Neither is the "
        "answer that the name does not exist (NXDOMAIN), nor does it say anything about names inside the cluster."
    )


def cost_sentence(reading: Reading) -> str:
    rows = {row["of"]: row for row in facts(reading, "cost")}
    wanted = (
        "bare name",
        "short name of a pod",
        "full name",
        "full name with its final dot",
        "outside",
        "outside, with its final dot",
    )
    if any(of not in rows for of in wanted):
        return ""
    listed = ", ".join(f"{rows[of]['asked']} {rows[of]['queries']}" for of in wanted)
    full, bare, conf = rows["full name"], rows["bare name"], fact(reading, "resolv-conf")
    dear = ""
    if conf is not None and full["queries"] > bare["queries"]:
        dear = (
            f" The full name is dearer than the bare one: it has {full['asked'].count('.')} dots, fewer than {conf['ndots']}, so it too "
            "is tried below the list first; a final dot ends that."
        )
    return f"What each form costs in queries, an A and an AAAA for every name that is tried: {listed}.{dear}"


def nslookup_sentence(reading: Reading) -> str:
    by_tool = fact(reading, "pod-lookup", of="pod, short")
    by_program = fact(reading, "pod-fetch", of="pod, short")
    if by_tool is None or by_program is None or by_tool["addresses"] or not by_program["page"]:
        return ""
    return (
        f"One trap: for {by_tool['asked']} busybox's nslookup says {by_tool['status']} while wget in the same pod gets "
        f"{by_program['page']!r}. This nslookup uses the search list for names without any dot only; look up full names with it."
    )


def replica_finds_primary(reading: Reading) -> str:
    before, after = (fact(reading, "peer-finds", when=when) for when in ("before", "after"))
    if before is None or not before["address"]:
        return ""
    text = (
        f"By the primary's stable name. Here {before['peer']} found {before['asked']} at {before['address']} through its own "
        "resolver, knowing nothing but the pod's name and the headless service's."
    )
    swap = fact(reading, "replacement")
    if after is None or swap is None or not after["address"]:
        return text
    return (
        f"{text} After {PRIMARY} had been replaced the same question gave {after['address']}: the replica's configuration names the "
        "primary once and never changes, and the address is looked up at each connection."
    )


def names_changed(reading: Reading) -> str:
    swap, gone = fact(reading, "replacement"), fact(reading, "gone-name")
    by_name, by_address = (fact(reading, "reached", by=by, when="after") for by in ("name", "address"))
    if swap is None or gone is None or by_name is None or by_address is None or swap["was_at"] == swap["is_at"]:
        return ""
    cost = fact(reading, "cost", of="a name that is no more")
    queries = f" after {cost['queries']} queries" if cost else ""
    kept = (
        f", and a cache may keep that denial for {gone['denial_may_be_kept_s']} s"
        if gone["denial_may_be_kept_s"]
        else ""
    )
    ttl = (
        f" (a cache may give the old one for up to {swap['an_answer_may_be_kept_s']} s)"
        if swap["an_answer_may_be_kept_s"]
        else ""
    )
    return (
        "Every client that has written the old one down is cut off until somebody tells it. The address shows how that looks: "
        f"it changed from {swap['was_at']} to {swap['is_at']} when {PRIMARY} was replaced. Of {by_address['connections']} connections of a "
        f"client that kept it: {counted(by_address['answered'])}. Of {by_name['connections']} of a client that asked for the name each time: "
        f"{counted(by_name['answered'])}{ttl}. If names changed as addresses do, nobody could look anything up: a name that is no more "
        f"({gone['asked']}) is {gone['status']}{queries}{kept}, and no answer says what it is called now. Connection strings, replication settings and "
        "certificates would all have to be changed with each restart."
    )


def headline(reading: Reading) -> str:
    kubernetes, swap = fact(reading, "pod-lookup", of="service, full name"), fact(reading, "replacement")
    where = "On the simulated cluster a pod" if reading.meta.simulated else "A pod"
    if kubernetes is None:
        return "No name was looked up from a pod."
    found = f"{where} found {kubernetes['asked']} at {', '.join(kubernetes['addresses']) or 'no address'}"
    outside = facts(reading, "pod-lookup", of="outside")
    reach = (
        "; names outside resolved too"
        if any(row["addresses"] for row in outside)
        else "; names outside did not resolve"
        if outside
        else ""
    )
    moved = f"; when {PRIMARY} moved from {swap['was_at']} to {swap['is_at']}, its name led there" if swap else ""
    return f"{found}{reach}{moved}."


experiment = Experiment(
    name="dns-basics",
    hypothesis=(
        "A pod asks the cluster's DNS service with a search list and ndots:5, finds services and pods by short and full names, and "
        "a client that uses a StatefulSet pod's name reaches its successor, while one that kept the address does not."
    ),
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
    tables={
        "resolv-conf": "What the pod's /etc/resolv.conf says:",
        "pod-lookup": "nslookup in the pod (busybox's: the search list is for names without a dot only):",
        "pod-fetch": "wget in the pod, which asks the C library:",
        "direct-lookup": "The same names, asked at each DNS server:",
        "cost": "What a C library with that resolv.conf asks for each form of a name (A and AAAA each), asked one by one from here:",
        "gone-name": "A name that is no more:",
        "peer-finds": "What another member of the set made of web-0.web:",
        "replacement": "The replacement:",
        "reached": "Who answered over HTTP, by the name and at the address:",
        "name-after": "The name after the replacement, at each DNS server:",
    },
    headline=headline,
    needs=("exec",),
    uses=("create,get pods/exec",),  # `create` from Kubernetes 1.35 on
    timeout_s=240,
    duration_s=30,
    method=method,
)
