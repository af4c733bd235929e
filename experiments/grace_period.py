"""What does it cost clients how a container ends: by name, through a ClusterIP, and on an open connection?"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps

from chaos.experiment import *

from .shared.tables import table

PORT = 80
READY_WITHIN_S, SETTLE_S = 120, 3.0
NS_PER_S = 1_000_000_000
WAYS = BY_NAME, BY_ADDRESS, CONNECTED = "by name", "through the ClusterIP", "on the open connection"
AT_ONCE_S = 2  # DNS follows a deletion within milliseconds, and a busy machine is not to fail it
MARGIN_S = 3  # what a container may take to end besides what it waits for on purpose


@dataclass(frozen=True, slots=True)
class Ending:
    """One of the sets of the manifest."""

    set: str
    how: str
    waits_s: int | None  # so long it goes on serving on purpose after it was told to end; None: it never ends by itself
    first: str  # the program that must be PID 1 for that

    @property
    def pod(self) -> str:
        return f"{self.set}-0"


ENDINGS = (
    Ending("ash", "ash hands over to the server", 0, "nginx"),
    Ending("dash", "dash stays PID 1", None, "sh"),
    Ending("exec", "exec makes the server PID 1", 0, "nginx"),
    Ending("hook", "a preStop hook waits 5 s", 5, "nginx"),
    Ending("drain", "the container serves on for 5 s", 5, "sh"),
)
QUICK, DEAF = (tuple(e.set for e in ENDINGS if e.waits_s == waits_s) for waits_s in (0, None))


class FirstProcess(Note):
    """What is PID 1 of each set."""

    set: str
    pid_1: str
    how: str


async def method(run: Run) -> None:
    """Delete the pod of each set in turn, while clients ask for it by name, through a ClusterIP and on a connection."""
    await run.apply("grace.yaml")
    for ending in ENDINGS:
        pods = await run.ready_pods(f"set={ending.set}", 1, within_s=READY_WITHIN_S)
        if not pods:
            return
        said = await run.objects.exec(pods[0].name, ["cat", "/proc/1/comm"])
        run.note(FirstProcess(ending.set, said.stdout.strip(), ending.how))
        for name in (f"{ending.pod}.{ending.set}", f"{ending.set}-ip"):
            run.watch_clients("http", name, PORT, pod=ending.pod)
        run.watch_clients("stream", f"{ending.pod}.{ending.set}", PORT, pod=ending.pod, period_s=0.1)
    await run.sleep(SETTLE_S)
    for _ in range(run.options.trials or 1):
        for ending in ENDINGS:
            (old,) = await run.pods_of(f"set={ending.set}")
            async with run.inject(DeletePod(old, grace_s=run.options.deletion_grace_s)):
                new = await successor(run, old, f"set={ending.set}", READY_WITHIN_S)
                await run.sleep(SETTLE_S)
            if new is None:
                return


# ---- what the run shows ----


@dataclass(frozen=True, slots=True)
class Cost:
    """What one deletion cost each client; those that were not heard in the trial are not among the views."""

    reading: Reading
    ending: Ending
    trial: Trial
    views: dict[str, ClientView]

    @property
    def exit_code(self) -> str:
        """With which its container ended, in brackets; empty where the watch did not show it."""
        status = (self.trial.life.old_pod or {}).get("status", {})
        ended = [row.get("state", {}).get("terminated") for row in status.get("containerStatuses") or ()]
        return f" (exit code {count(int(ended[0]['exitCode']))})" if ended and ended[0] else ""

    def since(self, at: Interval) -> Interval:
        """How long after the deletion; it may come before the API server's answer, which is counted from."""
        before_ns = None if at.before_ns is None else max(0, at.before_ns - self.trial.accepted_ns)
        return Interval(max(0, at.after_ns - self.trial.accepted_ns), before_ns)

    def first_failure(self, how: str) -> tuple[Interval, int]:
        """How long after the deletion a client first failed, and the latest that this can have been, in nanoseconds."""
        missing, view = f"no client was seen to fail {how}", self.views.get(how)
        at = self.since(known(view.first_failed if view else None, missing))
        return at, known(at.before_ns, missing)


def costs(reading: Reading) -> list[Cost]:
    """Of each deletion, in the order in which they were made."""
    endings, asked = {ending.pod: ending for ending in ENDINGS}, client_views(reading)
    return [
        Cost(reading, endings[trial.target.name], trial, {way(v): v for v in asked if v.trial.key == trial.key})
        for trial in trials(reading)
    ]


