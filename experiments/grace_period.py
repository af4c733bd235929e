"""What does it cost clients how a container ends: by name, through a ClusterIP, and on an open connection?"""

from dataclasses import dataclass

from chaos.experiment import (
    ClientView,
    DeletePod,
    Experiment,
    Interval,
    PodIdentity,
    Question,
    Reading,
    Run,
    Trial,
    Verdict,
    at_most_ns,
    between,
    client_views,
    combine,
    facts,
    trials,
)

PORT = 80
READY_WITHIN_S = 120
SETTLE_S = 3.0
STREAM_PERIOD_S = 0.1
NS_PER_S = 1_000_000_000
# DNS follows a deletion within milliseconds, and a busy machine is not to fail it.
AT_ONCE_S = 2
# What a container may take to end besides what it waits for on purpose.
MARGIN_S = 3


@dataclass(frozen=True, slots=True)
class Ending:
    """One of the sets of the manifest.

    Attributes:
        how: for people.
        waits_s: so long it goes on serving on purpose after it was told to end; None: it never ends by itself.
        first: the program that must be PID 1 for that.
    """

    set: str
    how: str
    waits_s: int | None
    first: str

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
LINGERING = tuple(ending for ending in ENDINGS if ending.waits_s != 0)


async def method(run: Run) -> None:
    """Delete the pod of each set in turn, while clients ask for it by name, through a ClusterIP and on a connection."""
    await run.apply("grace.yaml")
    for ending in ENDINGS:
        pods = await run.ready_pods(f"set={ending.set}", 1, within_s=READY_WITHIN_S)
        if not pods:
            run.mark("not-ready", set=ending.set, within_s=READY_WITHIN_S)
            return
        said = await run.objects.exec(pods[0].name, ["cat", "/proc/1/comm"])
        run.mark("first-process", set=ending.set, pod=pods[0].name, pid_1=said.stdout.strip(), how=ending.how)
    for ending in ENDINGS:
        for name in (f"{ending.pod}.{ending.set}", f"{ending.set}-ip"):
            run.watch_clients("http", name, PORT, pod=ending.pod)
        run.watch_clients("stream", f"{ending.pod}.{ending.set}", PORT, pod=ending.pod, period_s=STREAM_PERIOD_S)
    await run.sleep(SETTLE_S)
    for _ in range(run.options.trials or 1):
        for ending in ENDINGS:
            if not await replace(run, ending):
                return


async def replace(run: Run, ending: Ending) -> bool:
    """Delete the pod of a set and wait for its successor; whether it came."""
    old = (await run.pods_of(f"set={ending.set}"))[0]

    async def back() -> tuple[PodIdentity, ...] | None:
        found = await run.pods_of(f"set={ending.set}")
        return found if any(pod.uid != old.uid for pod in found) else None

    async with run.inject(DeletePod(old, grace_s=run.options.deletion_grace_s)):
        found = await run.until(f"{ending.pod} is replaced", back, READY_WITHIN_S)
        await run.sleep(SETTLE_S)
    return bool(found)


# ---- what the run shows ----


@dataclass(frozen=True, slots=True)
class Cost:
    """What one deletion cost each client; a view is None where that client was not heard in the trial."""

    ending: Ending
    trial: Trial
    by_name: ClientView | None
    by_address: ClientView | None
    on_connection: ClientView | None

    @property
    def took_ns(self) -> int | None:
        """From the deletion until the old pod's object was gone, from above."""
        gone_ns = self.trial.life.old_gone_ns
        return None if gone_ns is None else gone_ns - self.trial.accepted_ns

    @property
    def exit_code(self) -> int | None:
        """With which its container ended; None where the watch did not show it."""
        status = (self.trial.life.old_pod or {}).get("status", {})
        ended = [row.get("state", {}).get("terminated") for row in status.get("containerStatuses") or ()]
        return int(ended[0]["exitCode"]) if ended and ended[0] else None


def costs(reading: Reading) -> list[Cost]:
    """Of each deletion, in the order in which they were made."""
    views = client_views(reading)
    found = []
    for trial in trials(reading):
        ending = next((e for e in ENDINGS if e.pod == trial.target.name), None)
        if ending is None:
            continue

        def view(probe: str, record: str, trial: Trial = trial) -> ClientView | None:
            mine = (v for v in views if v.trial.key == trial.key and v.probe == probe)
            return next((v for v in mine if v.record == f"{record}:{PORT}"), None)

        name = f"{ending.pod}.{ending.set}"
        found.append(Cost(ending, trial, view("http", name), view("http", f"{ending.set}-ip"), view("stream", name)))
    return found


