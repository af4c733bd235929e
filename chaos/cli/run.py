"""`chaos run`: choose the place, run, judge, report."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos.analysis.reading import Reading
from chaos.cli.catalogue import known_experiment
from chaos.cli.saved import Conclusion, conclude, report_path, write_head
from chaos.cli.terminal import (
    SteadfastConsole,
    TerminalProgress,
    print_json,
    print_problem,
    print_short,
    run_time,
)
from chaos.engine.conclusion import INTERRUPTED
from chaos.errors import ChaosError, InconclusiveError, PreflightError, UsageError
from chaos.experiment import Experiment, Options
from chaos.metrics import MetricsOptions, Publisher, not_begun
from chaos.model import Ending, History

if TYPE_CHECKING:
    from chaos.engine.execution import Execution, RunResult
    from chaos.engine.place import Place

_SANDBOX_PERIOD_S = 0.01
_CLUSTER_PERIOD_S = 0.02
_CLUSTER_MAX_QPS = 500.0


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the command line asks for of each run; `quiet` leaves its answers to the report."""

    sandbox: bool
    context: str
    in_cluster: bool
    kubeconfig: Path | None
    options: dict[str, Any]
    period_s: float | None
    max_qps: float | None
    seed: int
    model: tuple[str, ...]
    realtime: bool
    reports: Path
    metrics: MetricsOptions
    as_json: bool
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """How a run ended.

    Attributes:
        document: the content of run.json.
    """

    ending: Ending
    document: dict[str, Any]
    folder: Path


def run_experiment(request: RunRequest, name: str) -> int:
    """Run one; returns the exit code.

    Raises:
        ChaosError: nothing was begun.
    """
    return run_one(request, known_experiment(name)).ending.exit_code


def run_one(request: RunRequest, experiment: Experiment) -> Told:
    """Run one, and say how it ended.

    Raises:
        ChaosError: nothing was begun.
    """
    simulated = on_sandbox(request)
    options = options_of(request, simulated=simulated)
    console = SteadfastConsole(stderr=True)
    virtual = simulated and not request.realtime
    with Publisher(request.metrics) as publisher:
        began_at = datetime.now(UTC)
        try:
            with asyncio.Runner(loop_factory=_virtual_loop if virtual else None) as runner:
                told = runner.run(_run(request, experiment, options, console, publisher, simulated=simulated))
        except ChaosError as exc:
            # Nothing was begun: last night's figures must not stay as if they were tonight's.
            history = not_begun(
                experiment.name,
                began_at,
                simulated=simulated,
                namespace=options.namespace,
                statefulset=experiment.workload.statefulset if experiment.workload else "",
            )
            _warn(console, publisher.publish(Reading(history), [], exc.exit_code))
            raise
        publisher.linger()
        return told


def options_of(request: RunRequest, *, simulated: bool) -> Options:
    """What a run may do.

    Raises:
        UsageError: an option says something impossible.
    """
    return Options(
        **request.options,
        period_s=_default(request.period_s, _SANDBOX_PERIOD_S if simulated else _CLUSTER_PERIOD_S),
        max_qps=_default(request.max_qps, None if simulated else _CLUSTER_MAX_QPS),
    )


def _warn(console: SteadfastConsole, problems: list[str]) -> None:
    for problem in problems:
        console.tell(f"warning: {problem}", markup=False, soft_wrap=True)


def _finish(
    request: RunRequest,
    experiment: Experiment,
    console: SteadfastConsole,
    publisher: Publisher,
    result: RunResult,
) -> Told:
    """Judge, report, tell."""
    conclusion = conclude(result.folder, result.history, result.error, experiment)
    _tell_problems(console, result, conclusion)
    if not request.quiet:
        _tell(request, console, result, conclusion)
    _warn(console, publisher.publish(conclusion.reading, conclusion.said.verdicts, conclusion.ending.exit_code))
    return Told(conclusion.ending, conclusion.document, result.folder)


def _default(given: float | None, otherwise: float | None) -> Any:
    return otherwise if given is None else given


def _virtual_loop() -> asyncio.AbstractEventLoop:
    from chaos.clock import VirtualTimeLoop  # noqa: PLC0415

    return VirtualTimeLoop()


def on_sandbox(request: RunRequest) -> bool:
    """Whether it is the sandbox that is asked for.

    Raises:
        UsageError: none or several are named where one must be.
    """
    named = [bool(request.sandbox), bool(request.context), request.in_cluster]
    if sum(named) > 1:
        raise UsageError("--sandbox, --context and --in-cluster exclude each other", hint="name one of them")
    if request.context or request.in_cluster:
        if request.realtime or request.model:
            raise UsageError("--realtime and --model are for the sandbox, not for a real cluster")
        return False
    if not request.sandbox and (os.environ.get("CI") or not sys.stdout.isatty()):
        raise UsageError(
            "say where to run: this is not a terminal, so the sandbox is not taken by default",
            hint="--sandbox for the simulated cluster, or --context NAME for a real one",
        )
    if request.kubeconfig is not None:
        raise UsageError("--kubeconfig without --context", hint="a context is never guessed: name it with --context")
    return True


