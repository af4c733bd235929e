"""What still works, and what is the first sign, when a StatefulSet's serviceName or its service is broken?"""

from typing import Any

from chaos.experiment import (
    Experiment,
    Fact,
    Question,
    Reading,
    Run,
    Verdict,
    Workload,
    combine,
    fact,
    last_ns,
    ms,
    series_of,
    when,
)

from .shared.course import unit_question

STEADY_WITHIN_S = 60
# DNS follows the endpoints within milliseconds; so long each broken state is watched.
WATCH_S = 3.0
PODS = ("web-0", "web-1", "web-2")
RESTARTED = "web-1"
WRONG = "nope"
UNIT = "app=broken-network"


async def method(run: Run) -> None:
    """Break a healthy StatefulSet in six ways, look at what DNS still says, repair each, and prove the repair."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await look(run, "healthy")
    said = await run.objects.refused(run.objects.patch("StatefulSet", "web", {"spec": {"serviceName": WRONG}}))
    run.mark("refused", tried="patching serviceName", answer=said)

    await wrong_selector(run)
    await deleted_service(run)
    await second_service(run)
    await recreated_with_another_name(run)
    await the_units_own(run)


async def look(run: Run, phase: str) -> None:
    """What the cluster DNS address answers for each pod, for the service and for its port."""
    pods = {pod: (await run.resolve(f"{pod}.web")).status for pod in PODS}
    service, ports = await run.resolve("web"), await run.resolve("web", "SRV")
    run.mark(
        "names",
        phase=phase,
        pods=pods,
        service=service.status,
        addresses=len(service.values),
        srv_targets=[target.split(".")[0] for target in ports.values],
        ready=len(await run.pods_of("app=web-stateful")),
    )


async def step(run: Run, name: str, what: str) -> None:
    """Write down what is done now."""
    run.mark("step", of=name, step=what)


async def wrong_selector(run: Run) -> None:
    await step(run, "wrong selector", "broken")
    await run.objects.patch("Service", "web", {"spec": {"selector": {"app": "somebody-else"}}})
    await run.sleep(WATCH_S)
    await look(run, "wrong selector")
    await step(run, "wrong selector", "repaired")
    await run.objects.patch("Service", "web", {"spec": {"selector": {"app": "web-stateful"}}})
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await step(run, "wrong selector", "proved")


async def deleted_service(run: Run) -> None:
    service = await run.objects.get("Service", "web")
    await step(run, "deleted service", "broken")
    await run.objects.delete("Service", "web")
    await run.sleep(WATCH_S)
    await look(run, "deleted service")
    await step(run, "deleted service", "repaired")
    if service is not None:
        await run.objects.create(anew(service))
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await step(run, "deleted service", "proved")


async def second_service(run: Run) -> None:
    await run.apply("web-second.yaml")
    await run.sleep(WATCH_S)
    whole, single = await run.resolve("web-second"), await run.resolve(f"{RESTARTED}.web-second")
    run.mark(
        "second",
        service=whole.status,
        addresses=len(whole.values),
        pod_name=f"{RESTARTED}.web-second",
        pod=single.status,
    )
    await run.objects.delete("Service", "web-second")


async def recreated_with_another_name(run: Run) -> None:
    """Orphan-delete and recreate: the only way to another serviceName; then one pod restarts."""
    before = await run.objects.get("StatefulSet", "web")
    if before is None:
        return
    await step(run, "recreated", "broken")
    await recreate(run, before, WRONG)
    await run.sleep(WATCH_S)
    await look(run, "recreated, nothing restarted")
    await restart(run)
    await run.sleep(WATCH_S)
    await look(run, "recreated, one restarted")
    await subdomains(run, "recreated, one restarted")

    await step(run, "recreated", "repaired")
    await recreate(run, before, "web")
    await run.sleep(WATCH_S)
    await look(run, "put right, nothing restarted")
    await restart(run)
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await step(run, "recreated", "proved")
    await look(run, "put right, one restarted")


async def recreate(run: Run, before: dict[str, Any], service: str) -> None:
    """Delete the StatefulSet, leave its pods, and make it again with that serviceName."""
    await run.objects.delete("StatefulSet", "web", orphan=True)
    await run.until("the StatefulSet is gone", lambda: gone(run), STEADY_WITHIN_S)
    made = anew(before)
    made["spec"]["serviceName"] = service
    await run.objects.create(made)
    await run.until("its pods are adopted", lambda: adopted(run), STEADY_WITHIN_S)


async def gone(run: Run) -> bool:
    return await run.objects.get("StatefulSet", "web") is None


async def adopted(run: Run) -> bool:
    return len(run.target.pods) == len(PODS)


async def restart(run: Run) -> None:
    """Delete one pod and wait for its successor."""
    old = next(pod for pod in run.target.pods if pod.name == RESTARTED)
    await run.delete_pod(old)
    await run.until(f"{RESTARTED} is replaced", lambda: replaced(run, old.uid), STEADY_WITHIN_S)


async def replaced(run: Run, uid: str) -> bool:
    return any(pod.name == RESTARTED and pod.uid != uid for pod in await run.pods_of("app=web-stateful"))


async def subdomains(run: Run, phase: str) -> None:
    """What the pods themselves say: where the fault can be seen before it strikes."""
    found = {
        p["metadata"]["name"]: p["spec"].get("subdomain", "") for p in await run.objects.list("Pod", "app=web-stateful")
    }
    run.mark("subdomains", phase=phase, pods=dict(sorted(found.items())))


async def the_units_own(run: Run) -> None:
    """The unit's broken-network: everything about it looks right."""
    await run.apply("broken-network.yaml")
    pods = await run.ready_pods(UNIT, 2, within_s=STEADY_WITHIN_S)
    await run.sleep(WATCH_S)
    found = await run.objects.get("StatefulSet", "broken-network")
    name = await run.resolve("broken-network-0.nonexistent-service")
    service = await run.objects.get("Service", "nonexistent-service")
    status = (found or {}).get("status", {})
    run.mark(
        "broken-network",
        ready=len(pods),
        ready_replicas=status.get("readyReplicas", 0),
        replicas=status.get("replicas", 0),
        name=name.status,
        service="exists" if service else "does not exist",
    )