def unseen(reading: Reading) -> list[str]:
    """Sets whose deletion was not measured."""
    seen = {cost.ending.set for cost in costs(reading)}
    return [f"{ending.set}: its pod was not deleted" for ending in ENDINGS if ending.set not in seen]


def first_processes_are_as_meant(reading: Reading) -> Verdict:
    """PID 1 of each set is what its way to end needs; without that the run compares something else."""
    found = {one["set"]: one["pid_1"] for one in facts(reading, "first-process")}
    failures = [
        f"{e.set}: PID 1 is {found[e.set]}, not {e.first}"
        for e in ENDINGS
        if found.get(e.set) not in ("", e.first, None)
    ]
    unknowns = [f"{e.set}: its PID 1 is not known" for e in ENDINGS if not found.get(e.set)]
    told = ", ".join(f"{e.set} {found.get(e.set)}" for e in ENDINGS)
    return combine(
        "first-processes-are-as-meant",
        failures=failures,
        unknowns=unknowns,
        success=f"PID 1 is: {told}.",
        evidence=("report.md: Measured",),
    )


def only_a_deaf_shell_takes_the_whole_grace_period(reading: Reading) -> Verdict:
    """The set whose PID 1 ignores the signal is killed at the end of its grace period; the others end before."""
    failures, unknowns, told = [], unseen(reading), []
    for cost in costs(reading):
        name, grace_s, took_ns = cost.ending.set, cost.trial.life.grace_s, cost.took_ns
        waits_s = cost.ending.waits_s
        if took_ns is None or grace_s is None:
            unknowns.append(f"{name}: its end was not seen")
        elif waits_s is not None and grace_s <= waits_s + MARGIN_S:
            unknowns.append(f"{name}: a grace period of {grace_s} s is too short to tell")
        elif (took_ns < grace_s * NS_PER_S) == (waits_s is None):
            failures.append(
                f"{name}: its pod was gone {at_most_ns(took_ns)} after the deletion, with {grace_s} s of grace"
            )
        else:
            code = "" if cost.exit_code is None else f" (exit code {cost.exit_code})"
            told.append(f"{name} {at_most_ns(took_ns)}{code}")
    return combine(
        "only-a-deaf-shell-takes-the-whole-grace-period",
        failures=failures,
        unknowns=unknowns,
        success=f"From the deletion until the pod was gone it took: {', '.join(told)}.",
        evidence=("report.md: Stages",),
    )


def the_name_goes_at_once(reading: Reading) -> Verdict:
    """New connections by name fail from the deletion on, however the container ends."""
    failures, unknowns, latest_ns = [], unseen(reading), 0
    for cost in costs(reading):
        view = cost.by_name
        if view is None or view.first_failed is None or view.first_failed.before_ns is None:
            unknowns.append(f"{cost.ending.set}: no client was seen to fail by name")
            continue
        at_once_ns = cost.trial.accepted_ns + AT_ONCE_S * NS_PER_S
        if view.first_failed.after_ns > at_once_ns:
            failures.append(f"{cost.ending.set}: a client still reached it by name more than {AT_ONCE_S} s later")
        elif view.first_failed.before_ns > at_once_ns:
            unknowns.append(f"{cost.ending.set}: when clients began to fail is not known well enough")
        latest_ns = max(latest_ns, view.first_failed.before_ns - cost.trial.accepted_ns)
    return combine(
        "the-name-goes-at-once",
        failures=failures,
        unknowns=unknowns,
        success=f"New connections by name failed {at_most_ns(latest_ns)} after the deletion, in all {len(costs(reading))} trials.",
        evidence=("report.md: Connections",),
    )


def who_is_connected_is_served_on(reading: Reading) -> Verdict:
    """Through the ClusterIP and on an open connection a container serves for as long as it goes on."""
    failures, unknowns, told = [], unseen(reading), []
    for cost in costs(reading):
        if cost.ending.waits_s == 0:
            continue
        grace_s = cost.trial.life.grace_s
        if grace_s is None:
            unknowns.append(f"{cost.ending.set}: its grace period is not known")
            continue
        least_s = min(grace_s, grace_s if cost.ending.waits_s is None else cost.ending.waits_s) - 1
        for what, view in (("the ClusterIP", cost.by_address), ("the open connection", cost.on_connection)):
            where = f"{cost.ending.set}, {what}"
            if view is None or view.first_failed is None or view.first_failed.before_ns is None:
                unknowns.append(f"{where}: its end was not seen")
            elif view.first_failed.before_ns < cost.trial.accepted_ns + least_s * NS_PER_S:
                failures.append(
                    f"{where}: failed {since(cost, view.first_failed)} after the deletion, not {least_s} s or more"
                )
            elif view.first_failed.after_ns < cost.trial.accepted_ns + least_s * NS_PER_S:
                unknowns.append(f"{where}: when it failed is not known well enough")
            else:
                told.append(f"{where} {since(cost, view.first_failed)}")
    return combine(
        "who-is-connected-is-served-on",
        failures=failures,
        unknowns=unknowns,
        success=f"The first failure came after the deletion: {'; '.join(told)}.",
        evidence=("report.md: Connections",),
    )


