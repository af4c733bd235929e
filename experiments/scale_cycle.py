"""What goes and what comes back when a StatefulSet is scaled from three to one and to three again?"""

from dataclasses import dataclass

from chaos.analysis.records import SERVICE_VIEW
from chaos.analysis.transitions import tells
from chaos.experiment import (
    Experiment,
    Fact,
    FaultWindow,
    History,
    Run,
    Scale,
    Verdict,
    Workload,
    combine,
    facts,
    first,
    last_ns,
    ms,
    pod_steps,
    seconds,
    series_of,
    unit_question,
    when,
)
from chaos.model.series import Observation

STEADY_WITHIN_S = 60
GONE_WITHIN_S = 120
# So long the pods stay away, so that late answers can be seen.
AWAY_S = 3.0
LEFT = "web-0"
REMOVED = ("web-2", "web-1")


async def method(run: Run) -> None:
    """Scale down, wait until pods and names are gone, scale up, wait until all is right; compare the volumes."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    await claims(run, "before")
    going = tuple(pod for name in REMOVED for pod in run.target.pods if pod.name == name)
    async with run.inject(Scale("web", 1, removed=going)):
        await run.until("the removed pods are gone", lambda: only_one(run), GONE_WITHIN_S)
        await run.sleep(AWAY_S)
    await claims(run, "scaled down")
    async with run.inject(Scale("web", 3)):
        await run.steady_state(within_s=STEADY_WITHIN_S)
    await claims(run, "after")


async def only_one(run: Run) -> bool:
    return [pod.name for pod in run.target.pods] == [LEFT]


async def claims(run: Run, phase: str) -> None:
    """Write down the volume claims as they are."""
    for claim in await run.objects.list("PersistentVolumeClaim"):
        meta = claim["metadata"]
        volume = claim["spec"].get("volumeName", "")
        run.mark("claim", phase=phase, claim=meta["name"], uid=meta["uid"], volume=volume)


def windows(history: History) -> tuple[FaultWindow, FaultWindow] | None:
    """The scaling down and the scaling up; None unless both were accepted."""
    found = [fault for fault in history.faults if fault.accepted_ns is not None and fault.ended_ns is not None]
    return (found[0], found[1]) if len(found) == 2 else None  # noqa: PLR2004 - down and up


def order_is_kept(history: History) -> Verdict:
    """Down from the highest ordinal, up from the lowest, each only when the one before is done."""
    both = windows(history)
    name = "order-is-kept"
    if both is None:
        return combine(name, failures=(), unknowns=("it was not scaled down and up",), success="", evidence=())
    down, up = both
    ending = pod_steps(history, down.sent_ns, up.sent_ns)
    starting = pod_steps(history, up.sent_ns)
    last_going, last_gone = first(ending, "terminating", "web-2"), first(ending, "gone", "web-2")
    next_going = first(ending, "terminating", "web-1")
    one_ready, two_created = first(starting, "ready", "web-1"), first(starting, "created", "web-2")
    seen = (last_going, last_gone, next_going, one_ready, two_created)
    if None in seen:
        return combine(name, failures=(), unknowns=("not every step was seen by the watch",), success="", evidence=())
    assert last_going and last_gone and next_going and one_ready and two_created  # noqa: S101, PT018 - for mypy
    failures = []
    if next_going.at_ns < last_gone.at_ns:
        failures.append("web-1 was terminated before web-2 was gone")
    if two_created.at_ns < one_ready.at_ns:
        failures.append("web-2 was created before web-1 was Ready")
    success = (
        f"Down: web-2 was gone {ms(last_gone.at_ns - last_going.at_ns)} after its end began, and only then web-1's began. "
        f"Up: web-1 was Ready {seconds(one_ready.at_ns - (up.accepted_ns or 0))} after the scaling, and only then web-2 was created."
    )
    return combine(name, failures=failures, unknowns=(), success=success, evidence=("events.jsonl",))


def names_go_and_come_back(history: History) -> Verdict:
    """In every view the removed pods' names vanish and come back; the one that stays is never lost."""
    both = windows(history)
    name = "names-go-and-come-back"
    if both is None:
        return combine(name, failures=(), unknowns=("it was not scaled down and up",), success="", evidence=())
    down, up = both
    views = {s.view for s in history.series if s.probe == "dns"}
    failures, unknowns = [], []
    for pod in REMOVED:
        gone = when(history, f"A {pod}.web", "NXDOMAIN", down.sent_ns, up.sent_ns)
        back = when(history, f"A {pod}.web", "NOERROR", up.sent_ns)
        failures += [f"A {pod}.web did not vanish at {view}" for view in sorted(views - gone.keys())]
        failures += [f"A {pod}.web did not come back at {view}" for view in sorted(views - back.keys())]
    lost = when(history, f"A {LEFT}.web", "NXDOMAIN", down.sent_ns)
    failures += [f"A {LEFT}.web was lost at {view}, though its pod stayed" for view in lost]
    unknowns += [] if views else ["no view was asked"]
    success = f"The names of {' and '.join(REMOVED)} vanished and came back at each of {len(views)} views; {LEFT}.web was never lost."
    return combine(name, failures=failures, unknowns=unknowns, success=success, evidence=("timeline.svg",))


