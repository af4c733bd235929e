"""What does DNS answer for a regular and for a headless service of a Deployment, and what of it survives a restart?"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from chaos.experiment import *

from .shared.course import unit_question

PODS, REPLICAS = "app=web-demo", 3
READY_WITHIN_S, SETTLE_S = 60, 1.0  # DNS follows the endpoints within milliseconds
CONNECTIONS, PORT = 30, 80
REGULAR, HEADLESS, AFTERWARDS, SHAPED = "regular", "headless", "replaced", "address-shaped name"
NAMED, BARE = "pod name", "bare pod name"  # behind a service, and as the unit has it behind none


class Pods(Note):
    """The Deployment's pods."""

    phase: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]


class Replacement(Note):
    """The replacement."""

    deleted: str
    was_at: str
    successor: str
    is_at: str


class Lookup(Asked):
    """What DNS answered in each phase."""

    phase: str
    of: str


class Behind(Answered):
    """Who answered over HTTP behind the service's name."""

    phase: str


async def method(run: Run) -> None:
    """Ask for a Deployment's service and pods: behind a regular service, behind a headless one, after a replacement."""
    await run.apply("web-demo-deployment.yaml")
    await run.apply("web-service.yaml")
    before = await run.ready_pods(PODS, REPLICAS, within_s=READY_WITHIN_S)
    run.note(Pods(REGULAR, tuple(p.name for p in before), tuple(p.address for p in before)))
    if len(before) < REPLICAS:
        return
    old = before[0]
    await run.sleep(SETTLE_S)
    await look(run, REGULAR, "web-service", before, old)
    for address in (await run.resolve("web-service")).values:
        await ask(run, Lookup, reverse_name(address), "PTR", phase=REGULAR, of="virtual address")

    await run.objects.delete("Service", "web-service")
    await run.apply("web-headless.yaml")
    await run.sleep(SETTLE_S)
    await look(run, HEADLESS, "web-headless", before, old)

    await run.delete_pod(old)
    new = await run.until("the replacement is Ready", partial(newcomer, run, before, PODS), READY_WITHIN_S)
    after = await run.pods_of(PODS)
    run.note(Pods(AFTERWARDS, tuple(p.name for p in after), tuple(p.address for p in after)))
    if new is None:
        return
    run.note(Replacement(old.name, old.address, new.name, new.address))
    await run.sleep(SETTLE_S)
    await look(run, AFTERWARDS, "web-headless", after, old)
    await ask(run, Lookup, f"{old.name}.web-headless", phase=AFTERWARDS, of="name of the pod that is gone")
    await ask(run, Lookup, shaped(new.address, "web-headless"), phase=AFTERWARDS, of=f"new {SHAPED}")


async def look(run: Run, phase: str, service: str, pods: Sequence[PodIdentity], old: PodIdentity) -> None:
    """The same questions in each phase: of the pods that are there, and of the address of the one that is to go."""
    for of, name, rtype in (
        ("service", service, "A"),
        ("port", f"_web._tcp.{service}", "SRV"),
        *((NAMED, f"{pod.name}.{service}", "A") for pod in pods),
        *((BARE, pod.name, "A") for pod in pods),
        (SHAPED, shaped(old.address, service), "A"),
        ("pod address", reverse_name(old.address), "PTR"),
    ):
        await ask(run, Lookup, name, rtype, phase=phase, of=of)
    await who_answers(run, Behind, service, PORT, CONNECTIONS, phase=phase)


def shaped(address: str, service: str) -> str:
    """The name that CoreDNS makes of an endpoint's address."""
    return f"{address.replace('.', '-')}.{service}"


# ---- what must hold ----


def asked_for(reading: Reading, phase: str, of: str) -> list[Lookup]:
    """What each view answered."""
    found = notes(reading, Lookup, phase=phase, of=of)
    need(found, f"nobody asked for the {of} in the phase {phase!r}")
    return found


