"""What does DNS answer for a regular and for a headless service of a Deployment, and what of it survives a restart?"""

from collections.abc import Callable

from chaos.experiment import (
    Experiment,
    Fact,
    Reading,
    Run,
    Verdict,
    ask,
    combine,
    fact,
    facts,
    who_answers,
)

from .shared.course import unit_question

PODS = "app=web-demo"
REPLICAS = 3
READY_WITHIN_S = 60
# DNS follows the endpoints within milliseconds; a second is far on the safe side.
SETTLE_S = 1.0
CONNECTIONS = 30
PORT = 80


async def method(run: Run) -> None:
    """Ask for a Deployment's service and pods: behind a regular service, behind a headless one, after a replacement."""
    await run.apply("web-demo-deployment.yaml")
    await run.apply("web-service.yaml")
    before = await run.ready_pods(PODS, REPLICAS, within_s=READY_WITHIN_S)
    run.mark("pods", phase="regular", names=[p.name for p in before], addresses=[p.address for p in before])
    if len(before) < REPLICAS:
        return
    await run.sleep(SETTLE_S)
    await look(run, "regular", "web-service", before[0].name, before[0].address)
    virtual = await run.resolve("web-service")
    for address in virtual.values:
        await ask(run, "lookup", reverse(address), "PTR", views=("service",), phase="regular", of="virtual address")

    await run.objects.delete("Service", "web-service")
    await run.apply("web-headless.yaml")
    await run.sleep(SETTLE_S)
    await look(run, "headless", "web-headless", before[0].name, before[0].address)

    await run.delete_pod(before[0])
    known = {pod.name for pod in before}
    await run.until("the replacement is Ready", lambda: replaced(run, known), READY_WITHIN_S)
    after = await run.ready_pods(PODS, REPLICAS, within_s=READY_WITHIN_S)
    new = next((pod for pod in after if pod.name not in known), None)
    run.mark("pods", phase="replaced", names=[p.name for p in after], addresses=[p.address for p in after])
    if new is None:
        return
    run.mark("replacement", deleted=before[0].name, was_at=before[0].address, successor=new.name, is_at=new.address)
    await run.sleep(SETTLE_S)
    await look(run, "replaced", "web-headless", before[0].name, before[0].address)
    await ask(run, "lookup", shaped(new.address), views=("service",), phase="replaced", of="new address-shaped name")


async def replaced(run: Run, known: set[str]) -> bool:
    """Whether a pod that was not there before is Ready, and as many as there should be."""
    pods = await run.pods_of(PODS)
    return len(pods) >= REPLICAS and any(pod.name not in known for pod in pods)


async def look(run: Run, phase: str, service: str, pod: str, address: str) -> None:
    """The same questions in each phase."""
    questions = (
        ("service", service, "A"),
        ("port", f"_web._tcp.{service}", "SRV"),
        ("pod name", f"{pod}.{service}", "A"),
        ("bare pod name", pod, "A"),
        ("address-shaped name", f"{address.replace('.', '-')}.{service}", "A"),
        ("pod address", reverse(address), "PTR"),
    )
    for of, name, rtype in questions:
        await ask(run, "lookup", name, rtype, phase=phase, of=of)
    await who_answers(run, "answered", service, PORT, CONNECTIONS, phase=phase)


def reverse(address: str) -> str:
    """The name under which an IPv4 address is looked up."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa."


def shaped(address: str) -> str:
    """The name that CoreDNS makes of an endpoint's address."""
    return f"{address.replace('.', '-')}.web-headless"


# ---- what must hold ----


def regular_is_one_address(reading: Reading) -> Verdict:
    """One address, which is none of the pods'."""
    return _service_has(
        reading, "regular", "regular-is-one-address", lambda values, pods: len(values) == 1 and not pods & values
    )


def headless_is_every_pod(reading: Reading) -> Verdict:
    """The pods' addresses, all of them and nothing else."""
    return _service_has(reading, "headless", "headless-is-every-pod", lambda values, pods: values == pods)


def _service_has(reading: Reading, phase: str, name: str, holds: Callable[[set[str], set[str]], bool]) -> Verdict:
    asked = facts(reading, "lookup", phase=phase, of="service")
    pods = fact(reading, "pods", phase="regular")
    if pods is None or not asked:
        return combine(name, failures=(), unknowns=("it was not asked for",), success="", evidence=())
    unknowns = [
        f"{f['view']} answers {f['status']}" for f in asked if f["status"] not in ("NOERROR", "NXDOMAIN", "NODATA")
    ]
    failures = [
        f"{f['view']} answers {f['status']} {', '.join(f['values'])}"
        for f in asked
        if f["status"] in ("NOERROR", "NXDOMAIN", "NODATA") and not holds(set(f["values"]), set(pods["addresses"]))
    ]
    success = f"{asked[0]['asked']} is {', '.join(asked[0]['values'])} at each of {len(asked)} views, the pods are at {', '.join(pods['addresses'])}."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",))