def volumes_are_kept(history: History) -> Verdict:
    """The same claims, by UID, with the same volumes before, in between and after."""
    by_phase = {phase: _claims(history, phase) for phase in ("before", "scaled down", "after")}
    failures = [
        f"{claim} is not the same {phase}"
        for phase in ("scaled down", "after")
        for claim, row in by_phase["before"].items()
        if by_phase[phase] and (claim not in by_phase[phase] or _which(by_phase[phase][claim]) != _which(row))
    ]
    unknowns = [f"no claim was seen {phase}" for phase, found in by_phase.items() if not found]
    unknowns += [f"{claim} had no volume" for claim, row in by_phase["before"].items() if not row["volume"]]
    success = f"All {len(by_phase['before'])} claims kept their volumes while {len(REMOVED)} of their pods were away."
    return combine("volumes-are-kept", failures=failures, unknowns=unknowns, success=success, evidence=())


def _which(row: Fact) -> tuple[str, str]:
    """A claim that was made again under its name is another one, and empty."""
    return row["uid"], row["volume"]


def _claims(history: History, phase: str) -> dict[str, Fact]:
    return {row["claim"]: row for row in facts(history, "claim", phase=phase)}


def scaling_challenges(history: History) -> str:
    both = windows(history)
    if both is None:
        return ""
    down, up = both
    down_ns, up_ns = down.accepted_ns or 0, up.accepted_ns or 0
    parts = []
    for pod in REMOVED:
        gone = last_ns(when(history, f"A {pod}.web", "NXDOMAIN", down.sent_ns, up.sent_ns), down_ns)
        back = last_ns(when(history, f"A {pod}.web", "NOERROR", up.sent_ns), up_ns)
        if gone is not None and back is not None:
            parts.append(
                f"{pod}.web had left every view {ms(gone)} after the scaling down and was in every view {ms(back)} after the scaling up"
            )
    kept = volumes_are_kept(history)
    if len(parts) < len(REMOVED) or order_is_kept(history).outcome != "ok":
        return "This run did not see every step, so it cannot say: see the verdicts."
    return (
        f"Members are not interchangeable, so they go and come one by one in a fixed order: {'; '.join(parts)}. A Deployment "
        "would have done all at once. "
        + (
            "The volumes outlive their pods: "
            + kept.summary[0].lower()
            + kept.summary[1:]
            + " So scaling down keeps the volumes and frees no storage. "
            if kept.outcome == "ok"
            else ""
        )
        + stale_sentence(history)
        + "What the members knew of each other (quorum, "
        "replication, shards) has to be told to the application before a member goes: Kubernetes only removes the last one."
    )


@dataclass(frozen=True, slots=True)
class Stale:
    """What one view said of a removed pod's name between its first NXDOMAIN anywhere and the scaling up.

    Attributes:
        answers: that say something, sent after that NXDOMAIN was received.
        old: of them, how many still gave the old address.
        last_ns: receipt of the last of these, after that NXDOMAIN's.
        again: how many gave it after the view itself had said NXDOMAIN.
    """

    pod: str
    view: str
    answers: int
    old: int
    last_ns: int
    again: int


def stale_answers(history: History) -> list[Stale]:
    """Of each removed pod's name at each view; empty where no NXDOMAIN was seen while the pods were away."""
    both = windows(history)
    if both is None:
        return []
    down, up = both
    found = []
    for pod in REMOVED:
        address = next((p.address for p in down.targets if p.name == pod), "")
        at_views: list[tuple[str, list[Observation]]] = [
            (
                series.view,
                [
                    o
                    for o in history.observations(series)
                    if down.sent_ns <= o.sent_ns and o.received_ns <= up.sent_ns and tells(series, o.outcome)
                ],
            )
            for series in series_of(history, "dns", f"A {pod}.web")
        ]
        absent = {
            view: min((o.received_ns for o in seen if o.outcome.status == "NXDOMAIN"), default=None)
            for view, seen in at_views
        }
        first_ns = min((at for at in absent.values() if at is not None), default=None)
        if first_ns is None or not address:
            continue
        for view, seen in at_views:
            late = [o for o in seen if o.sent_ns > first_ns]
            old = [o for o in late if address in o.outcome.values]
            own_ns = absent[view]
            found.append(
                Stale(
                    pod,
                    view,
                    len(late),
                    len(old),
                    max((o.received_ns - first_ns for o in old), default=0),
                    sum(own_ns is not None and o.sent_ns > own_ns for o in old),
                )
            )
    return found


