"""What happens to a pod's names and clients when it turns unready and ready again without dying?"""

from chaos.experiment import (
    Experiment,
    FaultWindow,
    PodIdentity,
    Question,
    Reading,
    Run,
    SetReadiness,
    Verdict,
    combine,
    fact,
    last_ns,
    ms,
    series_of,
    transitions,
    when,
)

PODS = "app=gated"
FLAPPING, STEADY = "gated-1", "gated-0"
RUNNING_WITHIN_S = 60
SETTLE_S = 2.0
# So long it stays unready.
UNREADY_S = 3.0
FLAPS = 3
PORT = 80
RECORD = f"A {FLAPPING}.gated"


async def method(run: Run) -> None:
    """Turn one of two pods unready and ready again, three times; ask and connect by name and by address meanwhile."""
    await run.apply("web-gated.yaml")
    pods = await run.until("both pods run", lambda: running(run), RUNNING_WITHIN_S)
    if not pods:
        run.mark("not-running", within_s=RUNNING_WITHIN_S)
        return
    for pod in pods:
        async with run.inject(SetReadiness(pod, ready=True)):
            pass
    await run.ready_pods(PODS, 2, within_s=RUNNING_WITHIN_S)
    for name in (f"{FLAPPING}.gated", f"{STEADY}.gated", "gated", "gated-always"):
        run.watch_name(name)
    flapping = next(pod for pod in pods if pod.name == FLAPPING)
    run.watch_clients("http", f"{FLAPPING}.gated", PORT, pod=FLAPPING)
    run.watch_clients("http", flapping.address, PORT, pod=FLAPPING)
    run.mark("flapping", pod=FLAPPING, address=flapping.address, uid=flapping.uid)
    await run.sleep(SETTLE_S)
    for _ in range(FLAPS):
        async with run.inject(SetReadiness(flapping, ready=False)):
            await run.sleep(UNREADY_S)
        async with run.inject(SetReadiness(flapping, ready=True)):
            await run.sleep(UNREADY_S)
    after = await run.pods_of(PODS)
    run.mark("after", pods=[pod.name for pod in after], same=flapping.uid in {pod.uid for pod in after})


async def running(run: Run) -> tuple[PodIdentity, ...] | None:
    """The pods that have an address; their gate is not yet set, so they are not Ready."""
    found = await run.objects.pods(PODS, ready=False)
    return found if len(found) == 2 else None  # noqa: PLR2004 - replicas


def flaps(reading: Reading, fault: str) -> list[FaultWindow]:
    """The accepted changes of that kind to the flapping pod, without the first one that made it Ready at all."""
    began = fact(reading, "flapping")
    if began is None:
        return []
    return [f for f in reading.faults if f.fault == fault and f.accepted_ns is not None and f.sent_ns > began.at_ns]


def lags(reading: Reading, fault: str, status: str) -> list[int | None]:
    """After each flap: until every view's answer for the pod's name had that status; None where one never had."""
    views = {s.view for s in series_of(reading, "dns", RECORD)}
    found: list[int | None] = []
    for window in flaps(reading, fault):
        at = when(reading, RECORD, status, window.sent_ns, window.ended_ns)
        found.append(last_ns(at, window.accepted_ns or 0) if views and at.keys() == views else None)
    return found