def pods_have_no_name(reading: Reading) -> Verdict:
    """A Deployment's pods resolve by their names behind neither service."""
    asked = [f for f in facts(reading, "lookup") if f["of"] in ("pod name", "bare pod name")]
    failures = [f"{f['asked']} at {f['view']} is {', '.join(f['values'])}" for f in asked if f["status"] == "NOERROR"]
    unknowns = [
        f"{f['asked']} at {f['view']}: {f['status']}" for f in asked if f["status"] not in ("NOERROR", "NXDOMAIN")
    ]
    unknowns += [] if fact(reading, "lookup", phase="headless", of="pod name") else ["not all was asked for"]
    success = f"All {len(asked)} queries for a pod's own name were NXDOMAIN, behind either service."
    return combine("pods-have-no-name", failures=failures, unknowns=unknowns, success=success, evidence=())


def replacement_is_another(reading: Reading) -> Verdict:
    """The successor has another name and address, and the old address-shaped name is gone."""
    swap = fact(reading, "replacement")
    old = facts(reading, "lookup", phase="replaced", of="address-shaped name")
    if swap is None or not old:
        return combine(
            "replacement-is-another", failures=(), unknowns=("no replacement was seen",), success="", evidence=()
        )
    failures = [
        f"{f['asked']} is still {', '.join(f['values'])} at {f['view']}" for f in old if f["status"] == "NOERROR"
    ]
    failures += ["the successor has the same name"] if swap["deleted"] == swap["successor"] else []
    unknowns = [
        f"{f['asked']} at {f['view']}: {f['status']}" for f in old if f["status"] not in ("NOERROR", "NXDOMAIN")
    ]
    if swap["was_at"] == swap["is_at"]:
        unknowns.append("the successor happened to get the same address")
        failures = [f for f in failures if "still" not in f]
    success = f"{swap['deleted']} at {swap['was_at']} became {swap['successor']} at {swap['is_at']}, and {old[0]['asked']} is NXDOMAIN."
    return combine("replacement-is-another", failures=failures, unknowns=unknowns, success=success, evidence=())


# ---- the unit's questions ----


def _at_service(reading: Reading, phase: str, of: str) -> Fact | None:
    return fact(reading, "lookup", phase=phase, of=of, view="service")


def service_ip(reading: Reading) -> str:
    found, pods = _at_service(reading, "regular", "service"), fact(reading, "pods", phase="regular")
    if found is None or pods is None or regular_is_one_address(reading).outcome != "ok":
        return ""
    back = fact(reading, "lookup", phase="regular", of="virtual address")
    whose = f"; asked backwards it is {', '.join(back['values'])}" if back and back["values"] else ""
    return (
        f"{', '.join(found['values']) or found['status']}, the service's own virtual address: none of the pods' "
        f"({', '.join(pods['addresses'])}){whose}."
    )


def individual_names(reading: Reading) -> str:
    named = [f for f in facts(reading, "lookup") if f["of"] in ("pod name", "bare pod name")]
    shaped_one = _at_service(reading, "headless", "address-shaped name")
    if not named or shaped_one is None or str(pods_have_no_name(reading).outcome) == "unknown":
        return ""
    statuses = sorted({f["status"] for f in named})
    return (
        f"No: all {len(named)} queries for a pod's name were answered with {' or '.join(statuses)}, behind the regular "
        f"and behind the headless service. What does resolve behind the headless one is {shaped_one['asked'].removeprefix('A ')} "
        f"({shaped_one['status']} {', '.join(shaped_one['values'])}), a name made of the pod's address; it is of no use to "
        "somebody who does not know the address already."
        if "NOERROR" not in statuses
        else f"Yes, unexpectedly: the queries gave {' and '.join(statuses)}."
    )


def specific_primary(reading: Reading) -> str:
    answered = fact(reading, "answered", phase="regular")
    if answered is None:
        return ""
    counts = ", ".join(f"{who} {n} times" for who, n in answered["answered"].items())
    return (
        f"Of {answered['connections']} connections to the service's one address {counts} answered: who answers is not the "
        "client's choice. A replica that must reach one certain primary cannot say so through such a service; it "
        "would write to, or copy from, whichever pod it is given."
    )