def beside_pods(reading: Reading, phase: str, right: Callable[[set[str], set[str]], bool]) -> Iterator[Finding]:
    """Whether the addresses of the service's name are right beside those of its pods."""
    asked, pods = asked_for(reading, phase, "service"), note(reading, Pods, phase=REGULAR).addresses
    yield from wrong_answers(asked, lambda one: right(set(one.values), set(pods)))
    answer = f"The {asked[0].asked.replace(' ', ' record of ')} is {', '.join(asked[0].values)} at each of {count(len(asked), 'view')}"
    yield holds(f"{answer}, the pods are at {', '.join(pods)}.")


@checker("report.md: Measured")
def regular_is_one_address(reading: Reading) -> Iterator[Finding]:
    """One address, which is none of the pods'."""
    yield from beside_pods(reading, REGULAR, lambda found, pods: len(found) == 1 and not found & pods)


@checker("report.md: Measured")
def headless_is_every_pod(reading: Reading) -> Iterator[Finding]:
    """The pods' addresses, all of them and nothing else."""
    yield from beside_pods(reading, HEADLESS, lambda found, pods: found == pods)


def own_names(reading: Reading) -> list[Lookup]:
    """What was answered for the own names of pods that were there, below both services and as they are."""
    named = notes(reading, Lookup, of=NAMED)
    need({REGULAR, HEADLESS} <= {one.phase for one in named}, "not all was asked for")
    return named + notes(reading, Lookup, of=BARE)


@checker("report.md: Measured")
def pods_have_no_name(reading: Reading) -> Iterator[Finding]:
    """A Deployment's pods resolve by their own names behind neither service."""
    asked = own_names(reading)
    yield from wrong_answers(asked, lambda one: one.status == "NXDOMAIN")
    names, views = (len({getattr(one, what) for one in asked if one.of == NAMED}) for what in ("asked", "view"))
    yield holds(f"All {count(names, 'name')} of pods below a service were NXDOMAIN at each of {count(views, 'view')}.")


@checker("report.md: Measured", "events.jsonl")
def replacement_is_another(reading: Reading) -> Iterator[Finding]:
    """The successor has another name and address, and the old address-shaped name is gone."""
    swap = note(reading, Replacement, "no replacement was seen")
    old = asked_for(reading, AFTERWARDS, SHAPED)
    if swap.deleted == swap.successor:
        yield against("the successor has the same name")
    if swap.was_at == swap.is_at:
        yield unsure("the successor happened to get the same address")
    else:
        yield from wrong_answers(old, lambda one: one.status == "NXDOMAIN")
    moved = f"{swap.deleted} at {swap.was_at} became {swap.successor} at {swap.is_at}"
    yield holds(f"{moved}, and the {old[0].asked.replace(' ', ' record of ')} is NXDOMAIN.")


# ---- the unit's questions ----


def at_service(reading: Reading, phase: str, of: str) -> Lookup:
    return note(reading, Lookup, f"{of}: nobody asked", phase=phase, of=of, view=SERVICE_VIEW)


def service_ip(reading: Reading) -> Iterator[str]:
    held(reading, regular_is_one_address)
    found, pods = at_service(reading, REGULAR, "service"), note(reading, Pods, phase=REGULAR).addresses
    yield f"{', '.join(found.values)}, the service's own virtual address: none of the pods' ({', '.join(pods)})."
    if names := {name for one in notes(reading, Lookup, phase=REGULAR, of="virtual address") for name in one.values}:
        yield f"Asked backwards it is {', '.join(sorted(names))}."


def individual_names(reading: Reading) -> Iterator[str]:
    named, of_both = own_names(reading), [at_service(reading, phase, SHAPED) for phase in (REGULAR, HEADLESS)]
    if pods_have_no_name(reading).outcome == "fail":
        yield f"Yes, unexpectedly: the queries gave {' and '.join(sorted({one.status for one in named}))}."
        return
    by_address = {one.asked.removeprefix("A "): one.told() for one in of_both if one.values}
    yield "No, only a name made of a pod's address resolved." if by_address else "No."
    yield held(reading, pods_have_no_name)
    yield f"Resolved: {', '.join(f'{name} ({told})' for name, told in by_address.items())}." if by_address else ""
    if any(value.startswith(f"{n}.") for value in at_service(reading, HEADLESS, "port").values for n in by_address):
        yield "The headless service's SRV record hands such names out."


