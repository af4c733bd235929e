"""Does a StatefulSet with a headless service have every DNS record that it should, and does each name lead to its pod?"""

from chaos.experiment import (
    Experiment,
    Reading,
    Run,
    Verdict,
    Workload,
    ask,
    combine,
    fact,
    facts,
    who_answers,
)

from .shared.course import unit_question

# The records that must exist: https://github.com/kubernetes/dns/blob/master/docs/specification.md, version 1.1.0.
SPECIFICATION = "1.1.0"
STEADY_WITHIN_S = 60
CONNECTIONS = 5
MISSING = "web-9.web"


async def method(run: Run) -> None:
    """Ask every view for every record that the DNS specification demands, and connect to each pod by its name."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await run.apply("web-external.yaml")
    pods = run.target.pods
    below = f"{run.target.namespace}.svc.{run.domain}"
    names = [f"{pod.name}.web.{below}" for pod in pods]
    addresses = [pod.address for pod in pods]
    one = await run.objects.get("Service", "web-0-clusterip")
    virtual = one["spec"]["clusterIP"] if one else ""
    demanded = [
        ("version of the specification", f"dns-version.{run.domain}.", "TXT", [SPECIFICATION]),
        ("headless service", "web", "A", addresses),
        *(("pod", f"{pod.name}.web", "A", [pod.address]) for pod in pods),
        ("port of the headless service", "_web._tcp.web", "SRV", names),
        *(("address of a pod", reverse(pod.address), "PTR", [name]) for pod, name in zip(pods, names, strict=True)),
        ("ClusterIP service", "web-0-clusterip", "A", [virtual]),
        ("port of the ClusterIP service", "_web._tcp.web-0-clusterip", "SRV", [f"web-0-clusterip.{below}"]),
        ("address of the ClusterIP service", reverse(virtual), "PTR", [f"web-0-clusterip.{below}"]),
        ("ExternalName service", "web-elsewhere", "CNAME", ["web.example.invalid."]),
    ]
    for what, name, rtype, expected in demanded:
        await ask(run, "record", name, rtype, of=what, expected=sorted(expected))
    await ask(run, "absent", MISSING, of="a pod that does not exist")
    await ask(run, "absent", "web-0.web", "AAAA", of="an IPv6 address of an IPv4 pod")
    for pod in pods:
        await who_answers(run, "reached", f"{pod.name}.web", run_port(), CONNECTIONS, pod=pod.name)
    await who_answers(run, "service-reached", "web", run_port(), CONNECTIONS * len(pods))


def run_port() -> int:
    """Where the unit's containers serve."""
    return 80


def reverse(address: str) -> str:
    """The name under which an IPv4 address is looked up."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa."


def records_complete(reading: Reading) -> Verdict:
    """Every demanded record is there in every view; more than the set is allowed, less is not."""
    asked = facts(reading, "record")
    failures = [
        f"{f['asked']} at {f['view']}: {f['status']} {', '.join(f['values'])}, and {', '.join(f['expected'])} is demanded"
        for f in asked
        if f["status"] in ("NOERROR", "NODATA", "NXDOMAIN") and not set(f["expected"]) <= set(f["values"])
    ]
    unknowns = [
        f"{f['asked']} at {f['view']}: {f['status']}"
        for f in asked
        if f["status"] not in ("NOERROR", "NODATA", "NXDOMAIN")
    ]
    if not facts(reading, "absent"):
        unknowns.append("not every record was asked for")
    views = {f["view"] for f in asked}
    success = (
        f"All {len({f['asked'] for f in asked})} records of the specification are there, at each of {len(views)} views."
    )
    return combine(
        "records-complete", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",)
    )


def missing_is_absent(reading: Reading) -> Verdict:
    """A pod that does not exist has no record: NXDOMAIN, with how long that may be remembered."""
    asked = facts(reading, "absent", asked=f"A {MISSING}")
    failures = [
        f"{f['view']} answers {f['status']} {', '.join(f['values'])}" for f in asked if f["status"] == "NOERROR"
    ]
    unknowns = [f"{f['view']} answers {f['status']}" for f in asked if f["status"] not in ("NOERROR", "NXDOMAIN")]
    unknowns += [] if asked else ["it was not asked for"]
    success = f"{MISSING} is NXDOMAIN at each of {len(asked)} views."
    return combine("missing-is-absent", failures=failures, unknowns=unknowns, success=success, evidence=())


def names_lead_to_their_pods(reading: Reading) -> Verdict:
    """Whoever connects to a pod's name is answered by that pod, and by nobody else."""
    reached = facts(reading, "reached")
    failures = [
        f"{f['asked']}: {who} answered {n} of {f['connections']}"
        for f in reached
        for who, n in f["answered"].items()
        if who != f["pod"]
    ]
    unknowns = [] if reached else ["no pod was asked"]
    unknowns += [f"{f['asked']} was not asked" for f in reached if not f["connections"]]
    success = f"Each of {len(reached)} names was answered by its own pod, {CONNECTIONS} of {CONNECTIONS} times."
    return combine("names-lead-to-their-pods", failures=failures, unknowns=unknowns, success=success, evidence=())


