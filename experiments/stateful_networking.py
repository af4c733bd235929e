"""Does a StatefulSet with a headless service have every DNS record that it should, and does each name lead to its pod?"""

from collections.abc import Iterator

from chaos.experiment import *

from .shared.course import unit_question

# The records that must exist: https://github.com/kubernetes/dns/blob/master/docs/specification.md, version 1.1.0.
SPECIFICATION = "1.1.0"
STEADY_WITHIN_S, CONNECTIONS, PORT = 60, 5, 80
MISSING = "web-9.web"


class Record(Asked):
    """Records that the specification demands, asked once at each view."""

    of: str
    expected: tuple[str, ...]

    @property
    def right(self) -> bool:
        """More than what is demanded is allowed, less is not."""
        return self.status == "NOERROR" and set(self.expected) <= set(self.values)

    def told(self) -> str:
        return f"{Asked.told(self)}, and {', '.join(self.expected)} is demanded"


class Ports(Note):
    """Ports in the SRV records."""

    asked: str
    view: str
    ports: tuple[int, ...]


class Absent(Asked):
    """Records that must not exist."""

    of: str


class Reached(Answered):
    """Who answered over HTTP behind each pod's name."""

    pod: str


class ServiceReached(Answered):
    """Who answered behind the service's name."""


async def method(run: Run) -> None:
    """Ask every view for every record that the DNS specification demands, and connect to each pod by its name."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await run.apply("web-external.yaml")
    pods = run.target.pods
    below = f"{run.target.namespace}.svc.{run.domain}"
    names = [f"{pod.name}.web.{below}" for pod in pods]
    one = await run.objects.get("Service", "web-0-clusterip")
    virtual = one["spec"]["clusterIP"] if one else ""
    demanded = [
        ("version of the specification", f"dns-version.{run.domain}.", "TXT", [SPECIFICATION]),
        ("headless service", "web", "A", [pod.address for pod in pods]),
        *(("pod", f"{pod.name}.web", "A", [pod.address]) for pod in pods),
        ("port of the headless service", "_web._tcp.web", "SRV", names),
        *(("address of a pod", reverse_name(pod.address), "PTR", [n]) for pod, n in zip(pods, names, strict=True)),
        ("ClusterIP service", "web-0-clusterip", "A", [virtual]),
        ("port of the ClusterIP service", "_web._tcp.web-0-clusterip", "SRV", [f"web-0-clusterip.{below}"]),
        ("address of the ClusterIP service", reverse_name(virtual), "PTR", [f"web-0-clusterip.{below}"]),
        ("ExternalName service", "web-elsewhere", "CNAME", ["web.example.invalid."]),
    ]
    for what, name, rtype, expected in demanded:
        found = await ask(run, Record, name, rtype, of=what, expected=tuple(sorted(expected)))
        for view, outcome in zip(run.views, found, strict=True) if rtype == "SRV" else ():
            run.note(Ports(f"SRV {name}", view, tuple(sorted({int(one.split()[2]) for one in outcome.srv}))))
    await ask(run, Absent, MISSING, of="a pod that does not exist")
    await ask(run, Absent, "web-0.web", "AAAA", of="an IPv6 address of an IPv4 pod")
    for pod in pods:
        await who_answers(run, Reached, f"{pod.name}.web", PORT, CONNECTIONS, pod=pod.name)
    await who_answers(run, ServiceReached, "web", PORT, CONNECTIONS * len(pods))


@checker("report.md: Measured")
def records_complete(reading: Reading) -> Iterator[Finding]:
    """Every demanded record is there in every view; more than the set is allowed, less is not."""
    asked = notes(reading, Record)
    need(asked and notes(reading, Absent) and notes(reading, Ports), "not every record was asked for")
    yield from wrong_answers(asked, lambda one: one.right)
    for one in wrong_ports(reading):
        yield against(f"{one.asked} at {one.view} has the port {', '.join(map(count, one.ports))}, not {count(PORT)}")
    records, views = (len({getattr(one, what) for one in asked}) for what in ("asked", "view"))
    yield holds(f"All {count(records, 'record')} of the specification are there, at each of {count(views, 'view')}.")


def wrong_ports(reading: Reading) -> list[Ports]:
    """SRV answers with another port than that of the services."""
    return [one for one in notes(reading, Ports) if one.ports not in ((), (PORT,))]


@checker("report.md: Measured")
def missing_is_absent(reading: Reading) -> Iterator[Finding]:
    """A pod that does not exist has no record: NXDOMAIN, with how long that may be remembered."""
    need(asked := notes(reading, Absent, asked=f"A {MISSING}"), "it was not asked for")
    yield from wrong_answers(asked, lambda one: one.status == "NXDOMAIN")
    yield holds(f"{MISSING} is NXDOMAIN at each of {count(len(asked), 'view')}.")


@checker("report.md: Measured")
def names_lead_to_their_pods(reading: Reading) -> Iterator[Finding]:
    """Whoever connects to a pod's name is answered by that pod, and by nobody else."""
    need(reached := notes(reading, Reached), "no pod was asked")
    for one in reached:
        if set(one.heard) != {one.pod}:
            yield against_if(one.heard, f"{one.asked}: {one.told()}")
    names = count(len(reached), "name")
    yield holds(f"The pods of {names} answered {by_own_pod(reached)} connections by their own name.")