def anew(obj: dict[str, Any]) -> dict[str, Any]:
    """An object as it was once sent, without what the server has added."""
    meta = {key: obj["metadata"][key] for key in ("name", "namespace", "labels") if key in obj["metadata"]}
    spec = {key: value for key, value in obj["spec"].items() if key != "clusterIPs"}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta, "spec": spec}


# ---- what must hold ----


def names(reading: Reading, phase: str) -> Fact | None:
    return fact(reading, "names", phase=phase)


def presence(found: dict[str, str], wanted: str, where: str) -> tuple[list[str], list[str]]:
    """Names whose status is the opposite of the wanted one, and those of which nothing is known, such as TIMEOUT."""
    opposite = {"NXDOMAIN": "NOERROR", "NOERROR": "NXDOMAIN"}[wanted]
    failures = [f"{where}: {name} was {status}" for name, status in found.items() if status == opposite]
    unknowns = [f"{where}: {name} was {status}" for name, status in found.items() if status not in (wanted, opposite)]
    return failures, unknowns


def cannot_be_patched(reading: Reading) -> Verdict:
    """The API server refuses another serviceName."""
    tried = fact(reading, "refused")
    if tried is None:
        return combine("cannot-be-patched", failures=(), unknowns=("it was not tried",), success="", evidence=())
    refused = str(tried["answer"]).startswith("422")
    failures = [] if refused else [f"the answer was {tried['answer'] or 'yes'}"]
    return combine(
        "cannot-be-patched",
        failures=failures,
        unknowns=(),
        success="A patch of serviceName is refused (422).",
        evidence=(),
    )


