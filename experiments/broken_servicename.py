"""What still works, and what is the first sign, when a StatefulSet's serviceName or its service is broken?"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from chaos.experiment import *

from .shared.course import unit_question

STEADY_WITHIN_S = 60
WATCH_S = 3.0  # each broken state; DNS follows the endpoints within milliseconds
PODS, RESTARTED, LABELS = ("web-0", "web-1", "web-2"), "web-1", "app=web-stateful"
WRONG, UNITS = "nope", "broken-network-0.nonexistent-service"
SELECTOR, DELETED, RECREATED = "wrong selector", "deleted service", "recreated"
# State of the recreated StatefulSet → whether the restarted pod's name is there in it.
LATENT = {
    "recreated, nothing restarted": "NOERROR",
    "recreated, one restarted": "NXDOMAIN",
    "put right, nothing restarted": "NXDOMAIN",
    "put right, one restarted": "NOERROR",
}


class Stage(Note):
    """What was done."""

    of: str
    step: str


class Refused(Note):
    """What the API server answered to a patch of serviceName."""

    answer: str


class Names(Note):
    """What DNS answered in each state, and each pod's subdomain."""

    phase: str
    pods: dict[str, str]
    service: str
    addresses: int
    srv_targets: tuple[str, ...]
    ready: int
    subdomains: dict[str, str]


class Second(Note):
    """The second headless service."""

    service: str
    addresses: int
    pod_name: str
    pod: str


class BrokenNetwork(Note):
    """The unit's broken-network."""

    ready: int
    replicas: int
    name: str
    service: str


async def method(run: Run) -> None:
    """Break a healthy StatefulSet in six ways, look at what DNS still says, repair each, and prove the repair."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await look(run, "healthy")
    patched = run.objects.patch("StatefulSet", "web", {"spec": {"serviceName": WRONG}})
    run.note(Refused(await run.objects.refused(patched)))
    await broken_service(run)
    await second_service(run)
    await recreated_with_another_name(run)
    await the_units_own(run)


async def look(run: Run, phase: str) -> None:
    """What the cluster DNS address answers for each pod, for the service and for its port."""
    pods = {pod: (await resolve_surely(run, f"{pod}.web")).status for pod in PODS}
    service, ports = await resolve_surely(run, "web"), await resolve_surely(run, "web", "SRV")
    targets, ready = tuple(target.split(".")[0] for target in ports.values), len(await run.pods_of(LABELS))
    found = {p["metadata"]["name"]: p["spec"].get("subdomain", "") for p in await run.objects.list("Pod", LABELS)}
    subdomains = dict(sorted(found.items()))
    run.note(Names(phase, pods, service.status, len(service.values), targets, ready, subdomains))


async def broken_service(run: Run) -> None:
    """Give it a wrong selector, then delete it; each time look, repair it, and wait until everything is right."""
    service = await anew(run, "Service")
    wrong, right = ({"spec": {"selector": {"app": app}}} for app in ("somebody-else", "web-stateful"))
    patch, delete = (partial(act, "Service", "web") for act in (run.objects.patch, run.objects.delete))
    for kind, breaking, mending in (
        (SELECTOR, partial(patch, wrong), partial(patch, right)),
        (DELETED, delete, partial(run.objects.create, service)),
    ):
        run.note(Stage(kind, "broken"))
        await breaking()
        await run.sleep(WATCH_S)
        await look(run, kind)
        run.note(Stage(kind, "repaired"))
        await mending()
        await run.steady_state(within_s=STEADY_WITHIN_S)
        run.note(Stage(kind, "proved"))


async def second_service(run: Run) -> None:
    await run.apply("web-second.yaml")
    await run.sleep(WATCH_S)
    name = f"{RESTARTED}.web-second"
    whole, single = await resolve_surely(run, "web-second"), await resolve_surely(run, name)
    run.note(Second(whole.status, len(whole.values), name, single.status))
    await run.objects.delete("Service", "web-second")


async def recreated_with_another_name(run: Run) -> None:
    """Orphan-delete and recreate: the only way to another serviceName; then one pod restarts."""
    made = await anew(run, "StatefulSet")
    for phase, stage, service in (("recreated", "broken", WRONG), ("put right", "repaired", "web")):
        run.note(Stage(RECREATED, stage))
        made["spec"]["serviceName"] = service
        await recreate(run, made)
        await run.sleep(WATCH_S)
        await look(run, f"{phase}, nothing restarted")
        old = next(pod for pod in run.target.pods if pod.name == RESTARTED)
        await run.delete_pod(old)
        await successor(run, old, LABELS, STEADY_WITHIN_S)
        if service == WRONG:
            await run.sleep(WATCH_S)
        else:
            await run.steady_state(within_s=STEADY_WITHIN_S)
            run.note(Stage(RECREATED, "proved"))
        await look(run, f"{phase}, one restarted")


async def recreate(run: Run, made: dict[str, Any]) -> None:
    """Delete the StatefulSet, leave its pods, and make it again."""

    async def gone() -> bool:
        return await run.objects.get("StatefulSet", "web") is None

    async def adopted() -> bool:
        return len(run.target.pods) == len(PODS)

    await run.objects.delete("StatefulSet", "web", orphan=True)
    await run.until("the StatefulSet is gone", gone, STEADY_WITHIN_S)
    await run.objects.create(made)
    await run.until("its pods are adopted", adopted, STEADY_WITHIN_S)


async def the_units_own(run: Run) -> None:
    """The unit's broken-network: everything about it looks right."""
    await run.apply("broken-network.yaml")
    pods = await run.ready_pods("app=broken-network", 2, within_s=STEADY_WITHIN_S)
    await run.sleep(WATCH_S)
    found = await run.objects.get("StatefulSet", "broken-network") or {}
    service = "exists" if await run.objects.get("Service", "nonexistent-service") else "does not exist"
    replicas = found.get("status", {}).get("replicas", 0)
    run.note(BrokenNetwork(len(pods), replicas, (await resolve_surely(run, UNITS)).status, service))


