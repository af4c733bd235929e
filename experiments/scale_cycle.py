"""What goes and what comes back when a StatefulSet is scaled from three to one and to three again?"""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import NamedTuple

from chaos.experiment import *

from .shared.course import unit_question

STEADY_WITHIN_S = 60
GONE_WITHIN_S = 120
# So long the pods stay away, so that late answers can be seen.
AWAY_S = 3.0
LEFT = "web-0"
REMOVED = ("web-2", "web-1")
CLAIMS = tuple(f"data-{pod}" for pod in (LEFT, *REMOVED))
PHASES = ("before", "scaled down", "after")


class Claim(Note):
    """Volume claims."""

    phase: str
    claim: str
    uid: str
    volume: str


async def method(run: Run) -> None:
    """Scale down, wait until pods and names are gone, scale up, wait until all is right; compare the volumes."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await claims(run, PHASES[0])
    going = tuple(pod for name in REMOVED for pod in run.target.pods if pod.name == name)
    async with run.inject(Scale("web", 1, removed=going)):
        await run.until("the removed pods are gone", partial(only_one, run), GONE_WITHIN_S)
        await run.sleep(AWAY_S)
    await claims(run, PHASES[1])
    async with run.inject(Scale("web", 3)):
        await run.steady_state(within_s=STEADY_WITHIN_S)
    await claims(run, PHASES[2])


async def only_one(run: Run) -> bool:
    return [pod.name for pod in run.target.pods] == [LEFT]


async def claims(run: Run, phase: str) -> None:
    """Write down the volume claims as they are, with the UIDs by which a claim made anew differs; empty: there is none."""
    found = {claim["metadata"]["name"]: claim for claim in await run.objects.list("PersistentVolumeClaim")}
    for name in CLAIMS:
        claim = found.get(name, {"metadata": {"uid": ""}, "spec": {}})
        run.note(Claim(phase, name, claim["metadata"]["uid"], claim["spec"].get("volumeName", "")))


def windows(reading: Reading) -> tuple[FaultWindow, FaultWindow]:
    """The scaling down and the scaling up."""
    found = [fault for fault in reading.faults if fault.accepted_ns is not None and fault.ended_ns is not None]
    need(len(found) == 2, "it was not scaled down and up")  # noqa: PLR2004 - down and up
    return found[0], found[1]


def spans(reading: Reading) -> tuple[tuple[int, int], tuple[int, int]]:
    """The time in which the pods went and were away, and the one in which they came back."""
    down, up = windows(reading)
    return (down.sent_ns, up.sent_ns), (up.sent_ns, known(up.ended_ns, ""))


@checker("events.jsonl")
def order_is_kept(reading: Reading) -> Iterator[Finding]:
    """Down from the highest ordinal, up from the lowest, each only when the one before is done."""
    down, up = windows(reading)
    pods_were_watched(reading, down.sent_ns, known(up.ended_ns, ""))

    def at_ns(what: str, pod: str, window: FaultWindow) -> int:
        return known(step(reading, what, pod, window.sent_ns), "not every step was seen by the watch").at_ns

    going_ns, gone_ns = at_ns("terminating", "web-2", down), at_ns("gone", "web-2", down)
    next_ns = at_ns("terminating", "web-1", down)
    ready_ns, created_ns = at_ns("ready", "web-1", up), at_ns("created", "web-2", up)
    if next_ns < gone_ns:
        yield against("web-1 was terminated before web-2 was gone")
    if created_ns < ready_ns:
        yield against("web-2 was created before web-1 was Ready")
    yield holds(f"Down: web-2 was seen to go {ms(gone_ns - going_ns)} after it was seen to terminate; then web-1 was.")
    up_ns = ready_ns - accepted_ns(up)
    yield holds(f"Up: web-1 was Ready {at_most_ns(up_ns)} after the scaling; then web-2 was created.")


@checker("timeline.svg")
def names_go_and_come_back(reading: Reading) -> Iterator[Finding]:
    """In every view the removed pods' names vanish and come back; the one that stays is never lost."""
    going, coming = spans(reading)
    for pod in REMOVED:
        yield from turned(reading, f"A {pod}.web", "NXDOMAIN", *going)
        yield from turned(reading, f"A {pod}.web", "NOERROR", *coming, value=new_address(reading, pod))
    yield from unchanged(reading, f"A {LEFT}.web", going[0], coming[1])
    names, at = " and ".join(REMOVED), count(len(views(reading)), "view")
    yield holds(f"The names of {names} went and came back at each of {at}. {LEFT}.web never changed.")