def by_own_pod(reached: list[Reached]) -> str:
    """How many connections to pods' names were answered by those pods, and of how many."""
    return out_of(sum(one.answered.get(one.pod, 0) for one in reached), sum(one.connections for one in reached))


# ---- answers ----


def name_pattern(reading: Reading) -> Iterator[str]:
    found = [one for one in notes(reading, Record, of="pod", view=SERVICE_VIEW) if one.values]
    need(found, "no pod's name was answered")
    target = reading.meta.target
    rows = ", ".join(f"{one.asked.removeprefix('A ')} is {', '.join(one.values)}" for one in found)
    yield f"POD.SERVICE.NAMESPACE.svc.DOMAIN, here POD.web.{target['namespace']}.svc.{target['domain']}: {rows}."
    yield "POD is the StatefulSet's name and an ordinal; SERVICE is its serviceName. The name says neither the pod's node nor its address."


def pod_against_service(reading: Reading) -> Iterator[str]:
    held(reading, records_complete)
    parts = ("headless service", "port of the headless service")
    whole, ports = (note(reading, Record, of=of, view=SERVICE_VIEW).values for of in parts)
    single = max(len(one.values) for one in notes(reading, Record, of="pod", view=SERVICE_VIEW))
    anyone = note(reading, ServiceReached)
    yield f"A pod's name has {count(single, 'address|addresses')}, its own; the service's name has {count(len(whole))} ({', '.join(whole)})."
    yield f"The service's SRV record has {count(len(ports), 'target')}, the pods' names. Of {count(anyone.connections, 'connection')} to the first address of the service's name: {anyone.told()}."
    if names_lead_to_their_pods(reading).outcome == "ok":
        yield "The connections to a pod's name all reached that pod."


def why_stable(reading: Reading) -> Iterator[str]:
    """What this run shows of it; that names outlive their pods is another experiment's."""
    reached, back = notes(reading, Reached), notes(reading, Record, of="address of a pod", view=SERVICE_VIEW)
    need(reached and back, "nobody connected to the pods' names")
    yield "A replica must find its primary, and a client the shard with its key: any other member will not do."
    yield f"{by_own_pod(reached)} connections to a pod's own name reached that pod."
    yield f"{out_of(sum(one.right for one in back), len(back))} pods' addresses led back to their names."
    yield "The service's name leads to any member, and an address ends with its pod. `chaos run identity-persistence` measures whether the name survives a restart."


def headline(reading: Reading) -> str:
    asked = [one for one in notes(reading, Record) if one.says_something]
    need(asked, "no record was answered for")
    wrong = {(one.asked, one.view) for one in wrong_ports(reading)}
    good = out_of(sum(one.right and (one.asked, one.view) not in wrong for one in asked), len(asked), "answer")
    return f"{good} were as the Kubernetes DNS specification {SPECIFICATION} demands."


experiment = Experiment(
    name="stateful-networking",
    hypothesis="Every record that the Kubernetes DNS specification demands for a StatefulSet and its services is there at every DNS server, and each pod's name leads to that pod.",
    workload=Workload(manifests=("web.yaml", "web-clusterip.yaml"), statefulset="web", service="web", port=80),
    probes=("dns", "http"),
    checkers=(records_complete, missing_is_absent, names_lead_to_their_pods),
    questions=(
        unit_question("name-pattern", name_pattern),
        unit_question("pod-against-service", pod_against_service),
        unit_question("why-stable", why_stable),
    ),
    tables=(Record, Ports, Absent, Reached, ServiceReached),
    headline=headline,
    timeout_s=120,
    duration_s=30,
    method=method,
)