def specific_primary(reading: Reading) -> Iterator[str]:
    one = note(reading, Behind, "nobody connected to the service", phase=REGULAR)
    yield f"A replica could not choose its primary through this service: a client does not choose who answers. Of {count(one.connections, 'connection')} to the service's address: {one.told()}."
    yield "It would write to, or copy from, whichever pod answers."


def headless_change(reading: Reading) -> Iterator[str]:
    held(reading, regular_is_one_address)
    held(reading, headless_is_every_pod)
    one, many = (at_service(reading, phase, "service").values for phase in (REGULAR, HEADLESS))
    yield f"From {count(len(one), 'address|addresses')} ({', '.join(one)}) to {count(len(many))} ({', '.join(many)}): the pods' own."
    before, after = (at_service(reading, phase, "port") for phase in (REGULAR, HEADLESS))
    if {before.status, after.status} != {"NOERROR"}:
        return
    old, new = ([value.split(".")[0] for value in found.values] for found in (before, after))
    if set(old) == set(new):
        yield f"The SRV record names the same targets as before: {', '.join(new)}."
        return
    named = ", named after the pods' addresses" if set(new) == {address.replace(".", "-") for address in many} else ""
    yield f"The SRV record changed too: it named {', '.join(old)}, and now {', '.join(new)}{named}."


def several_addresses(reading: Reading) -> Iterator[str]:
    one = note(reading, Behind, "nobody connected to the service", phase=HEADLESS)
    pods = one.reached.keys() & set(note(reading, Pods, phase=REGULAR).names)
    yield "The client sees every member: it can choose one, connect to all, or try the next. No proxy is in between."
    yield f"Of {count(one.connections, 'connection')} to the first address of each answer: {one.told()}."
    yield "So the server varied the order." if len(pods) > 1 else "This run did not show that the order varies."


def not_sufficient(reading: Reading) -> Iterator[str]:
    changed, whole = held(reading, replacement_is_another), at_service(reading, AFTERWARDS, "service")
    yield f"The addresses do not say which member is which. Here {changed}"
    gone, back = note(reading, Replacement).was_at, notes(reading, Lookup, phase=AFTERWARDS, of="pod address")
    if stale := [one for one in back if any(name.startswith(shaped(gone, "web-")) for name in one.values)]:
        yield f"{out_of(len(stale), len(back), 'view')} still led {gone} back to {stale[0].values[0]}: a DNS server may keep a reverse name for its TTL."
    yield f"The service's answer became {', '.join(whole.values) or whole.status}. The old name, address and DNS name do not lead to the successor. A StatefulSet's pod keeps its name and DNS name."


def headline(reading: Reading) -> str:
    held(reading, regular_is_one_address)
    held(reading, headless_is_every_pod)
    one, many = (at_service(reading, phase, "service").values for phase in (REGULAR, HEADLESS))
    own = " Neither gave a Deployment's pods names of their own." if pods_have_no_name(reading).outcome == "ok" else ""
    return f"The regular service resolved to {count(len(one), 'address|addresses')}, the headless one to {count(len(many))}.{own}"


experiment = Experiment(
    name="service-types",
    hypothesis="A regular service is one address, a headless one is the addresses of its pods; a Deployment's pods have names of their own behind neither, and such a pod's successor has another name and address.",
    checkers=(regular_is_one_address, headless_is_every_pod, pods_have_no_name, replacement_is_another),
    questions=(
        unit_question("service-ip", service_ip),
        unit_question("individual-names", individual_names),
        unit_question("specific-primary", specific_primary),
        unit_question("headless-change", headless_change),
        unit_question("several-addresses", several_addresses),
        unit_question("not-sufficient", not_sufficient),
    ),
    tables=(Pods, Replacement, Lookup, Behind, Waited),
    headline=headline,
    timeout_s=240,
    duration_s=30,
    method=method,
)
