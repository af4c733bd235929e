"""One run from preflight to rollback."""

from __future__ import annotations

import asyncio
import gc
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.clock import RunClock
from chaos.cluster import Changes, Cluster, Journal, Watcher, connect
from chaos.engine import preflight
from chaos.engine.active import ActiveRun
from chaos.engine.conclusion import PRECEDENCE
from chaos.engine.deployment import DEPLOY_WITHIN_S, claim_namespace, deploy
from chaos.engine.folder import make_run_folder
from chaos.engine.place import Place
from chaos.engine.plan import plan_lines, stretched_note
from chaos.engine.probing import Probing
from chaos.engine.progress import Progress
from chaos.engine.rollback import roll_back
from chaos.errors import ChaosError, InconclusiveError, InterruptedRunError, RollbackError, SteadyStateError, UsageError
from chaos.experiment import Experiment, Options
from chaos.experiment.loading import line_of
from chaos.model import ClusterEvent, History
from chaos.model.recording import Recorder

_FLUSH_S = 1.0
_WATCHED = ("Pod", "EndpointSlice", "StatefulSet")


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


@dataclass(slots=True)
class _Begun:
    """What exists once the run has a folder; from then on there may be something to undo."""

    recorder: Recorder
    journal: Journal
    changes: Changes
    probing: Probing