def name_pattern(reading: Reading) -> str:
    """From the records that were found."""
    found = [f for f in facts(reading, "record", of="pod", view="service") if f["status"] == "NOERROR"]
    if not found:
        return ""
    target = reading.meta.target
    rows = ", ".join(f"{f['asked'].removeprefix('A ')} is {', '.join(f['values'])}" for f in found)
    return (
        f"POD.SERVICE.NAMESPACE.svc.DOMAIN, here POD.web.{target['namespace']}.svc.{target['domain']}: {rows}. "
        "The pod's name is the StatefulSet's with its ordinal, the service is the one named in serviceName; nothing in "
        "the name says on which node the pod is or which address it has."
    )


def pod_against_service(reading: Reading) -> str:
    """One address each, against all of them."""
    whole = fact(reading, "record", of="headless service", view="service")
    single = facts(reading, "record", of="pod", view="service")
    ports = fact(reading, "record", of="port of the headless service", view="service")
    anyone = fact(reading, "service-reached")
    if whole is None or not single or ports is None or anyone is None or records_complete(reading).outcome != "ok":
        return ""
    return (
        f"A pod's name has {max(len(f['values']) for f in single)} address, its own; the service's name has "
        f"{len(whole['values'])} ({', '.join(whole['values'])}), in no order that means anything, and its SRV record has "
        f"{len(ports['values'])} targets, the pods' names. Of {anyone['connections']} connections to the service's name, each to "
        f"the first address that the answer gave, {_counts(anyone['answered'])}"
        + (
            "; connections to a pod's name all reached that pod."
            if names_lead_to_their_pods(reading).outcome == "ok"
            else "."
        )
    )


def why_stable(reading: Reading) -> str:
    """What this run shows of it; that names outlive their pods is another experiment's."""
    reached = facts(reading, "reached")
    reverse_names = facts(reading, "record", of="address of a pod", view="service")
    if not reached or not reverse_names:
        return ""
    right = sum(f["answered"].get(f["pod"], 0) for f in reached)
    total = sum(f["connections"] for f in reached)
    back = sum(f["status"] == "NOERROR" and set(f["expected"]) <= set(f["values"]) for f in reverse_names)
    return (
        f"{right} of {total} connections to a pod's own name reached exactly that pod, and {back} of "
        f"{len(reverse_names)} pods' addresses led back to their names, so a member can say which of its peers it means: a replica its "
        "primary, a client the shard that holds its key. Through the service's name it gets some member, and through an "
        "address one that the next restart takes away; that the name survives that restart is what "
        "`chaos run identity-persistence` measures."
    )


def _counts(answered: dict[str, int]) -> str:
    return ", ".join(f"{n} reached {who}" for who, n in answered.items())


def headline(reading: Reading) -> str:
    """The state of the records in one sentence."""
    asked = facts(reading, "record")
    if not asked:
        return "Nothing was asked, so nothing is known about the records."
    good = sum(f["status"] == "NOERROR" and set(f["expected"]) <= set(f["values"]) for f in asked)
    where = "On the simulated cluster " if reading.meta.simulated else ""
    return f"{where}{good} of {len(asked)} answers held what the Kubernetes DNS specification {SPECIFICATION} demands."


experiment = Experiment(
    name="stateful-networking",
    hypothesis=(
        "Every record that the Kubernetes DNS specification demands for a StatefulSet and its services is there at every "
        "DNS server, and each pod's name leads to that pod."
    ),
    workload=Workload(manifests=("web.yaml", "web-clusterip.yaml"), statefulset="web", service="web", port=80),
    probes=("dns", "http"),
    checkers=(records_complete, missing_is_absent, names_lead_to_their_pods),
    questions=(
        unit_question("name-pattern", name_pattern),
        unit_question("pod-against-service", pod_against_service),
        unit_question("why-stable", why_stable),
    ),
    tables={
        "record": "Records that the specification demands, asked once at each view:",
        "absent": "Records that must not exist:",
        "reached": "Who answered over HTTP behind each pod's name:",
        "service-reached": "Who answered behind the service's name:",
    },
    headline=headline,
    timeout_s=120,
    duration_s=30,
    method=method,
)
