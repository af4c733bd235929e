"""Carries out an experiment's method, in its time; whatever goes wrong in it names its file and line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chaos.engine.ending import BlockedError, Over, run_at_most, waits_at
from chaos.engine.injecting import first_of
from chaos.engine.objects import WRONG_OBJECT
from chaos.errors import ApiError, ChaosError, InconclusiveError, RollbackError, UsageError
from chaos.experiment import Experiment, Options, Run
from chaos.experiment.expected import expectation
from chaos.experiment.mistakes import at_field, innermost, place_of, placed

# An experiment's `timeout_s` assumes this limit for recovery; a longer one extends it.
_USUAL_WITHIN_S = Options().within_s
_MEND = "mend the experiment; what it had changed is undone"
_FORBIDDEN = 403
# HTTP: not found; conflict: changed meanwhile; gone; too many requests: an eviction that a budget does not allow.
_NOT_AS_EXPECTED = (404, 409, 410, 429)


def method_limit_s(experiment: Experiment, options: Options, turns: int) -> float:
    """Seconds after which a method is ended: what its author allows, longer for a user who allows recovery more.

    Before the turns of a method that takes some comes a time as long as one of them.
    """
    times = turns + 1 if "trials" in experiment.declared else 1
    return experiment.timeout_s * times * max(1.0, options.within_s / _USUAL_WITHIN_S)


async def carry_out(experiment: Experiment, run: Run, limit_s: float, still_blocked: Callable[[], None]) -> None:
    """Await the method.

    Raises:
        InconclusiveError: it was not over in time.
        UsageError: it raised what is no error of this tool.
    """
    method = _called(experiment, run)
    waited: list[tuple[str, int]] = []
    over = await run_at_most(method, limit_s, still_blocked, lambda: waited.extend(waits_at(method)))
    if over is Over.by_itself:
        return
    at, allowed = at_field(experiment.source, "timeout_s"), experiment.timeout_s
    times = "" if limit_s == allowed else f", {limit_s / allowed:.3g} times that in this run"
    left = "; it did not end when it was cancelled, and was left where it waits" if over is Over.left else ""
    mine = innermost(experiment.source, waited)
    where = f"; it waited at {placed(*mine, experiment.source)}" if mine else ""
    raise InconclusiveError(
        f"{at}: the method of {experiment.name} was not over after {limit_s:g} s and was ended "
        f"(timeout_s is {allowed:g}{times}){where}{left}",
        hint="what it had changed is undone; raise timeout_s if it needs longer",
    )


async def _called(experiment: Experiment, run: Run) -> None:
    source, name = experiment.source, experiment.name
    try:
        await experiment.method(run)
    except ChaosError as exc:
        raise _at_its_line(experiment, exc) from exc.__cause__
    except BlockedError as exc:
        raise InconclusiveError(
            f"{place_of(source, exc)}: the method of {name} was ended, since it computed or blocked there for so long "
            f"without awaiting anything that its timeout_s of {experiment.timeout_s:g} was over",
            hint="nothing was measured meanwhile; what may take long is awaited: await asyncio.to_thread(…)",
        ) from exc
    except asyncio.CancelledError as exc:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise UsageError(f"the method of {name} ({place_of(source, exc)}) raised CancelledError") from exc
    except (Exception, SystemExit, KeyboardInterrupt) as exc:  # Ctrl-C never comes this way: it is a signal of ours
        first = first_of(exc)
        if isinstance(first, ChaosError):
            raise _at_its_line(experiment, first) from exc
        raise UsageError(
            f"the method of {name} ({place_of(source, first)}) raised {type(first).__name__}: {first}",
            hint="\n  ".join(filter(None, (expectation(source, first), _MEND))),
        ) from exc


def _at_its_line(experiment: Experiment, exc: ChaosError) -> ChaosError:
    """The error, with the line of the method or of a fault that it came through, and what it means there.

    The API server's word about what was sent is about the experiment (exit code 2), that something is not there or was
    changed meanwhile says nothing about the hypothesis (4), and all else is about the cluster, as everywhere (3).
    """
    if not isinstance(exc, ApiError | UsageError | RollbackError):
        return exc
    at = f"{place_of(experiment.source, exc)}: {exc.message}"
    if not isinstance(exc, ApiError):
        exc.message = at
        return exc
    if exc.reason in WRONG_OBJECT:
        return UsageError(at, hint="\n  ".join(filter(None, (exc.hint, _MEND))))
    if exc.status in _NOT_AS_EXPECTED:
        hint = exc.hint or "is its name right, and was it there when the method came to it? what was changed is undone"
        return InconclusiveError(at, hint=hint)
    exc.message = at
    if exc.status == _FORBIDDEN:
        exc.hint = 'what a method does beyond what every run does is declared: uses=("VERB RESOURCE",)'
    return exc
