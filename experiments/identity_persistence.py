"""Does a StatefulSet pod keep its name, volume and DNS name when it is deleted?"""

from collections.abc import Iterable, Iterator, Sequence

from chaos.experiment import *

from .shared.course import unit_question

CONTRAST, CONTRAST_REPLICAS = "app=web-demo", 2
STEADY_WITHIN_S = 60
BEYOND_LIMIT_S = 5  # past the limit that is judged, so that missing it is not the end of the measurement
SETTLE_S = 1.0  # DNS follows a service's endpoints within milliseconds; a second is far on the safe side
SILENT_WITHIN_S = 40  # after a forced deletion the old container may go on for some seconds


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
        done = await run.objects.exec(pod.name, command, container=run.options.container)
        run.note(Inside(pod.name, pod.uid, done.stdout.strip(), done.code, done.stderr.strip()[:200]))


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
    new = next((pod.name for pod in after if pod.uid not in {one.uid for one in before}), "")
    if new:
        by_new_name = await run.resolve(f"{new}.web-headless")
        run.note(Contrast("web-demo", deleted.name, new, by_pod_name.status, by_new_name.status, by_address.status))


# ---- the unit's questions about one replacement ----


def own_records(reading: Reading) -> list[Recovery]:
    """Of each deleted pod's own name, in each view, where its successor was Ready."""
    own = (r for r in recoveries(reading) if r.record.startswith(f"A {r.trial.target.name}."))
    return [r for r in own if not not_replaced(r.trial)]


def replaced(reading: Reading) -> list[Identity]:
    """Every pod whose successor was seen."""
    found = [one for one in identities(reading) if one.trial.life.new_pod is not None]
    need(found, "no successor of a deleted pod was seen")
    return found


def same_name(reading: Reading) -> Iterator[str]:
    tried, found = identities(reading), replaced(reading)
    if other := [i.trial.target.name for i in found if not i.facet("name").kept]:
        yield f"Not every pod: {', '.join(other)} did not."
        return
    pods = ", ".join(dict.fromkeys(i.trial.target.name for i in found))
    missing = ", ".join(dict.fromkeys(i.trial.target.name for i in tried if i.trial.life.new_pod is None))
    yes = "In" if missing else "Yes: in"
    yield f"{yes} {out_of(len(found), len(tried), 'replacement')} ({pods}) the successor had the deleted pod's name."
    yield f"No successor of {missing} was seen." if missing else ""


def still_resolves(reading: Reading) -> Iterator[str]:
    own = own_records(reading)
    right = [r for r in own if r.right_at_end]
    wrong = [r for r in own if r.right_at_end is False and r.outcome != "unknown" and not end_unseen(reading, r.trial)]
    early = next(filter(None, (end_unseen(reading, trial) for trial in trials(reading))), "")
    need(right or wrong, early or "no deleted pod's own name was heard of at the end of its trial")
    unsure, views = len(own) - len(right) - len(wrong), count(len({r.view for r in own}), "DNS view")
    yield "Not everywhere." if wrong else "As far as it was heard, yes." if unsure else "Yes."
    yield f"At the end of its trial a pod's name gave the new address in {out_of(len(right), len(own), 'case')} (each pod at {views})."
    yield f"For {count(unsure)} the run cannot say." if unsure else ""


def unlike_deployment(reading: Reading) -> Iterator[str]:
    swap, found = note(reading, Contrast, "the contrast with a Deployment was not measured"), replaced(reading)
    need(swap.deleted != swap.replacement, "the Deployment's pod was not seen to be replaced by another")
    other = {i.trial.target.name for i in found if not i.facet("name").kept}
    kept = sorted({i.trial.target.name for i in found} - other)
    need(kept, "no pod was seen to come back under its name")
    own = [r for r in own_records(reading) if r.trial.target.name in kept]
    right = {r.trial.target.name for r in own} == set(kept) and all(r.right_at_end for r in own)
    asked = {swap.per_pod_record, swap.replacement_record}
    without = ", and neither had a DNS name of its own" if asked == {"NXDOMAIN"} else ""
    yield f"A Deployment's pod came back under another name{without}: {swap.deleted}, then {swap.replacement}."
    if swap.address_shaped_record == "NOERROR":
        yield "Only a name made of its address resolved."
    yield f"{', '.join(kept)} kept the name{' and the DNS record' if right else ''}."


experiment = Experiment(
    name="identity-persistence",
    hypothesis="A deleted StatefulSet pod comes back in time with its name, ordinal, hostname and DNS records and a new UID, and never twice at once.",
    workload=Workload(manifests=("web.yaml", "web-clusterip.yaml"), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "clusterip", "address", "stream"),
    checkers=(*OF_SINGLE_REPLACEMENT, "recovered-within", "deployment-contrast"),
    questions=(
        "identity-kept",
        "dns-update",
        "connection-handling",
        unit_question("same-name", same_name, "report.md: Identity"),
        unit_question("still-resolves", still_resolves, "recoveries.csv"),
        unit_question("unlike-deployment", unlike_deployment, "events.jsonl"),
    ),
    options=("trials", "grace", "force"),
    any_target=True,
    timeout_s=180,
    method=method,
)
