"""What do names see of a Service whose selector is wrong for a while?"""

from collections.abc import Iterator

from chaos.experiment import (
    Duration,
    Experiment,
    FaultWindow,
    Finding,
    Note,
    Option,
    Question,
    Reading,
    Run,
    Workload,
    accepted,
    accepted_ns,
    against,
    all_turned_ns,
    at_most_ms,
    checker,
    covered,
    held,
    holds,
    known,
    note,
    outage,
    turned,
    unsure,
)

from .break_selector import BreakSelector

SETTLED_S = 1.0  # so long before the selector is restored the names must all be gone
# An option of its own: chaos run ./selector_outage.py --broken-for 1m30s
BROKEN_FOR = Option("broken-for", Duration(5.0, 600.0), 10.0, "How long the selector stays wrong.")


class Pods(Note):
    """Pods of the StatefulSet, before the fault and after it."""

    before: tuple[str, ...]
    after: tuple[str, ...]


async def method(run: Run) -> None:
    """Wait until all is right, break the Service's selector for a while, wait until all is right again."""
    await run.steady_state(within_s=60)
    before = run.target.pods
    async with run.inject(BreakSelector(run.target.service, before, for_s=run.options.of(BROKEN_FOR))):
        await run.steady_state(within_s=60)
    run.note(Pods(tuple(pod.uid for pod in before), tuple(pod.uid for pod in run.target.pods)))


def broken(reading: Reading) -> FaultWindow:
    """The fault; what needs it says so where there was none."""
    return accepted(reading, "break-selector", "the selector was not broken")


def names(fault: FaultWindow) -> list[str]:
    """Of the pods, as the records that a run asks for are called."""
    return [f"A {pod.name}.{fault.parameters['service']}" for pod in fault.targets]


@checker("report.md: Measured")
def names_follow_the_selector(reading: Reading) -> Iterator[Finding]:
    """Every pod's name goes while the Service selects nobody, and comes back with the selector."""
    fault = broken(reading)
    restored_ns = accepted_ns(fault) + round((fault.parameters["for_s"] - SETTLED_S) * 1e9)
    for pod, name in zip(fault.targets, names(fault), strict=True):
        yield from turned(reading, name, "NXDOMAIN", fault.sent_ns, restored_ns)
        yield from turned(reading, name, "NOERROR", restored_ns, fault.ended_ns or restored_ns, value=pod.address)
    gone_ns = max(all_turned_ns(reading, name, "NXDOMAIN", fault.sent_ns, restored_ns) for name in names(fault))
    yield holds(f"Every view denied every pod's name {at_most_ms(gone_ns - accepted_ns(fault))} after the change.")


@checker("report.md: Measured")
def clients_fail_meanwhile(reading: Reading) -> Iterator[Finding]:
    """Who connects by a pod's name fails while the Service selects nobody, and not to the end."""
    fault = broken(reading)
    ended_ns = known(fault.ended_ns, "the run was cut short")
    records = [f"{pod.name}.{fault.parameters['service']}:80" for pod in fault.targets]
    for client in [one for record in records for one in reading.series_of(probe="http", record=record)]:
        if not covered(reading, client, fault.sent_ns, ended_ns):
            yield unsure(f"{client.record} could not be heard all the time")
        lost = known(outage(reading, client, fault.sent_ns, ended_ns), f"{client.record} never failed")
        if lost.ended.before_ns is None:
            yield against(f"{client.record} failed to the end: {lost.kinds()}")
        yield holds(f"{client.record} failed for {lost.lasted()}.")


@checker("events.jsonl")
def pods_stay(reading: Reading) -> Iterator[Finding]:
    """No pod is replaced: only the Service was wrong."""
    pods = note(reading, Pods, "the pods were not looked at afterwards")
    if pods.before != pods.after:
        yield against("other pods run now")
    yield holds("The same pods run as before.")


def what_was_gone(reading: Reading) -> Iterator[str]:
    yield held(reading, names_follow_the_selector)
    yield held(reading, clients_fail_meanwhile)
    yield held(reading, pods_stay)
    yield "So a name that is gone says nothing about its pod: look at the Service's selector too."


def headline(reading: Reading) -> str:
    held(reading, pods_stay)
    return f"Only the selector was wrong. {held(reading, names_follow_the_selector)}"


experiment = Experiment(
    name="selector-outage",
    hypothesis="While a Service selects nobody its pods' names are gone, and they come back with the selector.",
    # Of selector-outage.yaml in manifests/ beside this file: deployed, and asked for from then on until the end.
    workload=Workload(manifests=("selector-outage.yaml",), statefulset="app", service="app", port=80),
    probes=("dns", "http"),
    # Named ones are of chaos/analysis/checkers, the others are functions of this file; so are questions.
    checkers=("fault-took-effect", "steady-state", names_follow_the_selector, clients_fail_meanwhile, pods_stay),
    questions=(Question("gone", "What is gone while the selector is wrong?", what_was_gone),),
    tables=(Pods,),  # that the report shows of what the method noted down
    headline=headline,  # the report's first sentence
    blast_radius=2,  # pods that may be under a fault at the same time: both
    uses=("patch services",),  # what it may do beyond what every run may
    options=(BROKEN_FOR,),  # of its own, and names of those of `chaos run` that it reads from run.options
    timeout_s=720,
    method=method,
)