async def _run(
    request: RunRequest,
    experiment: Experiment,
    options: Options,
    console: SteadfastConsole,
    publisher: Publisher,
    *,
    simulated: bool,
) -> Told:
    from chaos.engine.execution import Execution  # noqa: PLC0415 - asyncio is needed for it

    async with _place(request, console, simulated=simulated) as place:
        progress = TerminalProgress(console, run_time())  # now: its seconds are those of the run's clock

        def begun(folder: Path, history: History) -> None:
            write_head(folder, history)
            publisher.follow(history)

        execution = Execution(experiment, options, place, request.reports, progress, begun)
        remove_handlers = _signals(execution, console, request.kubeconfig)
        try:
            # The handlers stay until everything is told: what could not be undone must not be lost to a late Ctrl-C.
            result = await execution.run()
            if result.error is not None:
                _name_settings(result.error, request.model)
            return _finish(request, experiment, console, publisher, result)
        except ChaosError as exc:  # nothing was begun
            _name_settings(exc, request.model)
            raise
        finally:
            remove_handlers()


def _name_settings(error: ChaosError, settings: tuple[str, ...]) -> None:
    """Delays that the user chose may be why a cluster could not be used, or nothing could be concluded there."""
    if settings and error.exit_code in (PreflightError.exit_code, InconclusiveError.exit_code):
        error.message += f" (in a sandbox with {' '.join(f'--model {setting}' for setting in settings)})"


@asynccontextmanager
async def _place(request: RunRequest, console: SteadfastConsole, *, simulated: bool) -> AsyncIterator[Place]:
    from chaos.cluster.address import ClusterAddress  # noqa: PLC0415
    from chaos.engine.place import Place  # noqa: PLC0415

    if not simulated:
        from chaos.vantage.local import LocalVantage  # noqa: PLC0415

        address = ClusterAddress(context=request.context, kubeconfig=request.kubeconfig, in_cluster=request.in_cluster)
        yield Place(address, LocalVantage(), address.describe())
        return
    from chaos.cli.sandbox import make_sandbox, start_sandbox  # noqa: PLC0415

    time = "real time" if request.realtime else "virtual time"
    console.tell(
        f"[bold yellow]SIMULATED[/]: sandbox in {time}, seed {request.seed}; no cluster is touched. "
        "For a real one: --context NAME"
    )
    token = secrets.token_hex(16)
    sandbox = make_sandbox(request.seed, request.model, token, realtime=request.realtime)
    try:
        await start_sandbox(sandbox, request.model)
        connector = None if request.realtime else sandbox.api.connector()
        address = ClusterAddress(url=sandbox.api.url, token=token, connector=connector)
        yield Place(
            address,
            sandbox.vantage,
            f"sandbox, seed {request.seed}",
            simulated=True,
            virtual_time=not request.realtime,
            seed=request.seed,
            model=sandbox.model.describe(),
            drawn=sandbox.model.drawn,
            failure=sandbox.failure,
        )
    finally:
        await sandbox.stop()


def _signals(execution: Execution, console: SteadfastConsole, kubeconfig: Path | None) -> Callable[[], None]:
    """First Ctrl-C: stop, undo, report. Second: leave at once. Returns what takes the handlers away."""
    loop = asyncio.get_running_loop()
    seen = 0

    def handle() -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            words = ["chaos", "recover", *(("--kubeconfig", str(kubeconfig)) if kubeconfig is not None else ())]
            console.tell(f"left at once; undo what is left with: {shlex.join(words)}", markup=False, soft_wrap=True)
            os._exit(INTERRUPTED)
        console.tell("interrupted: undoing what was done; press Ctrl-C again to leave at once")
        execution.interrupt()

    stops = [signal.SIGINT, signal.SIGTERM]
    for number in stops:
        loop.add_signal_handler(number, handle)
    # A terminal that goes away must not leave anything in a cluster; it may say so more than once. Under nohup the
    # signal is ignored, and stays so.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        stops.append(signal.SIGHUP)
        loop.add_signal_handler(signal.SIGHUP, execution.interrupt)

    def remove() -> None:
        for number in stops:
            loop.remove_signal_handler(number)

    return remove


def _tell_problems(console: SteadfastConsole, result: RunResult, conclusion: Conclusion) -> None:
    """What went wrong, on stderr."""
    if result.error is not None:
        print_problem(console, "ended early", result.error)
    if conclusion.problem is not None:
        print_problem(console, "no report", conclusion.problem)
    for failure in result.leftovers:
        print_problem(console, "not undone", failure)


def _tell(request: RunRequest, console: SteadfastConsole, result: RunResult, conclusion: Conclusion) -> None:
    """What was found, on stdout: the result first and last."""
    where = report_path(result.folder)
    if request.as_json:
        print_json({**conclusion.document, "folder": str(result.folder)})
        console.tell(f"report: {where}", markup=False, soft_wrap=True)
        return
    print_short(conclusion.ending, conclusion.said, where)