def record_follows_readiness(reading: Reading) -> Verdict:
    """The pod's name goes when it turns unready, and comes back, with the same address, when it turns ready."""
    gone, back = lags(reading, "make-unready", "NXDOMAIN"), lags(reading, "make-ready", "NOERROR")
    failures = [f"flap {n}: the name did not vanish from every view" for n, lag in enumerate(gone, 1) if lag is None]
    failures += [f"flap {n}: the name did not come back in every view" for n, lag in enumerate(back, 1) if lag is None]
    unknowns = [] if len(gone) == len(back) == FLAPS else ["not every flap was carried out"]
    success = f"In {len(gone)} of {FLAPS} flaps the name vanished after at most {_most(gone)} and was back after at most {_most(back)}, in every view."
    return combine(
        "record-follows-readiness",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def _most(found: list[int | None]) -> str:
    known = [lag for lag in found if lag is not None]
    return ms(max(known)) if known else "an unmeasured time"


def others_stay(reading: Reading) -> Verdict:
    """The other pod's name, and the addresses of the service that publishes unready ones, never change."""
    failures, unknowns = [], []
    for record, what in (
        (f"A {STEADY}.gated", "the other pod's name"),
        ("A gated-always", "the publishing service's answer"),
    ):
        watched = series_of(reading, "dns", record)
        unknowns += [] if watched else [f"{record} was not asked for"]
        changed = [s.view for s in watched if len(transitions(reading, s)) != 1]
        failures += [f"{what} changed at {', '.join(changed)}"] if changed else []
    unknowns += [] if len(flaps(reading, "make-unready")) == FLAPS else ["not every flap was carried out"]
    success = (
        f"{STEADY}.gated and gated-always (publishNotReadyAddresses) gave the same answers throughout, at every view."
    )
    return combine(
        "others-stay", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",)
    )


def pod_lives_on(reading: Reading) -> Verdict:
    """It is the same pod throughout, and answers at its address also while it has no name."""
    after, began = fact(reading, "after"), fact(reading, "flapping")
    if after is None or began is None:
        return combine(
            "pod-lives-on", failures=(), unknowns=("the method was not carried through",), success="", evidence=()
        )
    by_address = series_of(reading, "http", f"{began['address']}:{PORT}")
    failed = sum(o.outcome.status != "OK" for s in by_address for o in reading.samples(s))
    asked = sum(reading.count(s) for s in by_address)
    failures = [] if after["same"] else ["another pod has its name now"]
    failures += [f"{failed} of {asked} connections to its address failed"] if failed else []
    unknowns = [] if asked else ["its address was not asked"]
    success = f"It is the same pod, and all {asked} connections to its address were answered, while it had a name and while it had none."
    return combine(
        "pod-lives-on", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",)
    )


def what_flapping_does(reading: Reading) -> str:
    gone, back = lags(reading, "make-unready", "NXDOMAIN"), lags(reading, "make-ready", "NOERROR")
    by_name = series_of(reading, "http", f"{FLAPPING}.gated:{PORT}")
    outcomes = [o.outcome for s in by_name for o in reading.samples(s)]
    if None in gone or None in back or not gone or not outcomes:
        return ""
    lost = [o for o in outcomes if o.status != "OK"]
    how = sorted({f"{o.status} (phase {o.phase})" for o in lost})
    return (
        f"Its own name was NXDOMAIN {_most(gone)} after it turned unready, at most, and back {_most(back)} after it turned ready, "
        f"while nothing of it had died: {len(lost)} of {len(outcomes)} connections by name failed"
        f"{', with ' + ' or '.join(how) if how else ''}. To a client that finds a database by its pod's name, an overloaded member "
        "whose readiness probe fails looks exactly like a dead one. A governing service with "
        "publishNotReadyAddresses keeps such names (peers that must find each other before they are ready need it); the "
        "service gated-always here kept both addresses throughout"
        + (" in every answer." if others_stay(reading).outcome == "ok" else ", as far as the verdicts say.")
        + " A readiness probe adds its own delay of periodSeconds times failureThreshold; here the condition was set directly."
    )


def headline(reading: Reading) -> str:
    gone = lags(reading, "make-unready", "NXDOMAIN")
    if not gone or None in gone:
        return "The name was not seen to follow readiness in every flap."
    where = "On the simulated cluster a" if reading.meta.simulated else "A"
    return f"{where} pod that turned unready lost its DNS name within {_most(gone)}, though it lived and answered at its address."


experiment = Experiment(
    name="readiness-flap",
    hypothesis=(
        "A pod's name follows its readiness and nothing else: it goes when the pod turns unready, though the pod lives and "
        "answers, and comes back when it turns ready."
    ),
    checkers=(record_follows_readiness, others_stay, pod_lives_on),
    questions=(
        Question(
            "flapping", "What do names and clients see of a pod that turns unready without dying?", what_flapping_does
        ),
    ),
    watched_names=4,
    tables={"flapping": "The pod:", "after": "Ready pods at the end:"},
    headline=headline,
    uses=("patch pods/status",),
    timeout_s=180,
    duration_s=40,
    method=method,
)
