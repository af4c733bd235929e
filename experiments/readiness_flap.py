"""What happens to a pod's names and clients when it turns unready and ready again without dying?"""

from collections.abc import Iterator
from functools import partial

from chaos.experiment import *

PODS = "app=gated"
FLAPPING, STEADY = "gated-1", "gated-0"
FLAPS = 3
NS_PER_S = 1_000_000_000
PORT = 80
RECORD = f"A {FLAPPING}.gated"


class Flapping(Note):
    """The pod, and the addresses of both."""

    pod: str
    address: str
    uid: str
    both: tuple[str, ...]


class After(Note):
    """Ready pods at the end, and the UID of the pod that turned unready and ready."""

    pods: tuple[str, ...]
    uid: str


async def method(run: Run) -> None:
    """Turn one of two pods unready and ready again, three times; ask and connect by name and by address meanwhile."""
    await run.apply("web-gated.yaml")
    pods = await run.until("both pods run", partial(running, run), 60)
    if not pods:
        return
    for pod in pods:
        async with run.inject(SetReadiness(pod, ready=True)):
            pass
    await run.ready_pods(PODS, 2, within_s=60)
    for name in (f"{FLAPPING}.gated", f"{STEADY}.gated", "gated", "gated-always"):
        run.watch_name(name)
    flapping = next(pod for pod in pods if pod.name == FLAPPING)
    run.watch_clients("http", f"{FLAPPING}.gated", PORT, pod=FLAPPING)
    run.watch_clients("http", flapping.address, PORT, pod=FLAPPING)
    await run.sleep(2.0)
    run.note(Flapping(FLAPPING, flapping.address, flapping.uid, tuple(pod.address for pod in pods)))
    for ready in (False, True) * FLAPS:
        async with run.inject(SetReadiness(flapping, ready=ready)):
            await run.sleep(3.0)
    uids = {pod.name: pod.uid for pod in await run.objects.pods(PODS, ready=False)}
    run.note(After(tuple(pod.name for pod in await run.pods_of(PODS)), uids.get(FLAPPING, "")))


async def running(run: Run) -> tuple[PodIdentity, ...] | None:
    """The pods that have an address; their gate is not yet set, so they are not Ready."""
    found = await run.objects.pods(PODS, ready=False)
    return found if len(found) == 2 else None  # noqa: PLR2004 - replicas


def flapping(reading: Reading) -> Flapping:
    return note(reading, Flapping, "the pod was not turned unready")


def flaps(reading: Reading) -> list[tuple[str, str, FaultWindow, int]]:
    """Each change of the flapping pod, without what made both Ready at all: status and address that are due, it, its end."""
    pod = flapping(reading)
    due = {"make-unready": ("NXDOMAIN", ""), "make-ready": ("NOERROR", pod.address)}
    made = [f for f in reading.faults if f.fault in due and f.accepted_ns is not None and f.sent_ns >= pod.at_ns]
    found = [(*due[f.fault], f, f.ended_ns) for f in made if f.ended_ns is not None]
    need(len(found) == 2 * FLAPS, "not every flap was carried out")
    return found


def span(reading: Reading) -> tuple[int, int]:
    """From the first flap's request to the end of the last one."""
    return flaps(reading)[0][2].sent_ns, flaps(reading)[-1][3]


@checker("report.md: Measured")
def record_follows_readiness(reading: Reading) -> Iterator[Finding]:
    """The pod's name goes when it turns unready, and comes back, with the same address, when it turns ready."""
    for status, value, window, to_ns in flaps(reading):
        yield from turned(reading, RECORD, status, window.sent_ns, to_ns, value=value)
    gone, back = lags(reading)
    yield holds(f"In {out_of(FLAPS, FLAPS, 'flap')} every view denied the name {gone} after the pod turned unready.")
    yield holds(f"Every view had it again {back} after the pod turned ready.")


def lags(reading: Reading) -> tuple[str, str]:
    """The longest time until every view's answer followed: to unready, and to ready."""
    lags_ns: dict[str, list[int]] = {"NXDOMAIN": [], "NOERROR": []}
    for status, value, window, to_ns in flaps(reading):
        at_ns = all_turned_ns(reading, RECORD, status, window.sent_ns, to_ns, value=value)
        lags_ns[status].append(at_ns - accepted_ns(window))
    return at_most_ms(max(lags_ns["NXDOMAIN"])), at_most_ms(max(lags_ns["NOERROR"]))