def new_address(reading: Reading, pod: str) -> str:
    """That a pod had when it was Ready again; empty where it was not seen to be."""
    ready = step(reading, "ready", pod, spans(reading)[1][0])
    return ready.address if ready else ""


@checker("report.md: Measured")
def volumes_are_kept(reading: Reading) -> Iterator[Finding]:
    """The same claims with the same volumes before, in between and after, by the claims' UIDs and the volumes' names."""
    rows = {phase: {row.claim: row for row in notes(reading, Claim, phase=phase)} for phase in PHASES}
    for phase, found in rows.items():
        need(found, f"no claim was seen {phase}")
    for name, old in rows[PHASES[0]].items():
        if not (old.uid and old.volume):
            yield unsure(f"{name} had no volume")
            continue
        for phase in PHASES[1:]:
            new = known(rows[phase].get(name), f"{name} was not looked at {phase}")
            if (new.uid, new.volume) != (old.uid, old.volume):
                yield against(f"{name} is {'not the same' if new.uid else 'gone'} {phase}")
    kept = count(len(rows[PHASES[0]]), "claim")
    yield holds(f"All {kept} kept their UIDs and volumes while {count(len(REMOVED), 'pod')} were away.")


def scaling_challenges(reading: Reading) -> Iterator[str]:
    held(reading, order_is_kept)
    (down, up), (going, coming) = windows(reading), spans(reading)
    yield "Members are not interchangeable: with podManagementPolicy OrderedReady, the default, they go and come one by one in a fixed order, as here."
    for pod in REMOVED:
        gone_ns = all_turned_ns(reading, f"A {pod}.web", "NXDOMAIN", *going)
        back_ns = all_turned_ns(reading, f"A {pod}.web", "NOERROR", *coming, value=new_address(reading, pod))
        yield f"{pod}.web was gone from every view {at_most_ms(gone_ns - accepted_ns(down))} after the scaling down. It was in every view {at_most_ms(back_ns - accepted_ns(up))} after the scaling up."
    yield from if_held(reading, volumes_are_kept)
    yield from where_measured(retention, reading)
    yield from if_held(reading, gone_stays_gone)
    yield "Kubernetes removes the highest ordinals. A pod gets SIGTERM, which does not say that its removal is for good: move quorum, replicas and shards first."


def retention(reading: Reading) -> str:
    """What decides whether scaling down deletes claims, as the StatefulSet has it."""
    sets = [e.object for e in reading.events if e.kind == "StatefulSet" and e.name == "web"]
    need(sets, "the StatefulSet was not seen")
    policy = (sets[-1]["spec"].get("persistentVolumeClaimRetentionPolicy") or {}).get("whenScaled", "Retain")
    return f"The set's persistentVolumeClaimRetentionPolicy decides that: here whenScaled is {policy}."


class Late(NamedTuple):
    """What one view said of a removed pod's name after its first NXDOMAIN anywhere, up to the scaling up."""

    pod: str
    view: str
    first_ns: int  # receipt of that NXDOMAIN
    own_ns: int | None  # receipt of the view's own first one
    said: list[Sample]
    old: list[Sample]  # of these answers, those with the old address


def late_answers(reading: Reading) -> Iterator[Late]:
    """Of each removed pod's name at each view; at least one of them said that it was gone."""
    for pod in REMOVED:
        said = heard(reading, f"A {pod}.web", *spans(reading)[0])
        gone = {v: [s.received_ns for s in found if s.outcome.status == "NXDOMAIN"] for v, found in said.items()}
        first_ns = known(min(chain(*gone.values()), default=None), f"no server said that {pod} was gone")
        address = next(p.address for p in windows(reading)[0].targets if p.name == pod)
        for view, found in said.items():
            late = [s for s in found if s.sent_ns > first_ns]
            old = [s for s in late if address in s.outcome.values]
            yield Late(pod, view, first_ns, min(gone[view], default=None), late, old)