async def anew(run: Run, kind: str) -> dict[str, Any]:
    """An object as it was once sent, without what the server has added."""
    obj = await run.objects.get(kind, "web")
    if obj is None:
        raise InconclusiveError(f"the {kind} web is gone, and nothing here has deleted it")
    meta = {key: obj["metadata"][key] for key in ("name", "namespace", "labels") if key in obj["metadata"]}
    spec = {key: value for key, value in obj["spec"].items() if key != "clusterIPs"}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta, "spec": spec}


# ---- what must hold ----


def presence(found: dict[str, str], wanted: str, where: str) -> Iterator[Finding]:
    """Names that are gone though they should be there, or the reverse; a TIMEOUT and the like say nothing."""
    for name, status in found.items():
        if status != wanted:
            yield against_if(status in ("NXDOMAIN", "NOERROR"), f"{where}: {name} was {status}")


def whole(name: str, status: str, addresses: int, where: str) -> Iterator[Finding]:
    """What speaks against a service's name having the addresses of all pods."""
    yield from presence({name: status}, "NOERROR", where)
    if status == "NOERROR" and addresses != len(PODS):
        yield against(f"{where}: {name} had {count(addresses, 'address|addresses')}")


@checker("report.md: Measured")
def cannot_be_patched(reading: Reading) -> Iterator[Finding]:
    """The API server refuses another serviceName."""
    tried = note(reading, Refused, "it was not tried")
    if not tried.answer:
        yield against("the answer was yes")
    elif not tried.answer.startswith("422"):
        yield unsure(f"the answer was {tried.answer}")
    yield holds("A patch of serviceName is refused (422).")


@checker("report.md: Measured", "timeline.svg")
def service_faults_show_at_once(reading: Reading) -> Iterator[Finding]:
    """With a wrong selector or without its service every name is gone; with it they are back."""
    for kind in (SELECTOR, DELETED):
        found = note(reading, Names, f"{kind} was not tried", phase=kind)
        names = {f"{pod}.web": status for pod, status in found.pods.items()} | {"web": found.service}
        yield from presence(names, "NXDOMAIN", kind)
        since_ns = note(reading, Stage, f"{kind} was not repaired", of=kind, step="repaired").at_ns
        if not notes(reading, Stage, of=kind, step="proved"):
            steady = [d for at_ns, what, d in reading.marks if what == "steady-state" and at_ns >= since_ns]
            need(steady, f"{kind}: the run ended before the repair was seen to work, or not to")
            heard = set(steady[0]["missing"]) - set(steady[0]["unheard"])
            yield against_if(heard, f"{kind}: everything was not right within {STEADY_WITHIN_S} s of the repair")
    yield holds("With a wrong selector and without the service every name was gone.")
    yield holds("After the repair everything was steady again, without a restart.")


@checker("report.md: Measured")
def recreation_is_latent(reading: Reading) -> Iterator[Finding]:
    """Another serviceName breaks nothing until a pod restarts, and putting it right mends nothing until it restarts again."""
    for phase, wanted in LATENT.items():
        found = note(reading, Names, f"{phase}: it did not come so far", phase=phase)
        yield from presence({f"{RESTARTED}.web": found.pods[RESTARTED]}, wanted, phase)
        yield from whole("web", found.service, found.addresses, phase)
    yield holds(f"{RESTARTED}.web resolved until the pod restarted, and after the repair not until it restarted again.")
    yield holds("The service's own name had all addresses in each of these states.")


@checker("report.md: Measured")
def second_gives_no_names(reading: Reading) -> Iterator[Finding]:
    """Only the governing service gives the pods names."""
    found = note(reading, Second, "it was not tried")
    yield from presence({found.pod_name: found.pod}, "NXDOMAIN", "beside the governing service")
    yield from whole("web-second", found.service, found.addresses, "beside the governing service")
    addresses = count(found.addresses, "address|addresses")
    yield holds(f"A second headless service had all {addresses}, and {found.pod_name} was {found.pod}.")


