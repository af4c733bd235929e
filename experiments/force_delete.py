"""How long are two pods with one identity alive after a forced deletion?"""

from chaos.experiment import (
    DeletePod,
    Experiment,
    Question,
    Reading,
    Run,
    Verdict,
    Workload,
    combine,
    ms,
    overlaps,
    seconds,
    trials,
)

STEADY_WITHIN_S = 60
# The kubelet gives a container that was deleted by force 2 s to end; the rest is for a node that is slow or silent.
SILENT_WITHIN_S = 40


async def method(run: Run) -> None:
    """Delete each pod with grace period 0, wait for its successor, and until the old address is silent."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for pod in run.turns():
        async with run.inject(DeletePod(pod, grace_s=0)):
            await run.steady_state(within_s=STEADY_WITHIN_S)
            await run.silence(pod, within_s=SILENT_WITHIN_S)
            await run.steady_state(within_s=STEADY_WITHIN_S)


def overlap_is_known(reading: Reading) -> Verdict:
    """For each deletion: how long two pods served as one, from below and above. To know it is what is asked here."""
    found = overlaps(reading)
    unknowns = [f"trial {o.trial.number}: {o.unknown}" for o in found if o.unknown]
    unknowns += [
        f"trial {o.trial.number}: the old pod was never seen to stop"
        for o in found
        if not o.unknown and o.at_most_ns is None
    ]
    unknowns += [] if found else ["there was no trial"]
    doubled = [o for o in found if o.at_least_ns > 0]
    success = f"In {len(doubled)} of {len(found)} forced deletions two pods served under one identity"
    if doubled:
        longest = max(doubled, key=lambda o: o.at_least_ns)
        success += f", for at least {ms(longest.at_least_ns)} ({longest.trial.target.name})"
    return combine(
        "overlap-is-known", failures=(), unknowns=unknowns, success=success + ".", evidence=("report.md: Identity",)
    )


def object_goes_at_once(reading: Reading) -> Verdict:
    """The name is free for its successor before the container has ended: that is what force means."""
    found = trials(reading)
    failures = [
        f"trial {t.number}: the old containers had ended before the object was gone"
        for t in found
        if t.life.created_ns is not None and t.life.old_ended_first
    ]
    unknowns = [f"trial {t.number}: the successor was not seen" for t in found if t.life.created_ns is None]
    unknowns += [] if found else ["there was no trial"]
    slowest = max((t.life.created_ns - t.accepted_ns for t in found if t.life.created_ns is not None), default=0)
    success = (
        f"The successor was created at most {ms(slowest)} after the deletion, without waiting for the old containers."
    )
    return combine(
        "object-goes-at-once", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Stages",)
    )


def how_long(reading: Reading) -> str:
    rows = []
    for found in overlaps(reading):
        most = "an unknown time" if found.at_most_ns is None else seconds(found.at_most_ns)
        rows.append(f"{found.trial.target.name} between {seconds(found.at_least_ns)} and {most}")
    if not rows:
        return ""
    return (
        f"Two pods answered as one: {'; '.join(rows)}. The object was removed at once and its successor started, while the "
        "old container went on; whoever still held a connection or the old address wrote to the old one. A database "
        "that takes for granted that its name is held once (a lock, a single writer, a member of a quorum) can lose or "
        "fork data in that time, so force is for pods whose node is known to be off."
        if any(o.at_least_ns > 0 for o in overlaps(reading))
        else f"No overlap was certain: {'; '.join(rows)}."
    )


def headline(reading: Reading) -> str:
    certain = [o for o in overlaps(reading) if o.at_least_ns > 0]
    if not certain:
        return "In no trial were two pods of one identity certainly alive at once."
    where = "On the simulated cluster two" if reading.meta.simulated else "Two"
    longest = max(o.at_least_ns for o in certain)
    return f"{where} pods of one identity served at once after {len(certain)} of {len(overlaps(reading))} forced deletions, for at least {seconds(longest)}."


experiment = Experiment(
    name="force-delete",
    hypothesis=(
        "A forced deletion gives the identity to a new pod at once, and the price can be told: for how long the old one "
        "still served under the same name."
    ),
    workload=Workload(manifests=("web-slow-to-end.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "address", "stream"),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
        "recovered-within",
        object_goes_at_once,
        overlap_is_known,
    ),
    questions=(
        Question(
            "overlap-after-force",
            "How long were two pods with the same identity alive?",
            how_long,
            ("report.md: Identity",),
        ),
        "dns-update",
    ),
    headline=headline,
    timeout_s=180,
    duration_s=60,
    method=method,
)
