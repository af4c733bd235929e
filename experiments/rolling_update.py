"""How long is each pod away during a rolling update, in which order, and how many at once?"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from chaos.experiment import *

from .shared.course import unit_question

STEADY_WITHIN_S = 60
UPDATED_WITHIN_S = 120
PODS = ("web-0", "web-1", "web-2")
PARTITION = 2
AT_ONCE = 2


class Strategy(Note):
    """Update strategies that were set, and what the server kept."""

    asked: dict[str, int]
    found: dict[str, Any]
    kept: bool


class Partition(Note):
    """The partition."""

    partition: int
    untouched: tuple[str, ...]


async def method(run: Run) -> None:
    """Update all pods; then behind a partition; then, where the server keeps maxUnavailable, two at a time."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    async with run.inject(UpdateTemplate("web", run.target.pods, "one")):
        await run.steady_state(within_s=UPDATED_WITHIN_S)
    await strategy(run, {"partition": PARTITION})
    kept = {pod.name: pod.uid for pod in run.target.pods[:PARTITION]}
    async with run.inject(UpdateTemplate("web", run.target.pods[PARTITION:], "two")):
        await run.steady_state(within_s=UPDATED_WITHIN_S)
    now = {pod.name: pod.uid for pod in run.target.pods}
    run.note(Partition(PARTITION, tuple(name for name, uid in kept.items() if now.get(name) == uid)))
    if await strategy(run, {"partition": 0, "maxUnavailable": AT_ONCE}):
        # Lifting the partition alone brings the pods behind it up to date, and that is not to mix with the update.
        await run.until("all pods are up to date", partial(up_to_date, run), UPDATED_WITHIN_S)
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
    run.note(Strategy(rolling, found, kept))
    return kept


def update(reading: Reading, number: int) -> FaultWindow:
    """The update of that number."""
    found = (f for f in reading.faults if f.trial == number and f.accepted_ns is not None)
    return known(next(found, None), "it was not tried")


def span(reading: Reading, number: int) -> tuple[int, int]:
    """From its request to the end of its trial."""
    window = update(reading, number)
    return window.sent_ns, known(window.ended_ns, "the update was not seen to its end")


def ended(reading: Reading, from_ns: int, to_ns: int) -> list[str]:
    """The pods in the order in which they were terminated in that time."""
    pods_were_watched(reading, from_ns, to_ns)
    steps = [(pod, step(reading, "terminating", pod, from_ns, until_ns=to_ns)) for pod in PODS]
    return [pod for _, pod in sorted((one.at_ns, pod) for pod, one in steps if one)]


@checker("events.jsonl")
def one_after_the_other(reading: Reading) -> Iterator[Finding]:
    """From the highest ordinal down, each only when the one before is Ready again."""
    order, missing = ended(reading, *span(reading, 1)), most_missing(reading, PODS, *span(reading, 1))
    if order != sorted(order, reverse=True):
        yield against(f"the order was {', '.join(order)}")
    yield from (unsure(f"the end of {pod} was not seen") for pod in PODS if pod not in order)
    if missing > 1:
        yield against(f"{count(missing, 'pod')} were not Ready at once")
    steady_again_ns(reading, update(reading, 1))
    yield holds(f"The first update's order was {', '.join(order)}. At no time in it was more than one pod not Ready.")


@checker("events.jsonl")
def partition_is_kept(reading: Reading) -> Iterator[Finding]:
    """Pods below the partition keep their revision."""
    found = note(reading, Partition, "it was not tried")  # written down when all was steady again
    order = ended(reading, update(reading, 2).sent_ns, found.at_ns)
    for name in PODS[:PARTITION]:
        if name in order or name not in found.untouched:
            yield against(f"{name} was replaced though its ordinal is below the partition")
    yield from (unsure(f"{name} was not seen to be replaced") for name in PODS[PARTITION:] if name not in order)
    yield holds(f"With partition {count(found.partition)} only {', '.join(PODS[PARTITION:])} was replaced.")
    yield holds(f"{' and '.join(found.untouched)} stayed as they were.")