@checker("report.md: Measured")
def broken_looks_healthy(reading: Reading) -> Iterator[Finding]:
    """The unit's broken-network is Ready in every respect but DNS."""
    found = note(reading, BrokenNetwork, "it was not tried")
    need(found.replicas, "it had no replicas")
    if found.ready != found.replicas:
        yield against(f"{out_of(found.ready, found.replicas, 'pod')} were Ready")
    yield from presence({UNITS: found.name}, "NXDOMAIN", "its pod")
    yield holds(f"{out_of(found.ready, found.replicas, 'pod')} are Ready, and {UNITS} is {found.name}.")


# ---- questions ----


def problems_identified(reading: Reading) -> Iterator[str]:
    healthy = held(reading, broken_looks_healthy)
    yield f"The StatefulSet names a service that {note(reading, BrokenNetwork).service}. Pod status and readiness do not show it. {healthy}"
    yield "`chaos diagnose` compares serviceName with the services that exist."


def problems_fixed(reading: Reading) -> Iterator[str]:
    for check in (cannot_be_patched, service_faults_show_at_once, recreation_is_latent):
        held(reading, check)
    note(reading, Stage, "the last repair was not seen to work", of=RECREATED, step="proved")
    late = note(reading, Names, phase="put right, nothing restarted").pods[RESTARTED]
    answer = note(reading, Refused).answer.split(":", maxsplit=1)[0]
    yield "Create the missing headless service under the StatefulSet's serviceName. That was not tried with broken-network. web's deleted service was created again, and all names were back without a restart."
    yield f"A patch of serviceName was answered with {answer}. To change it, run `kubectl delete statefulset NAME --cascade=orphan`, create the StatefulSet with the right serviceName, and then delete its pods one at a time."
    yield f"With the right serviceName {RESTARTED}.web was still {late} until {RESTARTED} had restarted."


def first_sign(reading: Reading) -> Iterator[str]:
    held(reading, recreation_is_latent)
    name, latent = f"A {RESTARTED}.web", note(reading, Names, phase="recreated, one restarted")
    views = {series.view for series in series_of(reading, "dns", name)}
    yield f"With another serviceName {RESTARTED}.web works until {RESTARTED} restarts. The service's own name works before that and after it. After the restart {RESTARTED}.web was {latent.pods[RESTARTED]}; the service's name still had {count(latent.addresses, 'address|addresses')}."
    odd = ", ".join(target for target in latent.srv_targets if target not in PODS) or "none was seen here"
    early = note(reading, Names, phase="recreated, nothing restarted").subdomains.items()
    pods = ", ".join(f"{pod}: {subdomain}" for pod, subdomain in early if subdomain != WRONG) or "none was seen here"
    yield f"The first sign, before any restart, is a pod whose subdomain is not the serviceName {WRONG} ({pods}). After the restart an SRV target that is no pod's name is a sign too ({odd})."
    for kind, without in ((SELECTOR, "With a wrong selector"), (DELETED, "Without its service")):
        began, mended = (note(reading, Stage, of=kind, step=step).at_ns for step in ("broken", "repaired"))
        left, came = when(reading, name, "NXDOMAIN", began, mended), when(reading, name, "NOERROR", mended)
        unseen = f"{kind}: not every view was seen to lose the name and to give it again"
        need(left.keys() == came.keys() == views, unseen)
        lost, back = (at_most_ns(known(last_ns(*at), unseen)) for at in ((left, began), (came, mended)))
        yield f"{without} every view denied {RESTARTED}.web {lost} after the change, and had it again {back} after the repair."


def headline(reading: Reading) -> str:
    held(reading, recreation_is_latent)
    return "With another serviceName a pod kept its DNS name until it restarted. With the right one again it had none until it restarted again."


experiment = Experiment(
    name="broken-servicename",
    hypothesis="A broken serviceName shows in DNS and in no pod's status, and late: pods look healthy, the service's own name goes on resolving, and both the fault and its repair wait for the next restart; a broken service shows, and heals, at once.",
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "http"),
    checkers=(
        cannot_be_patched,
        service_faults_show_at_once,
        second_gives_no_names,
        recreation_is_latent,
        broken_looks_healthy,
    ),
    questions=(
        unit_question("problems-identified", problems_identified),
        unit_question("problems-fixed", problems_fixed),
        Question("first-sign", "What still works, and what is the first sign?", first_sign),
    ),
    tables=(Stage, Refused, Names, Second, BrokenNetwork, Waited),
    headline=headline,
    uses=("patch services", "patch statefulsets.apps", "list,delete controllerrevisions.apps"),
    timeout_s=180,
    method=method,
)