def way(view: ClientView) -> str:
    return CONNECTED if view.probe == "stream" else BY_ADDRESS if "-ip:" in view.record else BY_NAME


def of_each(judge: Callable[[Cost], Iterator[Finding]]) -> Callable[[Reading], Iterator[Finding]]:
    """What is found of each deletion, under the name of its set; a set whose pod was not deleted is unsure."""

    @wraps(judge)
    def find(reading: Reading) -> Iterator[Finding]:
        found = costs(reading)
        deleted = {cost.ending for cost in found}
        yield from (unsure(f"{e.set}: its pod was not deleted") for e in ENDINGS if e not in deleted)
        for cost in found:
            yield from or_unsure(judge(cost), cost.ending.set)

    return find


@checker("report.md: Measured")
def first_processes_are_as_meant(reading: Reading) -> Iterator[Finding]:
    """PID 1 of each set is what its way to end needs; without that the run compares something else."""
    found = {one.set: one.pid_1 for one in notes(reading, FirstProcess)}
    for ending in ENDINGS:
        first = found.get(ending.set)
        if first != ending.first:
            yield against_if(first, f"{ending.set}: PID 1 is {first or 'unknown'}, and is meant to be {ending.first}")
    yield holds(f"PID 1 is: {', '.join(f'{e.set} {found.get(e.set)}' for e in ENDINGS)}.")


@checker("report.md: Stages")
@of_each
def only_a_deaf_shell_takes_the_whole_grace_period(cost: Cost) -> Iterator[Finding]:
    """The set whose PID 1 ignores the signal is killed at the end of its grace period; the others end before."""
    name, waits_s, trial = cost.ending.set, cost.ending.waits_s, cost.trial
    gone_ns, grace_s = (known(one, "its end was not seen") for one in (trial.life.old_gone_ns, trial.life.grace_s))
    need(not unwatched(cost.reading, "Pod", trial.accepted_ns, gone_ns), "the watch of pods had a gap then")
    need(waits_s is None or grace_s > waits_s + MARGIN_S, f"{count(grace_s)} s of grace are too few to tell")
    took_ns = gone_ns - trial.accepted_ns
    if (took_ns < grace_s * NS_PER_S) == (waits_s is None):
        yield against(f"{name}: gone {at_most_ns(took_ns)} after the deletion, with {count(grace_s)} s of grace")
    else:
        yield holds(f"The pod of {name} was gone {at_most_ns(took_ns)} after the deletion{cost.exit_code}.")


@checker("report.md: What clients saw")
@of_each
def the_name_goes_at_once(cost: Cost) -> Iterator[Finding]:
    """New connections by name fail from the deletion on, however the container ends."""
    at, latest_ns = cost.first_failure(BY_NAME)
    if at.after_ns > AT_ONCE_S * NS_PER_S:
        yield against(f"{cost.ending.set}: a client still reached it by name more than {AT_ONCE_S} s later")
    elif latest_ns > AT_ONCE_S * NS_PER_S:
        yield unsure(f"{cost.ending.set}: when clients began to fail is not known well enough")
    yield holds(f"Connections by the name of {cost.ending.pod} failed {at_most_ns(latest_ns)} after the deletion.")


@checker("report.md: What clients saw")
@of_each
def who_is_connected_is_served_on(cost: Cost) -> Iterator[Finding]:
    """Through the ClusterIP and on an open connection a container serves for as long as it goes on."""
    for how in (BY_ADDRESS, CONNECTED):
        yield from or_unsure(served_on(cost, how), cost.ending.set)


def served_on(cost: Cost, how: str) -> Iterator[Finding]:
    where, waits_s = f"{cost.ending.set}, {how}", cost.ending.waits_s
    if waits_s == 0:
        return
    grace_s = known(cost.trial.life.grace_s, "its grace period is not known")
    least_s = (grace_s if waits_s is None else min(grace_s, waits_s)) - 1
    at, latest_ns = cost.first_failure(how)
    if latest_ns < least_s * NS_PER_S:
        yield against(f"{where}: failed {between(at)} after the deletion, not {count(least_s)} s or more")
    elif at.after_ns < least_s * NS_PER_S:
        yield unsure(f"{where}: when it failed is not known well enough")
    yield holds(f"{where}: the first failure came {between(at)} after the deletion.")


# ---- answers ----