@checker("timeline.svg")
def gone_stays_gone(reading: Reading) -> Iterator[Finding]:
    """A DNS server that has said NXDOMAIN does not give the old address again while the pod is away."""
    direct = [one for one in late_answers(reading) if one.view != SERVICE_VIEW]
    need(direct, "no single server was asked")
    for one in direct:
        if one.view in deaf(reading, f"A {one.pod}.web", one.first_ns, spans(reading)[0][1]):
            yield unsure(f"{one.view} could not be heard about {one.pod} all the time")
        if one.own_ns is None:
            yield unsure(f"{one.view} did not say that {one.pod} was gone")
        elif again := sum(s.sent_ns > one.own_ns for s in one.old):
            yield against(f"{one.view} gave the address of {one.pod} again {count(again, 'time')} after NXDOMAIN")
    said, late_ns = (
        sum(len(one.said) for one in direct),
        [s.received_ns - one.first_ns for one in direct for s in one.old],
    )
    last = (
        f", from a server that had not said so yet, {'the last ' * (len(late_ns) > 1)}{at_most_ms(max(late_ns))} after that"
        if late_ns
        else ""
    )
    if late_ns:  # else the next sentence says it already
        yield holds("No DNS server gave a removed pod's address again after its own NXDOMAIN.")
    yield holds(
        f"After a name's first NXDOMAIN at any view {out_of(len(late_ns), said, 'answer')} of the single servers gave the old address{last}."
    )


def backup_differs(reading: Reading) -> Iterator[str]:
    held(reading, volumes_are_kept)
    for pod in REMOVED:
        need(used_claims(reading, pod) == [f"data-{pod}"], f"{pod} was not seen to use the claim of its name again")
    yield f"A stateless pod's backup is its manifest. Here each of {count(len(CLAIMS), 'member')} has a volume of its own."
    yield f"{' and '.join(f'data-{pod}' for pod in REMOVED)} stayed bound to the same volumes while their pods did not exist. Each pod came back with the claim of its own name."
    yield "So back up each member under its own name. The copies must fit each other (one moment, or one position of the replication), which takes the application's own tools."
    yield "A restore fills the claim data-NAME-N before pod N starts. A kept volume is no backup: what is deleted or damaged on it stays so. This run took and restored no backup."


def used_claims(reading: Reading, pod: str) -> list[str]:
    """The claims that a pod of that name used last, by its object."""
    since_ns = spans(reading)[1][0]
    seen = [e.object for e in reading.events if e.kind == "Pod" and e.name == pod and e.at_ns > since_ns]
    volumes = (seen[-1].get("spec") or {}).get("volumes") or [] if seen else []
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]


def headline(reading: Reading) -> str:
    held(reading, order_is_kept)
    down, up = windows(reading)
    gone = known(step(reading, "gone", "web-1", down.sent_ns), "web-1 was not seen to go")
    back = known(step(reading, "ready", "web-2", up.sent_ns), "web-2 was not seen to come back")
    went, came = at_most_ms(gone.at_ns - accepted_ns(down)), at_most_ms(back.at_ns - accepted_ns(up))
    return f"Two of three pods were gone {went} after the scaling down, and Ready again {came} after the scaling up."


experiment = Experiment(
    name="scale-cycle",
    hypothesis="Scaling a StatefulSet down and up removes and returns its pods in order, with the same names and volumes, and never touches those that stay.",
    workload=Workload(manifests=("web-volumes.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "http"),
    checkers=("steady-state", order_is_kept, names_go_and_come_back, gone_stays_gone, volumes_are_kept),
    questions=(
        unit_question("scaling-challenges", scaling_challenges),
        unit_question("backup-differs", backup_differs),
    ),
    tables=(Claim, Waited),
    headline=headline,
    uses=("patch statefulsets.apps",),
    blast_radius=2,
    timeout_s=240,
    duration_s=40,
    method=method,
)
