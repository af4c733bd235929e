"""How long are two pods with one identity alive after a forced deletion?"""

from collections.abc import Iterator

from chaos.experiment import *

STEADY_WITHIN_S = 60
GRACE_S = 2  # the kubelet's least, for a container whose pod was deleted by force too
SILENT_WITHIN_S = 40  # the rest is for a node that is slow or silent


async def method(run: Run) -> None:
    """Delete each pod with grace period 0, wait for its successor, and until the old address is silent."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for pod in run.turns():
        async with run.inject(DeletePod(pod, grace_s=0)):
            await run.steady_state(within_s=STEADY_WITHIN_S)
            await run.silence(pod, within_s=SILENT_WITHIN_S)
            await run.steady_state(within_s=STEADY_WITHIN_S)


@checker("report.md: Identity")
def overlap_is_known(reading: Reading) -> Iterator[Finding]:
    """For each deletion: how long two pods served as one, from below and above. To know it is what is asked here."""
    for one in overlaps(reading):
        if one.unknown or one.at_most_ns is None:
            yield unsure(f"trial {one.trial.number}: {one.unknown or 'the old pod was never seen to stop'}")
    yield holds(doubled(reading))


def doubled(reading: Reading) -> str:
    """In how many trials two pods were certainly one, and for how long."""
    found = overlaps(reading)
    need(found, "there was no trial")
    certain = [Interval(one.at_least_ns, one.at_most_ns) for one in found if one.at_least_ns > 0]
    long = f" for {over_faults(certain, 'forced deletion')}" if certain else ""
    of = out_of(len(certain), len(found), "forced deletion")
    return f"In {of} two pods certainly served under one identity{long}."


@checker("report.md: Stages")
def object_goes_at_once(reading: Reading) -> Iterator[Finding]:
    """The name is free for its successor before the container has ended: that is what force means."""
    created = []
    for trial in trials(reading):
        created_ns, old = trial.life.created_ns, old_served(reading, trial)
        if created_ns is None:
            yield unsure(f"trial {trial.number}: the successor was not seen")
        elif trial.life.old_ended_first:
            yield against(f"trial {trial.number}: the old containers had ended before the object was gone")
        elif old is None or old.after_ns < created_ns:
            yield unsure(f"trial {trial.number}: the old container was not heard after its successor was created")
        else:
            created.append(created_ns - trial.accepted_ns)
    need(created, "no successor was seen")
    yield holds(f"Successors were created {at_most_ms(max(created))} after the deletion, while old containers ran on.")


def how_long(reading: Reading) -> Iterator[str]:
    found = [o for o in overlaps(reading) if not o.unknown and (o.at_least_ns, o.at_most_ns) != (0, None)]
    need(found, "nothing tells how long the old pods served beside the new ones")
    rows = [(o, f"{o.trial.target.name} for {between(Interval(o.at_least_ns, o.at_most_ns))}") for o in found]
    certain = [row for o, row in rows if o.at_least_ns > 0]
    if certain:
        yield f"Two pods served under one name: {'; '.join(certain)}."
    if possible := [row for o, row in rows if not o.at_least_ns and o.at_most_ns]:
        yield f"Possible, but not shown: {'; '.join(possible)}."
    if excluded := [o.trial.target.name for o in found if o.at_most_ns == 0 and not o.at_least_ns]:
        yield f"Excluded: {', '.join(excluded)}."
    if not certain:
        return
    yield "The API server removed the object at once and the successor started, while the old container ran on. A client with an open connection or the old address could still reach the old pod."
    yield f"The kubelet of a node that can be reached gives such a container {stated(GRACE_S)} to end. A node that is cut off hears of no deletion, and the old pod goes on until the node is back or off."
    yield "A database whose name must have one holder (a lock, a single writer, a quorum member) can lose or fork data in that time. Force a deletion only where the node is known to be off."


experiment = Experiment(
    name="force-delete",
    hypothesis="A forced deletion gives the identity to a new pod while the old one still serves under it: for a time two pods have it, and how long can be told.",
    workload=Workload(manifests=("web-slow-to-end.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "address", "stream"),
    checkers=(*OF_REPLACEMENT, "recovered-within", object_goes_at_once, overlap_is_known),
    questions=(
        Question(
            "overlap-after-force",
            "How long were two pods with the same identity alive?",
            how_long,
            ("report.md: Identity",),
        ),
        "dns-update",
    ),
    headline=doubled,
    options=("trials",),
    timeout_s=180,
    method=method,
)