def what_each_costs(reading: Reading) -> Iterator[str]:
    found = costs(reading)
    need(found, "no pod was deleted")
    if the_name_goes_at_once(reading).outcome == who_is_connected_is_served_on(reading).outcome == "ok":
        yield "By name clients lose the pod with its deletion; through its ClusterIP and on an open connection they lose it when its container ends."
    rows = ((f"{c.ending.set}: {c.ending.how}", *(_cost(c.views.get(how)) for how in WAYS)) for c in found)
    yield f"A row is one deletion, and says for how long clients had no answer:{table(('how the container ends', *WAYS), *rows)}"


def _cost(view: ClientView | None) -> str:
    if view is None or view.outage_ns is None:
        return f"nothing failed in {count(view.samples, 'try|tries')}" if view else "nobody asked"
    return between(view.outage_ns)


def away(reading: Reading, *sets: str) -> Interval:
    """For how long a pod of one of these sets was unreachable by its name: from the shortest to the longest time."""
    views = [(one, cost.views.get(BY_NAME)) for one in sets for cost in costs(reading) if cost.ending.set == one]
    need({one for one, _ in views} == {*sets}, "not every such pod was deleted")
    found = [known(view.outage_ns if view else None, f"{one}: its end was not measured") for one, view in views]
    ends_ns = [known(one.before_ns, "a pod did not come back") for one in found]
    return Interval(min(one.after_ns for one in found), max(ends_ns))


def each_away(reading: Reading, sets: Iterable[str]) -> str:
    """The same for each of them: two times are no bounds of one."""
    return " and ".join(f"{between(away(reading, one))} ({one})" for one in sets)


def what_to_do(reading: Reading) -> Iterator[str]:
    deaf, quick = away(reading, *DEAF), away(reading, *QUICK)
    need(deaf.after_ns > (quick.before_ns or 0), "a shell that stays PID 1 was not seen to cost more")
    yield f"Let the server be PID 1 (`exec`, or a shell that hands over): without a preStop hook its pod was away by name for {each_away(reading, QUICK)}. Behind a shell that stays PID 1 and has no trap for the signal it was away for {between(deaf)}."
    yield from where_measured(_waiting, reading, quick.before_ns or 0)


def _waiting(reading: Reading, most_ns: int) -> Iterator[str]:
    waiting = [(e.set, away(reading, e.set)) for e in ENDINGS if e.waits_s]
    longer = ", ".join(f"{name} {between(found)}" for name, found in waiting if found.after_ns > most_ns)
    need(longer, "waiting was not seen to cost more")
    yield f"Waiting before the end makes a pod unreachable by its name for longer: {longer}. That is a trade-off. Clients that look the member up are without it for that time. Clients that cached its address may go on with it for as long as it waits; this run has none."
    held(reading, who_is_connected_is_served_on)
    yield f"Through a ClusterIP and on an open connection clients are served while it waits, and their outage comes later. This run does not tell whether it is shorter: one pod stood behind each service, with {deletions(reading)} of each."


def deletions(reading: Reading) -> str:
    return count(len(costs(reading)) // len(ENDINGS), "deletion")


def headline(reading: Reading) -> str:
    quick, deaf = (each_away(reading, sets) for sets in (QUICK, DEAF))
    return f"A pod was unreachable by its name for {quick} where the server is PID 1 and has no preStop hook. It was unreachable for {deaf} where a shell without a trap is PID 1. That rests on {deletions(reading)} of each."


experiment = Experiment(
    name="grace-period",
    hypothesis="However a container ends, its pod's name is gone from the deletion on; how it ends decides for how long, and whether those who are connected are served meanwhile.",
    checkers=(
        "fault-took-effect",
        first_processes_are_as_meant,
        only_a_deaf_shell_takes_the_whole_grace_period,
        the_name_goes_at_once,
        who_is_connected_is_served_on,
    ),
    questions=(
        Question(
            "grace-cost",
            "What does each way to end cost clients by name, through a ClusterIP and on an open connection?",
            what_each_costs,
            ("report.md: What clients saw",),
        ),
        Question("grace-advice", "What should a container do when it is told to end?", what_to_do),
    ),
    watched_names=10,  # what clients of ten names cost that ask one view each, ten times a second
    tables=(FirstProcess, Waited),
    headline=headline,
    needs=("exec",),
    uses=("get,create pods/exec",),
    duration_s=90,
    method=method,
    options=("trials", "grace", "force", "connect-period", "max-qps"),
)
