"""One run from preflight to rollback."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from chaos.agents.fleet import START_WITHIN_S, Fleet
from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.watch import NamespaceLooks, Watcher
from chaos.engine import preflight
from chaos.engine.aborting import check_all
from chaos.engine.aborting.making import outside_conditions
from chaos.engine.active import ActiveRun
from chaos.engine.backing_off import BackOff
from chaos.engine.begun import Begun, Order, begin
from chaos.engine.conclusion import PRECEDENCE, ending_of
from chaos.engine.deployment import DEPLOY_WITHIN_S, claim_namespace, deploy
from chaos.engine.lease import Heartbeat
from chaos.engine.method import carry_out, method_limit_s
from chaos.engine.patience import AFTER_SIGNAL_S, CLEANUP_WITHIN_S, Patience
from chaos.engine.place import Place
from chaos.engine.practice import place_onto
from chaos.engine.progress import Progress
from chaos.engine.redaction import redacted
from chaos.engine.revisions import Revisions
from chaos.engine.rollback import roll_back
from chaos.engine.undeclared import undeclared
from chaos.engine.unfinished import refuse_on_top
from chaos.engine.vantages import Vantages
from chaos.engine.watching import keep_looking_at, keep_up, look_a_last_time, look_at
from chaos.errors import (
    ChaosError,
    InconclusiveError,
    InterruptedRunError,
    RollbackError,
    SteadyStateError,
)
from chaos.experiment import Experiment, Options
from chaos.model import ClusterEvent, History
from chaos.options.identify import Identify
from chaos.visible import visible_traceback

# After the method has ended, fetching samples from agents and closing probes may take so long.
_END_WITHIN_S = 60.0
_WATCHED = ("Pod", "EndpointSlice", "StatefulSet", "Service", "PersistentVolumeClaim")
_LOOK_AT_NAMESPACE_S = 5.0


@dataclass(slots=True)
class RunResult:
    """What became of a run.

    Attributes:
        error: what ended it early.
        leftovers: what could not be rolled back.
    """

    folder: Path
    history: History
    error: ChaosError | None
    leftovers: list[RollbackError]


class Execution:
    """Runs one experiment once.

    Args:
        reports: the folder below which the run's own is made.
        save: writes the history's head (run.json) at once, so that a crash leaves a folder that can be read.
        shared: whether others on this machine may read the run's folder.
        judge: says how a run ended, as run.json does, from its history and what ended it early; for the after hook.
    """

    def __init__(
        self,
        experiment: Experiment,
        options: Options,
        place: Place,
        reports: Path,
        progress: Progress,
        save: Callable[[Path, History], None],
        *,
        shared: bool = False,
        judge: Callable[[History, ChaosError | None], str] | None = None,
    ) -> None:
        self._experiment = experiment
        self._options = options.with_own(experiment.own_options)
        self._place = place
        self._reports = reports
        self._progress = progress
        self._save = save
        self._shared = shared
        self._judge = judge
        self._clock = RunClock(asyncio.get_running_loop())
        self._body: asyncio.Task[None] | None = None
        self._interrupted = False
        self._patience: Patience | None = None
        self._defects: list[InconclusiveError] = []
        self._cluster: Cluster | None = None
        self._begun: Begun | None = None

    def interrupt(self) -> None:
        """Stop measuring, roll back, and keep what was recorded. Later calls do nothing."""
        if not self._interrupted and self._body is not None:
            self._interrupted = True
            self._body.cancel()
            if self._patience is not None:
                self._patience.shorten()

    def recovery(self) -> str:
        """The command that undoes what is open now; empty where nothing is, or where it goes with this process."""
        if self._begun is None or self._place.simulated or not self._begun.journal.open_entries():
            return ""
        return self._begun.journal.recovery()

    async def run(self) -> RunResult:
        """Run it. The work is a task of its own, so that an interruption ends it and not the rollback.

        Raises:
            ChaosError: nothing was begun: bad usage, or the preflight failed.
        """
        loop = self._clock.loop
        loop.set_exception_handler(self._defect)
        self._body = asyncio.create_task(self._prepare_and_measure())
        await asyncio.wait([self._body])
        leftovers: list[RollbackError] = []
        try:
            if self._begun is not None:
                self._progress.step("cleaning up")
                leftovers = await self._roll_back(self._begun)
                if self._begun.heartbeat is not None:
                    await self._begun.heartbeat.end()
                await self._announce_end(self._begun, len(leftovers))
        except BaseException:
            if self._begun is not None:
                await self._begun.hooks.after("inconclusive")
            raise
        finally:
            if self._cluster is not None:
                await self._cluster.close()
            loop.set_exception_handler(None)
            gc.unfreeze()  # another run in this process must not inherit what this one leaves
        if (failure := self._place.failure()) is not None:
            self._defects.insert(0, InconclusiveError(f"the sandbox itself failed: {failure!r}"))
        ended = _error_of(self._body)
        found = [e for e in (ended, *self._defects) if e is not None]
        error = min(found, key=lambda e: PRECEDENCE.index(e.exit_code)) if found else None
        if self._begun is None:
            if self._interrupted or error is None:
                raise InterruptedRunError("interrupted before anything was begun")
            raise error
        error = await self._complete(self._begun, error, leftovers)
        await self._run_after_hook(self._begun, error)
        return self._seal(self._begun, error, leftovers)

    async def _announce_end(self, begun: Begun, left: int) -> None:
        """Announce the end of the run, unless its namespace was its own and is gone."""
        announcer = begun.announcer
        if self._options.namespace:
            await announcer.finish()
            await announcer.undone(begun.recorder.history.wall(self._clock.now_ns()), left)
        if announcer.problem:
            self._progress.warning(f"not all Events could be written to the target: {announcer.problem}")
            begun.recorder.history.meta.measurement["events_problem"] = announcer.problem

    async def _run_after_hook(self, begun: Begun, error: ChaosError | None) -> None:
        """Whatever became of the run: an alert that stays silenced is worse than a run that failed."""
        if not begun.hooks.due:
            return
        history = begun.recorder.history
        try:
            outcome = self._judge(history, error) if self._judge else str(ending_of(history, []).outcome)
        except Exception as exc:  # noqa: BLE001 - see above; whoever reports meets it again
            outcome = "inconclusive"
            self._progress.warning(f"how the run ended could not be told to the after hook: {exc}")
        failure = await begun.hooks.after(outcome)
        if failure is not None:
            history.meta.measurement["after_hook_failed"] = failure.message
            self._progress.warning(f"{failure.message}; what it was to take back is as the before hook left it")
            if failure.hint:
                self._progress.warning(failure.hint)

    async def _roll_back(self, begun: Begun) -> list[RollbackError]:
        """Undo everything; whatever ends that early, the run must not look as if nothing were left."""
        self._patience = Patience(self._clock, AFTER_SIGNAL_S if self._interrupted else CLEANUP_WITHIN_S)
        if begun.heartbeat is not None:
            begun.heartbeat.undoing()
        try:
            failures = await roll_back(begun.journal, begun.changes, self._progress, self._patience)
            if begun.mirror is not None and (why := await begun.mirror.settle()):
                failures += self._mirror_left(begun, why)
        except Exception as exc:  # noqa: BLE001 - see above
            if os.environ.get("CHAOS_DEBUG"):
                print(visible_traceback(exc), file=sys.stderr)
            return [
                RollbackError(
                    f"the clean-up was ended by a defect of this tool: {type(exc).__name__}: {exc}",
                    hint=f"finish it with: {begun.journal.recovery()}",
                )
            ]
        else:
            return failures

    def _mirror_left(self, begun: Begun, why: str) -> list[RollbackError]:
        """The error of a mirror that could not be removed.

        It would keep later runs out. None where its namespace is gone, or where open entries are reported anyway.
        """
        told = f"what the cluster has of this run's journal is not up to date: {why}"
        gone = {e.name for e in begun.journal.entries.values() if e.kind == "Namespace" and e.state == "undone"}
        if begun.journal.open_in_cluster() or begun.journal.run.get("namespace") in gone:
            self._progress.warning(told)
            return []
        return [RollbackError(told, hint=self._place.address.recovery(begun.run_id, self._options.namespace))]

    def _lost(self, why: InconclusiveError) -> None:
        """The run's Lease is gone: it is no longer alone, so it ends."""
        self._defects.append(why)
        if self._body is not None:
            self._body.cancel()

    def _defect(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback raised, such as a prober's: what it should have measured is missing, so nothing may pass."""
        exc = context.get("exception")
        self._defects.append(InconclusiveError(f"a defect of this tool: {context['message']}: {exc!r}"))
        if os.environ.get("CHAOS_DEBUG"):
            print(visible_traceback(exc) if exc else context["message"], file=sys.stderr)

    async def _complete(
        self, begun: Begun, error: ChaosError | None, leftovers: list[RollbackError]
    ) -> ChaosError | None:
        """Write down what the run found out about itself; returns what ended it early."""
        history = begun.recorder.history
        known = dict(history.meta.measurement)
        if self._interrupted:
            history.status, error = "interrupted", None
        elif error is None or isinstance(error, SteadyStateError):
            history.status = "complete"
        history.meta.measurement = begun.probing.measurement() | known
        if begun.watch.conditions:
            await begun.watch.finish()
            history.meta.measurement["abort_conditions"] = begun.watch.rows()
        if begun.clients is not None and any(begun.clients.counters().values()):
            history.meta.measurement |= begun.clients.counters()
        if self._cluster is not None:
            history.meta.measurement |= self._cost(self._cluster, begun.fleet)
        if leftovers:  # without the hints: a command that joins a node again may hold a password
            history.meta.measurement["not_undone"] = [left.message for left in leftovers]
        elif isinstance(error, RollbackError):
            error.hint = ""  # what a method could not put back was tried again since: `ending_of` says what that means
        drawn = self._place.drawn()
        history.meta.model = [{**row, "drawn": row["name"] in drawn} for row in history.meta.model]
        history.meta.finished_at = history.wall(self._clock.now_ns())
        return error

    def _seal(self, begun: Begun, error: ChaosError | None, leftovers: list[RollbackError]) -> RunResult:
        """Close the history; a full disk must not hide the first error."""
        history = begun.recorder.history
        begun.journal.close()
        try:
            begun.recorder.close()
        except ChaosError as exc:
            if not self._interrupted:  # an interrupted run keeps its status, which says more
                history.status = "incomplete"
            error = error or exc
        return RunResult(begun.recorder.folder, history, error, leftovers)

    @staticmethod
    def _cost(cluster: Cluster, fleet: Fleet | None) -> dict[str, Any]:
        """What the API server had to do for the run; without the bytes of agents' streams, which are counted apart."""
        counted = {
            "api_requests": cluster.requests,
            "api_bytes_sent": cluster.bytes_sent,
            "api_bytes_received": cluster.bytes_received,
            "api_used": {" ".join(filter(None, key)): n for key, n in sorted(cluster.used.items())},
        }
        if fleet is not None:
            sent, received = fleet.traffic()
            counted |= {"exec_bytes_sent": sent, "exec_bytes_received": received}
        return counted

    async def _prepare_and_measure(self) -> None:
        self._progress.step(f"connecting to {self._place.label}")
        self._cluster = await connect(self._place.address, self._options.namespace)
        self._connected(self._cluster)
        async with place_onto(self._cluster, self._place) as self._place:
            await self._look_and_measure(self._cluster)

    async def _look_and_measure(self, cluster: Cluster) -> None:
        found = await preflight.check(cluster, self._place, self._experiment, self._options)
        self._experiment, self._options = found.experiment, found.options
        outside = outside_conditions(self._options, found.cluster, self._clock, found.target.namespace)
        await check_all(outside)
        await self._refuse_on_top(found)
        order = self._order()
        begun = self._begun = begin(order, found, outside, self._save)
        vantages = self._vantages(order, found, begun)
        await begun.hooks.before()
        run = ActiveRun(
            self._experiment,
            self._options,
            found.cluster,
            begun.changes,
            self._clock,
            begun.recorder,
            found.target,
            begun.probing,
            self._progress,
            vantages.clients(),
            found.guards,
        )
        limit_s = self._limit_s(found)
        try:
            async with asyncio.timeout(limit_s):
                await self._measure(run, found, begun, vantages)
        except TimeoutError as exc:
            raise InconclusiveError(f"the run was not over after {limit_s:.0f} s and was ended") from exc

    def _vantages(self, order: Order, found: preflight.Preflight, begun: Begun) -> Vantages:
        return Vantages(order, found, begun)

    def _order(self) -> Order:
        return Order(
            self._experiment,
            self._options,
            self._place,
            self._clock,
            self._progress,
            self._reports,
            self._shared,
        )

    def _connected(self, cluster: Cluster) -> None:
        """Called once it is connected; a rehearsal notes requests from here on."""

    async def _refuse_on_top(self, found: preflight.Preflight) -> None:
        """Raises PreflightError: an earlier run is to be undone first; on the sandbox there is none."""
        mirrored = not self._options.local_journal_only
        if self._place.simulated and not mirrored:
            return
        address, namespace = self._place.address, self._options.namespace
        for note in await refuse_on_top(found.cluster, namespace, self._reports, address, mirrored=mirrored):
            self._progress.warning(note)

    async def _measure(self, run: ActiveRun, found: preflight.Preflight, begun: Begun, vantages: Vantages) -> None:
        target, recorder, probing = found.target, begun.recorder, begun.probing

        def saw(event: ClusterEvent) -> None:
            if event.kind == "Service" and event.name != target.service and not begun.changes.made(event.object):
                return  # a Service of somebody else in the same namespace
            recorder.event(event if begun.changes.made(event.object) else redacted(event))
            for told in followers:
                told(event)
            self._progress.event(event.at_ns / 1e9, event)

        fleet = vantages.fleet(self._limit_s(found)) if found.agents else None
        followers = [target.saw, probing.saw, begun.announcer.saw, *([fleet.saw] if fleet is not None else [])]
        made = await claim_namespace(
            run, found.cluster, begun.run_id, target.namespace, make=not self._options.namespace
        )
        begun.heartbeat = Heartbeat(found.cluster, self._clock, made, self._lost)
        watchers = [Watcher(found.cluster, self._clock, kind, target.namespace, saw, recorder.gap) for kind in _WATCHED]
        run.look_at_watches, run.announce = partial(look_at, watchers), begun.announcer.injected
        namespace = NamespaceLooks(found.cluster, self._clock, target.namespace, saw, _LOOK_AT_NAMESPACE_S)
        async with asyncio.TaskGroup() as group:
            revisions = Revisions(found.cluster, self._clock, recorder, target.namespace)
            forever = [watcher.run() for watcher in watchers]
            forever += [namespace.run(), keep_looking_at(watchers), revisions.keep_asking()]
            forever += [keep_up(recorder, probing, self._back_off(begun)), begun.announcer.run()]
            background = [group.create_task(one) for one in forever]
            try:
                for watcher in watchers:
                    await watcher.listed.wait()
                async with AsyncExitStack() as hosts:
                    await vantages.take_places(hosts, group, fleet)
                    if target.statefulset:
                        there = bool(self._options.target)
                        self._progress.step(f"{'probing' if there else 'deploying'} {target.statefulset}")
                    clusterips = await deploy(run, self._experiment, target, self._clock)
                    if not self._place.virtual_time:
                        gc.collect()
                        gc.freeze()  # a collection over everything imported would stop the probes for tens of ms
                    if Identify.parse(self._options.identify).by_library:
                        await vantages.check_login(run, target)
                    probing.begin(clusterips)
                    hosts.callback(probing.end)
                    await hosts.enter_async_context(run.clients)
                    watched = (begun.watch.follow(condition, run.steady) for condition in begun.watch.conditions)
                    background.extend(group.create_task(one) for one in watched)
                    try:
                        await carry_out(self._experiment, run, self._method_limit_s(found), self._still_blocked)
                    except ChaosError:
                        await look_a_last_time(watchers)
                        raise
                    self._tell_undeclared(found)
                    await look_a_last_time(watchers)
            finally:
                found.cluster.witness = None  # changes of the clean-up are not recorded as the run's
                for task in background:
                    task.cancel()

    def _back_off(self, begun: Begun) -> BackOff:
        allowed = "kube-system" not in self._experiment.needs  # a method with that need makes cluster DNS fail itself
        return BackOff(self._clock, begun.recorder, begun.probing, self._progress, allowed=allowed)

    def _tell_undeclared(self, found: preflight.Preflight) -> None:
        if missing := undeclared(self._experiment, found.cluster.used):
            self._progress.warning(f"another cluster may refuse what uses=… does not name: {', '.join(missing)}")

    def _limit_s(self, found: preflight.Preflight) -> float:
        """Seconds after which the run is ended, whatever it does."""
        deploy_s = DEPLOY_WITHIN_S + (START_WITHIN_S if found.agents else 0.0)
        return deploy_s + self._method_limit_s(found) + _END_WITHIN_S

    def _method_limit_s(self, found: preflight.Preflight) -> float:
        turns = self._options.most_trials or len(found.target.names) or 1
        return method_limit_s(self._experiment, self._options, turns)

    def _still_blocked(self) -> None:
        """Called from within what blocks; all that is left is to say what helps."""
        recovery = self._begun.journal.recovery() if self._begun else f"chaos recover {self._reports}"
        self._progress.warning(
            f"the method of {self._experiment.name} blocks and does not let itself be ended: "
            f"kill -9 {os.getpid()}, then: {recovery}"
        )


def _error_of(body: asyncio.Task[None]) -> ChaosError | None:
    """What ended the body, out of the groups that structured concurrency wraps errors in.

    A defect of the tool is an error like any other: what was recorded is kept, and nothing passes.
    """
    exc = None if body.cancelled() else body.exception()
    while isinstance(exc, BaseExceptionGroup):
        exc = next((e for e in exc.exceptions if isinstance(e, ChaosError | BaseExceptionGroup)), exc.exceptions[0])
    if exc is None or isinstance(exc, ChaosError):
        return exc
    if os.environ.get("CHAOS_DEBUG"):
        print(visible_traceback(exc), file=sys.stderr)
    defect = InconclusiveError(f"a defect of this tool: {type(exc).__name__}: {exc}", hint="CHAOS_DEBUG=1 shows where")
    defect.__cause__ = exc
    return defect