def headless_change(reading: Reading) -> str:
    one, many = _at_service(reading, "regular", "service"), _at_service(reading, "headless", "service")
    if regular_is_one_address(reading).outcome != "ok" or headless_is_every_pod(reading).outcome != "ok":
        return ""
    if one is None or many is None:
        return ""
    return (
        f"From {len(one['values'])} address ({', '.join(one['values'])}) to {len(many['values'])} "
        f"({', '.join(many['values'])}): the pods' own. {_srv_change(reading, many['values'])}"
    ).rstrip()


def _srv_change(reading: Reading, addresses: list[str]) -> str:
    """How the port's SRV records differ behind the two services; empty where not both were answered."""
    before, after = _at_service(reading, "regular", "port"), _at_service(reading, "headless", "port")
    if before is None or after is None or {before["status"], after["status"]} != {"NOERROR"}:
        return ""
    old, new = ([value.split(".")[0] for value in found["values"]] for found in (before, after))
    if set(old) == set(new):
        return f"The SRV record names the same targets as before: {', '.join(new)}."
    after_addresses = set(new) == {address.replace(".", "-") for address in addresses}
    named = ", named after the pods' addresses" if after_addresses else ""
    return f"The SRV record changed too: it named {', '.join(old)}, and now {', '.join(new)}{named}."


def several_addresses(reading: Reading) -> str:
    answered = fact(reading, "answered", phase="headless")
    if answered is None:
        return ""
    counts = ", ".join(f"{who} {n} times" for who, n in answered["answered"].items())
    named = fact(reading, "pods", phase="regular")
    pods = set(answered["answered"]) & set(named["names"] if named else ())
    varied = (
        ", so the server varied the order of its answers"
        if len(pods) > 1
        else "; that the order varies was not seen in this run"
    )
    return (
        "The client sees every member and can choose, connect to all, or go to the next when one fails, and no proxy is in "
        f"between. Here each of {answered['connections']} connections went to the first address of its own answer, and "
        f"{counts} answered{varied}."
    )


def not_sufficient(reading: Reading) -> str:
    swap, old = fact(reading, "replacement"), _at_service(reading, "replaced", "address-shaped name")
    whole = _at_service(reading, "replaced", "service")
    if swap is None or old is None or whole is None:
        return ""
    if replacement_is_another(reading).outcome != "ok":
        return "Here the replacement was not clearly another pod, so this run does not show it: see the verdicts."
    return (
        f"The addresses say that there are members, not which is which. Here {swap['deleted']} was deleted and came back as "
        f"{swap['successor']}: {swap['was_at']} became {swap['is_at']}, the service's answer became "
        f"{', '.join(whole['values'])}, and {old['asked'].removeprefix('A ')} turned {old['status']}. Nothing that a peer could have "
        "written down (name, address, DNS name) leads to the successor; a StatefulSet's pods keep name and DNS name."
    )


def headline(reading: Reading) -> str:
    one, many = _at_service(reading, "regular", "service"), _at_service(reading, "headless", "service")
    if one is None or many is None:
        return "The services were not both asked for, so nothing can be compared."
    where = "On the simulated cluster the" if reading.meta.simulated else "The"
    return (
        f"{where} regular service resolved to {len(one['values'])} address, the headless one to {len(many['values'])}; "
        "a Deployment's pod had a name of its own behind neither."
        if pods_have_no_name(reading).outcome == "ok"
        else f"{where} regular service resolved to {len(one['values'])} address, the headless one to {len(many['values'])}."
    )


experiment = Experiment(
    name="service-types",
    hypothesis=(
        "A regular service is one address, a headless one is the addresses of its pods; a Deployment's pods have names in "
        "neither, and nothing that identifies such a pod survives its replacement."
    ),
    checkers=(regular_is_one_address, headless_is_every_pod, pods_have_no_name, replacement_is_another),
    questions=(
        unit_question("service-ip", service_ip),
        unit_question("individual-names", individual_names),
        unit_question("specific-primary", specific_primary),
        unit_question("headless-change", headless_change),
        unit_question("several-addresses", several_addresses),
        unit_question("not-sufficient", not_sufficient),
    ),
    tables={
        "pods": "The Deployment's pods:",
        "replacement": "The replacement:",
        "lookup": "What DNS answered in each phase:",
        "answered": "Who answered over HTTP behind the service's name:",
    },
    headline=headline,
    timeout_s=240,
    duration_s=30,
    method=method,
)