def service_faults_show_at_once(reading: Reading) -> Verdict:
    """With a wrong selector or without its service every name is gone; with it they are back."""
    failures: list[str] = []
    unknowns: list[str] = []
    for kind in ("wrong selector", "deleted service"):
        found, proved = names(reading, kind), fact(reading, "step", of=kind, step="proved")
        if found is None:
            unknowns.append(f"{kind} was not tried")
            continue
        all_names = {f"{pod}.web": status for pod, status in found["pods"].items()} | {"web": found["service"]}
        gone, unsure = presence(all_names, "NXDOMAIN", kind)
        failures += gone
        unknowns += unsure
        failures += [] if proved else [f"{kind}: the repair was not seen to work"]
    success = "With a wrong selector and without the service every name was gone; after the repair everything was steady again, without a restart."
    return combine(
        "service-faults-show-at-once", failures=failures, unknowns=unknowns, success=success, evidence=("timeline.svg",)
    )


def recreation_is_latent(reading: Reading) -> Verdict:
    """Another serviceName breaks nothing until a pod restarts, and putting it right mends nothing until it restarts again."""
    phases = [
        ("recreated, nothing restarted", "NOERROR"),
        ("recreated, one restarted", "NXDOMAIN"),
        ("put right, nothing restarted", "NXDOMAIN"),
        ("put right, one restarted", "NOERROR"),
    ]
    failures: list[str] = []
    unknowns: list[str] = []
    for phase, expected in phases:
        found = names(reading, phase)
        if found is None:
            unknowns.append(f"{phase}: it did not come so far")
        else:
            for name, status, wanted in (
                (f"{RESTARTED}.web", found["pods"][RESTARTED], expected),
                ("web", found["service"], "NOERROR"),
            ):
                wrong, unsure = presence({name: status}, wanted, phase)
                failures += wrong
                unknowns += unsure
    others = [f for phase, _ in phases if (f := names(reading, phase))]
    failures += [
        f"{f['phase']}: the service had {f['addresses']} addresses"
        for f in others
        if f["service"] == "NOERROR" and f["addresses"] != len(PODS)
    ]
    success = (
        f"{RESTARTED}.web resolved until the pod restarted, and did not after the repair until it restarted again; the service's "
        "own name had all addresses all the time."
    )
    return combine(
        "recreation-is-latent", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",)
    )


def second_gives_no_names(reading: Reading) -> Verdict:
    """Only the governing service gives the pods names."""
    found = fact(reading, "second")
    if found is None:
        return combine("second-gives-no-names", failures=(), unknowns=("it was not tried",), success="", evidence=())
    failures, unknowns = presence({found["pod_name"]: found["pod"]}, "NXDOMAIN", "beside the governing service")
    whole, unsure = presence({"web-second": found["service"]}, "NOERROR", "beside the governing service")
    failures += whole
    unknowns += unsure
    if found["service"] == "NOERROR" and found["addresses"] != len(PODS):
        failures.append(f"web-second had {found['addresses']} addresses")
    success = (
        f"A second headless service had all {found['addresses']} addresses, and {found['pod_name']} was {found['pod']}."
    )
    return combine("second-gives-no-names", failures=failures, unknowns=unknowns, success=success, evidence=())


def broken_looks_healthy(reading: Reading) -> Verdict:
    """The unit's broken-network is Ready in every respect but DNS."""
    found = fact(reading, "broken-network")
    if found is None:
        return combine("broken-looks-healthy", failures=(), unknowns=("it was not tried",), success="", evidence=())
    failures = (
        [] if found["ready"] == found["replicas"] else [f"{found['ready']} of {found['replicas']} pods were Ready"]
    )
    wrong, unknowns = presence({"broken-network-0.nonexistent-service": found["name"]}, "NXDOMAIN", "its pod")
    failures += wrong
    unknowns += [] if found["replicas"] else ["it had no replicas"]
    success = f"{found['ready_replicas']} of {found['replicas']} pods Ready, and broken-network-0.nonexistent-service is {found['name']}."
    return combine("broken-looks-healthy", failures=failures, unknowns=unknowns, success=success, evidence=())


# ---- questions ----