def per_pod(reading: Reading) -> Iterator[str]:
    away, missing = unreachable(reading, 1), most_missing(reading, PODS, *span(reading, 1))
    yield f"Unreachable by name in the first update, one pod at a time: {away}. The whole update, until everything was steady again, took {at_most_ns(took_ns(reading, 1))}."
    yield f"The order was {', '.join(ended(reading, *span(reading, 1)))}. At most {out_of(missing, len(PODS), 'pod')} was not Ready at a time."
    yield from where_measured(_at_once, reading)


def unreachable(reading: Reading, number: int) -> str:
    """Each pod that was so by its name in an update, and how long."""
    lost = lost_by_name(reading, update(reading, number))
    return ", ".join(f"{pod} for {between(length)}" for pod, length in lost) or "none of them"


def took_ns(reading: Reading, number: int) -> int:
    """Until everything was steady again."""
    return steady_again_ns(reading, update(reading, number)) - accepted_ns(update(reading, number))


def _at_once(reading: Reading) -> str:
    tried = note(reading, Strategy)
    if "maxUnavailable" not in tried.asked:
        return "maxUnavailable was not tried."
    if not tried.kept:
        return "This server dropped maxUnavailable (its feature gate is closed), so it updates one pod at a time."
    missing = most_missing(reading, PODS, *span(reading, 3))
    no_faster = ", so it was not seen to be faster than one pod at a time" * (
        took_ns(reading, 3) >= took_ns(reading, 1)
    )
    return f"With maxUnavailable {count(AT_ONCE)} up to {count(missing, 'pod')} were not Ready at once. Unreachable by name then: {unreachable(reading, 3)}. That update took {at_most_ns(took_ns(reading, 3))}{no_faster}."


def update_without_downtime(reading: Reading) -> Iterator[str]:
    held(reading, one_after_the_other)
    names = sorted({pod for pod, _ in lost_by_name(reading, update(reading, 1))})
    need(names, "no client by a pod's name was seen to lose it")
    yield "One pod at a time, each only when the one before is Ready. The StatefulSet's controller did that here."
    yield f"{out_of(len(names), len(PODS), 'pod')} ({', '.join(names)}) were unreachable by name for a while."
    yield "So a client of one member, such as a primary, sees an outage: move the role first, or let the client retry."
    yield from where_measured(lambda: f"A partition updates some members first. {held(reading, partition_is_kept)}")
    yield "The controller waits until a pod is available: Ready, and for minReadySeconds if the set has that. So Ready must mean that the member has caught up, and minReadySeconds that it stays so. Here the probes' requests were the pods' only load."


def headline(reading: Reading) -> str:
    lost = lost_by_name(reading, update(reading, 1))
    need(lost, "no pod was seen to be unreachable by its name during an update")
    first, every = over_faults([at for _, at in lost], "pod"), [at for _, at in lost_by_name(reading)]
    of_all, updates = out_of(len(every), len(trials(reading)), "replaced pod"), len({t.number for t in trials(reading)})
    longest = between(max(every, key=lambda one: (one.before_ns is None, one.before_ns or one.after_ns)))
    one_by_one = f"During a rolling update of one pod at a time {out_of(len(lost), len(PODS), 'pod')} were"
    rest = f" In {count(updates, 'update')}, this one among them, {of_all} were, the longest for {longest}."
    return f"{one_by_one} unreachable by name for {first}." + rest * (updates > 1)


experiment = Experiment(
    name="rolling-update",
    hypothesis="A rolling update replaces one pod at a time from the highest ordinal down, keeps every identity, and stops at the partition.",
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "address", "stream"),
    checkers=(*OF_SINGLE_REPLACEMENT, one_after_the_other, partition_is_kept),
    questions=(
        unit_question("update-without-downtime", update_without_downtime),
        Question("update-per-pod", "How long is each pod away, in which order, and how many at once?", per_pod),
    ),
    headline=headline,
    uses=("patch statefulsets.apps",),
    tables=(Strategy, Partition, Waited),
    blast_radius=3,
    timeout_s=240,
    method=method,
)