class Execution:
    """Runs one experiment once.

    Args:
        reports: the folder below which the run's own is made.
        save: writes the history's head (run.json) at once, so that a crash leaves a folder that can be read.
    """

    def __init__(
        self,
        experiment: Experiment,
        options: Options,
        place: Place,
        reports: Path,
        progress: Progress,
        save: Callable[[Path, History], None],
    ) -> None:
        self._experiment = experiment
        self._options = options
        self._place = place
        self._reports = reports
        self._progress = progress
        self._save = save
        self._clock = RunClock(asyncio.get_running_loop())
        self._body: asyncio.Task[None] | None = None
        self._interrupted = False
        self._defects: list[InconclusiveError] = []
        self._cluster: Cluster | None = None
        self._begun: _Begun | None = None

    def interrupt(self) -> None:
        """Stop measuring, roll back, and keep what was recorded. Later calls do nothing."""
        if not self._interrupted and self._body is not None:
            self._interrupted = True
            self._body.cancel()

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
                leftovers = await roll_back(self._begun.journal, self._begun.changes, self._progress)
        finally:
            if self._cluster is not None:
                await self._cluster.close()
            loop.set_exception_handler(None)
        if (failure := self._place.failure()) is not None:
            self._defects.insert(0, InconclusiveError(f"the sandbox itself failed: {failure!r}"))
        ended = _error_of(self._body)
        found = [e for e in (ended, *self._defects) if e is not None]
        error = min(found, key=lambda e: PRECEDENCE.index(e.exit_code)) if found else None
        if self._begun is None:
            if self._interrupted or error is None:
                raise InterruptedRunError("interrupted before anything was begun")
            raise error
        return self._seal(self._begun, error, leftovers)

    def _defect(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback raised, such as a prober's: what it should have measured is missing, so nothing may pass."""
        exc = context.get("exception")
        self._defects.append(InconclusiveError(f"a defect of this tool: {context['message']}: {exc!r}"))
        if os.environ.get("CHAOS_DEBUG"):
            self._clock.loop.default_exception_handler(context)

    def _seal(self, begun: _Begun, error: ChaosError | None, leftovers: list[RollbackError]) -> RunResult:
        """Close the history; a full disk must not hide the first error."""
        history = begun.recorder.history
        if self._interrupted:
            history.status, error = "interrupted", None
        elif error is None or isinstance(error, SteadyStateError):
            history.status = "complete"
        history.meta.measurement = begun.probing.measurement()
        if self._cluster is not None:
            history.meta.measurement["api_requests"] = self._cluster.requests
        begun.journal.close()
        try:
            begun.recorder.close()
        except ChaosError as exc:
            history.status = "incomplete"
            error = error or exc
        return RunResult(begun.recorder.folder, history, error, leftovers)

    async def _prepare_and_measure(self) -> None:
        self._progress.step(f"connecting to {self._place.label}")
        self._cluster = await connect(self._place.address)
        found = await preflight.check(self._cluster, self._place, self._experiment, self._options)
        begun = self._begun = self._begin(found)
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
        )
        trials = self._options.trials or len(found.target.names)
        limit_s = DEPLOY_WITHIN_S + self._experiment.timeout_s * (trials + 1)
        try:
            async with asyncio.timeout(limit_s):
                await self._measure(run, found, begun)
        except TimeoutError as exc:
            raise InconclusiveError(f"the run was not over after {limit_s:.0f} s and was ended") from exc

    def _begin(self, found: preflight.Preflight) -> _Begun:
        """Make the run's folder and show the plan; still nothing is touched."""
        folder = make_run_folder(self._reports, self._experiment.name, self._clock.started_at)
        meta = preflight.run_meta(found, self._place, self._experiment, self._options, self._clock)
        recorder = Recorder(folder, meta)
        run_id = f"{self._experiment.name}-{folder.name}".lower()
        address = self._place.address
        journal = Journal.start(
            folder,
            {
                "id": run_id,
                "context": address.context,
                "kubeconfig": str(address.kubeconfig or ""),
                "in_cluster": address.in_cluster,
                "fingerprint": found.cluster.fingerprint,
                "simulated": self._place.simulated,
            },
        )
        changes = Changes(found.cluster, journal, self._clock, run_id)
        probing = Probing(
            self._place.vantage, self._clock, recorder, found.dns, found.target, self._options, self._experiment.probes
        )
        rates = probing.rates
        meta.parameters |= {
            "dns_period_s": rates.dns_period_s,
            "connect_period_s": rates.connect_period_s,
            "planned_queries_per_s": round(rates.queries_per_s, 1),
        }
        self._save(folder, recorder.history)
        self._progress.plan(plan_lines(found, self._place, self._experiment, self._options, rates))
        if rates.stretched:
            self._progress.warning(stretched_note(self._options, rates))
        return _Begun(recorder, journal, changes, probing)

    async def _measure(self, run: ActiveRun, found: preflight.Preflight, begun: _Begun) -> None:
        target, recorder, probing = found.target, begun.recorder, begun.probing

        def saw(event: ClusterEvent) -> None:
            recorder.event(event)
            target.saw(event)
            probing.saw(event)
            self._progress.event(event.at_ns / 1e9, event)

        await claim_namespace(run, target.namespace, make=not self._options.namespace)
        watchers = [Watcher(found.cluster, self._clock, kind, target.namespace, saw, recorder.gap) for kind in _WATCHED]
        async with asyncio.TaskGroup() as group, probing:
            background = [group.create_task(watcher.run()) for watcher in watchers]
            background.append(group.create_task(_keep_up(recorder, probing)))
            try:
                for watcher in watchers:
                    await watcher.listed.wait()
                self._progress.step(f"deploying {target.statefulset}")
                clusterips = await deploy(run, self._experiment, target, self._clock)
                gc.collect()
                gc.freeze()  # a collection over everything imported would stop the probes for tens of milliseconds
                probing.begin(clusterips)
                await self._method(run)
            finally:
                for task in background:
                    task.cancel()

    async def _method(self, run: ActiveRun) -> None:
        try:
            await self._experiment.method(run)
        except ChaosError:
            raise
        except (Exception, SystemExit) as exc:
            where = line_of(self._experiment.source, exc)
            raise UsageError(
                f"the method of {self._experiment.name} ({self._experiment.source}{where}) raised "
                f"{type(exc).__name__}: {exc}",
                hint="mend the experiment; what it had changed is undone",
            ) from exc


async def _keep_up(recorder: Recorder, probing: Probing) -> None:
    while True:
        await asyncio.sleep(_FLUSH_S)
        recorder.flush()
        probing.retire_silent_addresses()


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
        traceback.print_exception(exc)
    defect = InconclusiveError(f"a defect of this tool: {type(exc).__name__}: {exc}", hint="CHAOS_DEBUG=1 shows where")
    defect.__cause__ = exc
    return defect