def problems_identified(reading: Reading) -> str:
    found = fact(reading, "broken-network")
    if found is None or broken_looks_healthy(reading).outcome != "ok":
        return ""
    return (
        f"The StatefulSet names a service that {found['service']}. Nothing else shows it: {found['ready_replicas']} of {found['replicas']} "
        f"replicas are Ready, and only DNS tells, with {found['name']} for broken-network-0.nonexistent-service. "
        "`chaos diagnose` compares serviceName with the services that there are, and finds it before anybody asks for the name."
    )


def problems_fixed(reading: Reading) -> str:
    tried = fact(reading, "refused")
    late = names(reading, "put right, nothing restarted")
    proved = fact(reading, "step", of="recreated", step="proved")
    if tried is None or late is None or proved is None or cannot_be_patched(reading).outcome != "ok":
        return ""
    if service_faults_show_at_once(reading).outcome != "ok" or recreation_is_latent(reading).outcome != "ok":
        return ""
    return (
        "Best by creating the missing headless service under the name that the StatefulSet has: services can come and go, and here "
        "recreating a deleted one brought all names back without any restart. "
        f"The StatefulSet itself cannot be changed (a patch of serviceName was answered with {str(tried['answer']).split(':', maxsplit=1)[0]}): it must be "
        "deleted with its pods orphaned and made anew, and then each pod must restart: with the right name in place "
        f"{RESTARTED}.web was still {late['pods'][RESTARTED]} until {RESTARTED} had restarted."
    )


def first_sign(reading: Reading) -> str:
    parts = []
    views = {series.view for series in series_of(reading, "dns", f"A {RESTARTED}.web")}
    for kind in ("wrong selector", "deleted service"):
        began, mended = fact(reading, "step", of=kind, step="broken"), fact(reading, "step", of=kind, step="repaired")
        if began is None or mended is None:
            continue
        left = when(reading, f"A {RESTARTED}.web", "NXDOMAIN", began.at_ns, mended.at_ns)
        came = when(reading, f"A {RESTARTED}.web", "NOERROR", mended.at_ns)
        lost, back = last_ns(left, began.at_ns), last_ns(came, mended.at_ns)
        if lost is not None and back is not None and left.keys() == came.keys() == views:
            parts.append(
                f"{kind}: {RESTARTED}.web was gone from every view after {ms(lost)}, and back {ms(back)} after the repair"
            )
    latent = names(reading, "recreated, one restarted")
    if len(parts) < 2 or latent is None or recreation_is_latent(reading).outcome != "ok":  # noqa: PLR2004 - both
        return ""
    odd = [target for target in latent["srv_targets"] if target not in PODS]
    said = fact(reading, "subdomains")
    return (
        f"{'; '.join(parts)}. Recreated with another serviceName: its names resolved as before until {RESTARTED} restarted; then {RESTARTED}.web was "
        f"{latent['pods'][RESTARTED]} while the service's name still had {latent['addresses']} addresses, so a check of that name alone sees "
        f"nothing. What gives it away: an SRV target that is no pod's name ({', '.join(odd) or 'none was seen here'}), and pods whose "
        f"subdomain differs from serviceName ({', '.join(f'{pod}: {sub}' for pod, sub in said['pods'].items()) if said else 'not looked at'})."
    )


def headline(reading: Reading) -> str:
    verdict = recreation_is_latent(reading)
    if verdict.outcome != "ok":
        return "Whether a changed serviceName breaks at once or later was not clearly seen; see the verdicts."
    where = "On the simulated cluster a" if reading.meta.simulated else "A"
    return f"{where} changed serviceName broke nothing until a pod restarted, and putting it right mended nothing until it restarted again."


experiment = Experiment(
    name="broken-servicename",
    hypothesis=(
        "A broken serviceName shows in DNS only, and late: pods look healthy, the service's own name goes on resolving, and "
        "both the fault and its repair wait for the next restart; a broken service shows, and heals, at once."
    ),
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
    tables={
        "step": "What was done:",
        "refused": "What the API server refused:",
        "names": "What DNS answered in each state:",
        "second": "The second headless service:",
        "subdomains": "The subdomain of each pod:",
        "broken-network": "The unit's broken-network:",
    },
    headline=headline,
    uses=("patch services", "patch statefulsets.apps"),
    timeout_s=180,
    duration_s=60,
    method=method,
)