@checker("report.md: Measured")
def others_stay(reading: Reading) -> Iterator[Finding]:
    """The other pod's name, and the addresses of the service that publishes unready ones, never change."""
    both, mine = flapping(reading).both, flapping(reading).address
    yield from unchanged(reading, f"A {STEADY}.gated", *span(reading), values=tuple(a for a in both if a != mine))
    yield from unchanged(reading, "A gated-always", *span(reading), values=both)
    yield holds(f"{STEADY}.gated and gated-always (publishNotReadyAddresses) never changed their answers at any view.")


@checker("report.md: Measured")
def pod_lives_on(reading: Reading) -> Iterator[Finding]:
    """It is the same pod throughout, and answers at its address also while it has no name."""
    began, after = flapping(reading), note(reading, After, "the method was not carried through")
    record = f"{began.address}:{PORT}"
    asked = [s.outcome for s in reading.sampled(*span(reading), probe="http", record=record)]
    need(asked, "its address was not asked")
    if after.uid != began.uid:
        yield against("another pod has its name now" if after.uid else "no pod of its name runs any more")
    for one in asked:
        if one.says_something and one.status != "OK":
            yield against(f"a connection to its address failed: {one.told}")
        elif one.status == "OK" and one.values not in ((), (FLAPPING,)):
            yield against(f"{', '.join(one.values)} answered at its address")
    shortest_s = min(to_ns - window.sent_ns for _, _, window, to_ns in flaps(reading)) / NS_PER_S
    if uncovered(reading, record, *span(reading), probe="http", limit_s=shortest_s):
        yield unsure("its address could not be heard all the time")
    answered = out_of(sum(one.status == "OK" for one in asked), len(asked), "connection")
    yield holds(f"It is the same pod. {answered} to its address were answered, with a name and without; none failed.")


def what_it_does(reading: Reading) -> Iterator[str]:
    held(reading, record_follows_readiness)
    gone, back = lags(reading)
    yield f"Its name was NXDOMAIN {gone} after it turned unready, and back {back} after it turned ready."
    yield "It answered at its address all the time." if pod_lives_on(reading).outcome == "ok" else ""
    for what, due in (("not Ready", "NXDOMAIN"), ("Ready", "NOERROR")):
        times = [(window.sent_ns, to_ns) for status, _, window, to_ns in flaps(reading) if status == due]
        record = f"{FLAPPING}.gated:{PORT}"
        asked = [s.outcome for one in times for s in reading.sampled(*one, probe="http", record=record)]
        need(asked, f"nobody connected by its name while it was {what}")
        lost = [one for one in asked if one.status != "OK"]
        how = f", with {' or '.join(sorted({f'{one.status} (phase {one.phase})' for one in lost}))}" if lost else ""
        yield f"While it was {what}, {out_of(len(lost), len(asked), 'connection')} by name failed{how}."
    yield "To a client by name, a member whose readiness probe fails looks like a dead one."
    yield from if_held(reading, others_stay)
    yield "gated-always governs no set here. Peers that must find each other by name before they are Ready need publishNotReadyAddresses on their governing service; that was not tried. Here the condition was set directly. A readiness probe adds its own delay: between failureThreshold - 1 and failureThreshold times periodSeconds, and up to timeoutSeconds. On the way back successThreshold takes failureThreshold's place."


def headline(reading: Reading) -> str:
    held(reading, record_follows_readiness)
    alive = ", though it lived and answered at its address" if pod_lives_on(reading).outcome == "ok" else ""
    return f"A pod lost its DNS name {lags(reading)[0]} after it turned unready{alive}."


experiment = Experiment(
    name="readiness-flap",
    hypothesis="The name of a pod that stays follows its readiness: it goes when the pod turns unready, though the pod lives and answers, and comes back when it turns ready.",
    checkers=(record_follows_readiness, others_stay, pod_lives_on),
    questions=(
        Question("flapping", "What do names and clients see of a pod that turns unready without dying?", what_it_does),
    ),
    watched_names=4,
    tables=(Flapping, After, Waited),
    headline=headline,
    uses=("patch pods/status",),
    timeout_s=180,
    duration_s=40,
    method=method,
    options=("period", "connect-period", "max-qps"),
)