def since(cost: Cost, at: Interval) -> str:
    """How long after the deletion; it may come before the API server's answer, which is counted from."""
    zero_ns = cost.trial.accepted_ns
    after_ns = max(0, at.after_ns - zero_ns)
    if at.before_ns is not None and at.before_ns <= zero_ns:
        return "less than 0.001 s"
    return between(Interval(after_ns, None if at.before_ns is None else at.before_ns - zero_ns))


def what_each_costs(reading: Reading) -> str:
    """One sentence for each way to end."""
    said = []
    for cost in costs(reading):
        parts = [
            _cost("by name", cost, cost.by_name),
            _cost("through the ClusterIP", cost, cost.by_address),
            _cost("on the open connection", cost, cost.on_connection),
        ]
        said.append(f"{cost.ending.set} ({cost.ending.how}): {'; '.join(parts)}.")
    return " ".join(said)


def _cost(how: str, cost: Cost, view: ClientView | None) -> str:
    if view is None:
        return f"{how} nobody asked"
    if view.outage_ns is None or view.failed is None or view.first_failure is None:
        return f"{how} nothing failed in {view.samples} tries"
    return f"{how} no answer for {between(view.outage_ns)}, first {view.first_failure[0]} {since(cost, view.failed)} after the deletion"


def what_to_do(reading: Reading) -> str:
    """The advice, where the figures carry it."""
    by_set = {cost.ending.set: cost for cost in costs(reading)}
    deaf, exec_ = (_outage(by_set.get(name)) for name in ("dash", "exec"))
    if deaf is None or exec_ is None or exec_.before_ns is None or deaf.after_ns <= exec_.before_ns:
        return ""
    said = (
        f"Let the server be PID 1 (`exec`, or a shell that hands over): by name its pod was away for {between(exec_)}, "
        f"behind a shell that stays PID 1 for {between(deaf)}. "
    )
    waiting = [(e, _outage(by_set.get(e.set))) for e in ENDINGS if e.waits_s]
    longer = [(e, found) for e, found in waiting if found is not None and found.after_ns > exec_.before_ns]
    if longer:
        said += (
            "Waiting before the end keeps those served who are connected or come through a ClusterIP, and costs those who come by "
            f"the pod's name: {', '.join(f'{e.set} {between(found)}' for e, found in longer)}. "
            "So a member that clients find by its own name should end as soon as its work is done, and one behind a ClusterIP "
            "may take its time."
        )
    return said.strip()


def _outage(cost: Cost | None) -> Interval | None:
    return None if cost is None or cost.by_name is None else cost.by_name.outage_ns


def headline(reading: Reading) -> str:
    by_set = {cost.ending.set: _outage(cost) for cost in costs(reading)}
    quick, deaf = by_set.get("ash"), by_set.get("dash")
    if quick is None or deaf is None:
        return "What each way to end costs was not measured."
    where = "On the simulated cluster the" if reading.meta.simulated else "The"
    return (
        f"{where} same pod was unreachable by its name for {between(quick)} where the server hears the signal (ash hands over), "
        f"and for {between(deaf)} where a shell keeps it (dash does not)."
    )


experiment = Experiment(
    name="grace-period",
    hypothesis=(
        "However a container ends, its pod's name is gone from the deletion on; how it ends decides for how long, and whether those who are "
        "connected are served meanwhile."
    ),
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
            ("report.md: Connections",),
        ),
        Question("grace-advice", "What should a container do when it is told to end?", what_to_do),
    ),
    # Clients of ten names, each asking one view ten times a second, cost as much as this.
    watched_names=10,
    tables={"first-process": "What is PID 1 of each set:", "waited": "Waits of the method:"},
    headline=headline,
    needs=("exec",),
    uses=("get,create pods/exec",),
    timeout_s=300,
    duration_s=90,
    method=method,
)
