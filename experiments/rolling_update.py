"""How long is each pod away during a rolling update, in which order, and how many at once?"""

from chaos.experiment import (
    Bound,
    ClientView,
    Experiment,
    FaultWindow,
    Question,
    Reading,
    Run,
    UpdateTemplate,
    Verdict,
    Workload,
    at_most,
    client_views,
    combine,
    fact,
    first,
    most_missing,
    pod_steps,
    seconds,
)

from .shared.course import unit_question

STEADY_WITHIN_S = 60
UPDATED_WITHIN_S = 120
PODS = ("web-0", "web-1", "web-2")
PARTITION = 2
AT_ONCE = 2


async def method(run: Run) -> None:
    """Update all pods; then behind a partition; then, where the server keeps maxUnavailable, two at a time."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    async with run.inject(UpdateTemplate("web", run.target.pods, "one")):
        await run.steady_state(within_s=UPDATED_WITHIN_S)
    await strategy(run, {"partition": PARTITION})
    behind = run.target.pods[PARTITION:]
    kept = {pod.name: pod.uid for pod in run.target.pods[:PARTITION]}
    async with run.inject(UpdateTemplate("web", behind, "two")):
        await run.steady_state(within_s=UPDATED_WITHIN_S)
    now = {pod.name: pod.uid for pod in run.target.pods}
    run.mark("partition", partition=PARTITION, untouched=[name for name, uid in kept.items() if now.get(name) == uid])
    if await strategy(run, {"partition": 0, "maxUnavailable": AT_ONCE}):
        # Lifting the partition alone brings the pods behind it up to date, and that is not to mix with the update.
        await run.until("all pods are up to date", lambda: up_to_date(run), UPDATED_WITHIN_S)
        await run.steady_state(within_s=UPDATED_WITHIN_S)
        async with run.inject(UpdateTemplate("web", run.target.pods, "three")):
            await run.steady_state(within_s=UPDATED_WITHIN_S)


async def up_to_date(run: Run) -> bool:
    """Whether the controller has seen the newest spec, and every pod of it is Ready."""
    found = await run.objects.get("StatefulSet", "web") or {}
    status = found.get("status", {})
    seen = status.get("observedGeneration") == found.get("metadata", {}).get("generation")
    return bool(seen and status.get("updatedReplicas") == status.get("replicas") == status.get("readyReplicas"))


async def strategy(run: Run, rolling: dict[str, int]) -> bool:
    """Set the update strategy; whether the server kept all of it (it drops fields behind closed feature gates)."""
    patch = {"spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}}
    made = (await run.objects.patch("StatefulSet", "web", patch)).object
    found = made["spec"]["updateStrategy"].get("rollingUpdate") or {}
    kept = all(found.get(key) == value for key, value in rolling.items())
    run.mark("strategy", asked=rolling, found=found, kept=kept)
    return kept


def update(reading: Reading, number: int) -> FaultWindow | None:
    """The update of that number, if it was accepted."""
    return next(
        (f for f in reading.faults if f.trial == number and f.accepted_ns is not None and f.ended_ns is not None), None
    )


def order_of(reading: Reading, window: FaultWindow) -> list[str]:
    """The pods in the order in which they were terminated."""
    steps = pod_steps(reading, window.sent_ns, window.ended_ns)
    ending = [step for pod in PODS if (step := first(steps, "terminating", pod))]
    return [step.pod for step in sorted(ending, key=lambda step: step.at_ns)]


def one_after_the_other(reading: Reading) -> Verdict:
    """From the highest ordinal down, each only when the one before is Ready again."""
    window = update(reading, 1)
    name = "one-after-the-other"
    if window is None:
        return combine(name, failures=(), unknowns=("the update was not seen to its end",), success="", evidence=())
    order = order_of(reading, window)
    missing = most_missing(reading, PODS, window.sent_ns, window.ended_ns or 0)
    failures = []
    if order != sorted(PODS, reverse=True):
        failures.append(f"the order was {', '.join(order)}")
    if missing > 1:
        failures.append(f"{missing} pods were not Ready at once")
    success = f"The order was {', '.join(order)}, and at no time was more than one pod not Ready."
    return combine(name, failures=failures, unknowns=(), success=success, evidence=("events.jsonl",))


def partition_is_kept(reading: Reading) -> Verdict:
    """Pods below the partition keep their revision."""
    found = fact(reading, "partition")
    if found is None or update(reading, 2) is None:
        return combine("partition-is-kept", failures=(), unknowns=("it was not tried",), success="", evidence=())
    touched = [name for name in PODS[:PARTITION] if name not in found["untouched"]]
    failures = [f"{name} was replaced though its ordinal is below the partition" for name in touched]
    success = f"With partition {PARTITION} only {', '.join(PODS[PARTITION:])} was replaced; {' and '.join(found['untouched'])} stayed as they were."
    return combine("partition-is-kept", failures=failures, unknowns=(), success=success, evidence=())


def outages(reading: Reading, number: int) -> list[ClientView]:
    """What HTTP clients saw of each pod in one update."""
    return [
        v for v in client_views(reading) if v.trial.number == number and v.probe == "http" and v.outage_ns is not None
    ]


def per_pod(reading: Reading) -> str:
    window = update(reading, 1)
    if window is None:
        return ""
    rows = []
    for view in outages(reading, 1):
        bounds = view.outage_ns
        if bounds is not None:
            length = [Bound(bounds.after_ns, censored=True) if bounds.before_ns is None else Bound(bounds.before_ns)]
            rows.append(f"{view.trial.target.name} {at_most(length)}")
    whole = seconds((window.ended_ns or 0) - (window.accepted_ns or 0))
    missing = most_missing(reading, PODS, window.sent_ns, window.ended_ns or 0)
    return (
        f"Unreachable by name were {', '.join(rows) or 'none of them'}; the whole update, until everything was steady again, "
        f"took {whole}. The order was {', '.join(order_of(reading, window))}, and at most {missing} of {len(PODS)} pods "
        "was not Ready at a time. " + _at_once(reading)
    )


def _at_once(reading: Reading) -> str:
    tried = fact(reading, "strategy")
    if tried is None or "maxUnavailable" not in tried["asked"]:
        return "maxUnavailable was not tried."
    if not tried["kept"]:
        return "This server dropped maxUnavailable without a word (its feature gate is closed), so it updates one pod at a time whatever a manifest says."
    window = update(reading, 3)
    if window is None:
        return "maxUnavailable was kept, and that update was not seen to its end."
    missing = most_missing(reading, PODS, window.sent_ns, window.ended_ns or 0)
    return f"With maxUnavailable {AT_ONCE} up to {missing} were not Ready at once, and the update took {seconds((window.ended_ns or 0) - (window.accepted_ns or 0))}."


def update_without_downtime(reading: Reading) -> str:
    window = update(reading, 1)
    if window is None or one_after_the_other(reading).outcome != "ok":
        return ""
    lost = outages(reading, 1)
    partition = partition_is_kept(reading)
    if not lost:
        return ""
    names = sorted({view.trial.target.name for view in lost})
    all_of_them = names == list(PODS)
    which = (
        f"each of {len(PODS)} pods could not be reached by its own name for a while"
        if all_of_them
        else f"{' and '.join(names)} ({len(names)} of {len(PODS)} pods) could not be reached by name for a while"
    )
    return (
        "One pod at a time, and never before the last is Ready: that is what this server did, with the probes' own requests as its only load. "
        f"But {which}, so a client of one member, such as a primary, sees an outage{'' if all_of_them else ' there'}; it must move the role to another member first, or retry for that long. "
        + (
            f"A partition lets one member go first: {partition.summary[0].lower()}{partition.summary[1:]} "
            if partition.outcome == "ok"
            else ""
        )
        + "Readiness must mean that the member has caught up, since that is all that the controller waits for."
    )


def headline(reading: Reading) -> str:
    window = update(reading, 1)
    lengths = [bounds for view in outages(reading, 1) if (bounds := view.outage_ns) is not None]
    if window is None or not lengths:
        return "No update was seen in which a pod was unreachable by its name."
    where = "On the simulated cluster " if reading.meta.simulated else ""
    figures = [Bound(b.after_ns, censored=True) if b.before_ns is None else Bound(b.before_ns) for b in lengths]
    return f"{where}{len(lengths)} of {len(PODS)} pods were unreachable by their names during the rolling update, for {at_most(figures)}."


experiment = Experiment(
    name="rolling-update",
    hypothesis=(
        "A rolling update replaces one pod at a time from the highest ordinal down, keeps every identity, and stops at the "
        "partition."
    ),
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "address", "stream"),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
        "single-identity",
        one_after_the_other,
        partition_is_kept,
    ),
    questions=(
        unit_question("update-without-downtime", update_without_downtime),
        Question("update-per-pod", "How long is each pod away, in which order, and how many at once?", per_pod),
    ),
    headline=headline,
    uses=("patch statefulsets.apps",),
    tables={"strategy": "Update strategies that were set, and what the server kept:", "partition": "The partition:"},
    blast_radius=3,
    timeout_s=240,
    duration_s=60,
    method=method,
)