def gone_stays_gone(history: History) -> Verdict:
    """A DNS server that has said NXDOMAIN does not give the old address again while the pod is away."""
    direct = [one for one in stale_answers(history) if one.view != SERVICE_VIEW]
    failures = [
        f"{one.view} gave the address of {one.pod} again {one.again} times after NXDOMAIN"
        for one in direct
        if one.again
    ]
    unknowns = [f"{one.view} answered nothing about {one.pod} in that time" for one in direct if not one.answers] + [
        f"no server was asked for {pod} after its NXDOMAIN" for pod in REMOVED if pod not in {d.pod for d in direct}
    ]
    answers, old = sum(one.answers for one in direct), sum(one.old for one in direct)
    success = f"Of {answers} answers of single DNS servers after a name's first NXDOMAIN {old} gave the old address, none of them after its own server's NXDOMAIN."
    return combine("gone-stays-gone", failures=failures, unknowns=unknowns, success=success, evidence=("timeline.svg",))


def stale_sentence(history: History) -> str:
    """How many answers were stale; empty where none was asked for."""
    found = stale_answers(history)
    answers, old = sum(one.answers for one in found), sum(one.old for one in found)
    if not answers:
        return ""
    last = f", the last {ms(max(one.last_ns for one in found))} after it" if old else ""
    return f"Of {answers} answers in all views between a name's first NXDOMAIN anywhere and the scaling up {old} still gave the old address{last}. "


def backup_differs(history: History) -> str:
    before, away = _claims(history, "before"), _claims(history, "scaled down")
    if volumes_are_kept(history).outcome != "ok" or any(
        used_claims(history, pod) != [f"data-{pod}"] for pod in REMOVED
    ):
        return ""
    alone = [f"data-{pod}" for pod in REMOVED if f"data-{pod}" in away]
    return (
        f"A stateless pod's backup is its manifest: any new pod will do. Here each of {len(before)} members has a volume of its own, and the volumes, "
        f"not the pods, are what there is to lose: {' and '.join(alone)} stayed bound to the same volumes for all the time in which their pods did not "
        "exist, and each pod came back to the claim of its own name. So a backup is taken per member and kept under that name; the members' "
        "backups have to fit each other (one moment, or one position of the replication), for which the application's own tools are needed; and a restore "
        "fills the claim data-NAME-N before pod N starts. A volume that is kept is no backup: what is deleted or spoilt on it stays so, and it shares its "
        "disk's and its namespace's fate. No backup was taken or restored in this run."
    )


def used_claims(history: History, pod: str) -> list[str]:
    """The claims that a pod of that name used last, by its object."""
    both = windows(history)
    since_ns = both[1].sent_ns if both else 0
    seen = [e.object for e in history.events if e.kind == "Pod" and e.name == pod and e.at_ns > since_ns]
    volumes = (seen[-1].get("spec") or {}).get("volumes") or [] if seen else []
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]


def headline(history: History) -> str:
    both = windows(history)
    if both is None:
        return "The StatefulSet was not scaled down and up, so nothing was measured."
    down, up = both
    gone, back = (
        first(pod_steps(history, down.sent_ns), "gone", "web-1"),
        first(pod_steps(history, up.sent_ns), "ready", "web-2"),
    )
    if gone is None or back is None:
        return "Not every pod was seen to go and to come back."
    where = "On the simulated cluster it" if history.meta.simulated else "It"
    took_down, took_up = ms(gone.at_ns - (down.accepted_ns or 0)), ms(back.at_ns - (up.accepted_ns or 0))
    return f"{where} took {took_down} to remove two of three pods and {took_up} until both were Ready again, one after the other."


experiment = Experiment(
    name="scale-cycle",
    hypothesis=(
        "Scaling a StatefulSet down and up removes and returns its pods in order, with the same names and volumes, and "
        "never touches those that stay."
    ),
    workload=Workload(manifests=("web-volumes.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "http"),
    checkers=("steady-state", order_is_kept, names_go_and_come_back, gone_stays_gone, volumes_are_kept),
    questions=(
        unit_question("scaling-challenges", scaling_challenges),
        unit_question("backup-differs", backup_differs),
    ),
    tables={"claim": "Volume claims:", "waited": "Waits of the method:"},
    headline=headline,
    uses=("patch statefulsets.apps",),
    blast_radius=2,
    timeout_s=240,
    duration_s=40,
    method=method,
)
