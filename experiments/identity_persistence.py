"""Does a StatefulSet pod keep its name, volume and DNS name when it is deleted?"""

from collections.abc import Iterable, Sequence

from chaos.analysis.recovery import Recovery
from chaos.experiment import (
    DeletePod,
    Experiment,
    History,
    Identify,
    Identity,
    PodIdentity,
    Run,
    Workload,
    end_unseen,
    fact,
    identities,
    recoveries,
    unit_question,
)

CONTRAST = "app=web-demo"
CONTRAST_REPLICAS = 2
STEADY_WITHIN_S = 60
# Longer than the limit that is judged, so that missing it is seen as that and not as the end of the measurement.
BEYOND_LIMIT_S = 5
# DNS follows a service's endpoints within milliseconds; a second is far on the safe side.
SETTLE_S = 1.0
# After a forced deletion the old container may go on for some seconds.
SILENT_WITHIN_S = 40


async def method(run: Run) -> None:
    """Delete one pod after the other, each time until everything is right again; then the contrast."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    inside = Identify.parse(run.options.identify).command
    await ask_inside(run, inside, run.target.pods)
    for pod in run.turns():
        async with run.inject(DeletePod(pod, grace_s=run.options.deletion_grace_s)):
            await run.steady_state(within_s=run.options.within_s + BEYOND_LIMIT_S)
            if run.options.force:
                await run.silence(pod, within_s=SILENT_WITHIN_S)
                await run.steady_state(within_s=STEADY_WITHIN_S)
            await ask_inside(run, inside, [new for new in run.target.pods if new.name == pod.name])
    if not run.options.target:  # in somebody's namespace nothing is made that is not needed
        await contrast_with_deployment(run)


async def ask_inside(run: Run, command: Sequence[str], pods: Iterable[PodIdentity]) -> None:
    """What a command in the container says of who it is; without a command nothing is asked."""
    for pod in pods if command else ():
        done = await run.objects.exec(pod.name, command)
        run.mark(
            "inside",
            pod=pod.name,
            uid=pod.uid,
            said=done.stdout.strip(),
            exit_code=done.code,
            problem=done.stderr.strip()[:200],
        )


async def contrast_with_deployment(run: Run) -> None:
    """A Deployment of the same image: its replacement has a new name, and none of its pods a record of its own."""
    await run.apply("web-demo.yaml")
    before = await run.ready_pods(CONTRAST, CONTRAST_REPLICAS, within_s=STEADY_WITHIN_S)
    if len(before) < CONTRAST_REPLICAS:
        return
    await run.sleep(SETTLE_S)
    deleted = before[0]
    by_pod_name = await run.resolve(f"{deleted.name}.web-headless")
    by_address = await run.resolve(f"{deleted.address.replace('.', '-')}.web-headless")
    await run.delete_pod(deleted)
    after = await run.ready_pods(CONTRAST, CONTRAST_REPLICAS, within_s=STEADY_WITHIN_S)
    known = {pod.name for pod in before}
    replacement = next((pod for pod in after if pod.name not in known), None)
    if replacement is None:
        return
    by_new_name = await run.resolve(f"{replacement.name}.web-headless")
    run.mark(
        "contrast",
        deployment="web-demo",
        deleted=deleted.name,
        replacement=replacement.name,
        per_pod_record=by_pod_name.status,
        replacement_record=by_new_name.status,
        address_shaped_record=by_address.status,
    )


# ---- the unit's questions about one replacement ----


def own_records(history: History) -> list[Recovery]:
    """Of each deleted pod's own name, in each view."""
    return [r for r in recoveries(history) if r.record.startswith(f"A {r.trial.target.name}.")]


def replaced(history: History) -> list[Identity]:
    """Every pod whose successor was seen."""
    return [found for found in identities(history) if found.trial.life.new_pod is not None]


def same_name(history: History) -> str:
    found = replaced(history)
    if not found:
        return ""
    other = [i.trial.target.name for i in found if not i.facet("name").kept]
    pods = ", ".join(dict.fromkeys(i.trial.target.name for i in found))
    first = found[0].trial
    new_uid = f"the UID {first.target.uid[:8]}… became {first.life.new_uid[:8]}…"
    if other:
        return f"Not every pod: {', '.join(other)} did not."
    tried = identities(history)
    missing = ", ".join(dict.fromkeys(i.trial.target.name for i in tried if i.trial.life.new_pod is None))
    unseen = f" No successor of {missing} was seen, so nothing is known there." if missing else ""
    return (
        f"{'In' if missing else 'Yes: in'} {len(found)} of {len(tried)} replacements ({pods}) the successor had the name of the deleted pod, and it was another pod: "
        f"in trial {first.number} {new_uid}, and the address {first.target.address} became {first.life.new_address}.{unseen}"
    )


def still_resolves(history: History) -> str:
    own = own_records(history)
    if not own:
        return ""
    right = [r for r in own if r.right_at_end]
    # Before the end of what it was given, a name that does not lead to a pod yet is no wrong one.
    early = {r.trial.key: reason for r in own if not r.right_at_end and (reason := end_unseen(history, r.trial))}
    unsure = [r for r in own if r.right_at_end is None or (not r.right_at_end and r.trial.key in early)]
    if len(unsure) == len(own):
        why = next(iter(early.values()), "no view was heard at the end of any trial")
        return f"This run cannot say: {why}."
    lost = [r for r in own if r.lost is not None]
    views = len({r.view for r in own})
    text = (
        f"At the end of its trial each deleted pod's own name gave the new address in {len(right)} of {len(own)} cases "
        f"(each pod at each of {views} DNS views)"
        + (f", and nothing can be said of {len(unsure)}" if unsure else "")
        + "."
    )
    if lost:
        text += (
            f" In between it did not lead to a pod: in {len(lost)} of {len(own)} the old address was seen to go before the new one "
            "came. The name is the same afterwards; the address behind it is not."
        )
    if len(right) + len(unsure) < len(own):
        return f"Not everywhere. {text}"
    return f"{'As far as it was seen, yes' if unsure else 'Yes'}. {text}"


def unlike_deployment(history: History) -> str:
    swap = fact(history, "contrast")
    found = replaced(history)
    if swap is None or not found or swap["deleted"] == swap["replacement"]:
        return ""
    kept = sorted(
        {i.trial.target.name for i in found} - {i.trial.target.name for i in found if not i.facet("name").kept}
    )
    own = [r for r in own_records(history) if r.trial.target.name in kept]
    right = {r.trial.target.name for r in own} == set(kept) and all(r.right_at_end for r in own)
    if not kept:
        return ""
    return (
        f"{', '.join(kept)} came back under the same name{', each with a DNS record of its own' if right else ''}. The Deployment's pod {swap['deleted']} was "
        f"replaced by {swap['replacement']}, another name, and the query for the pod's own name gave {swap['per_pod_record']} before and "
        f"{swap['replacement_record']} after."
        + (
            " All it had was a name made of its address, which nobody can know beforehand."
            if swap["address_shaped_record"] == "NOERROR"
            else ""
        )
    )


experiment = Experiment(
    name="identity-persistence",
    hypothesis=(
        "A deleted StatefulSet pod comes back with the same name, ordinal, hostname and DNS records and a new UID, "
        "never twice at the same time, and in time."
    ),
    workload=Workload(manifests=("web.yaml", "web-clusterip.yaml"), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "clusterip", "address", "stream"),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
        "single-identity",
        "recovered-within",
        "deployment-contrast",
    ),
    questions=(
        "identity-kept",
        "dns-update",
        "connection-handling",
        unit_question("same-name", same_name, "report.md: Identity"),
        unit_question("still-resolves", still_resolves, "recoveries.csv"),
        unit_question("unlike-deployment", unlike_deployment, "events.jsonl"),
    ),
    any_target=True,
    blast_radius=1,
    timeout_s=180,
    method=method,
)
