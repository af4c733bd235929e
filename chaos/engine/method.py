"""Carries out an experiment's method, in its time; whatever goes wrong in it names its file and line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chaos.engine.ending import BlockedError, Over, run_at_most
from chaos.errors import ChaosError, InconclusiveError, UsageError
from chaos.experiment import Experiment, Options, Run
from chaos.experiment.mistakes import at_field, expectation, place_of

# For which an experiment's own limit is meant.
_USUAL_WITHIN_S = Options().within_s


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
    over = await run_at_most(_called(experiment, run), limit_s, still_blocked)
    if over is Over.by_itself:
        return
    at, allowed = at_field(experiment.source, "timeout_s"), experiment.timeout_s
    times = "" if limit_s == allowed else f", {limit_s / allowed:.3g} times that in this run"
    left = "; it did not end when it was cancelled, and was left where it waits" if over is Over.left else ""
    raise InconclusiveError(
        f"{at}: the method of {experiment.name} was not over after {limit_s:g} s and was ended "
        f"(timeout_s is {allowed:g}{times}){left}",
        hint="what it had changed is undone; raise timeout_s if it needs longer",
    )


async def _called(experiment: Experiment, run: Run) -> None:
    source, name = experiment.source, experiment.name
    try:
        await experiment.method(run)
    except ChaosError:
        raise
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
        raise UsageError(
            f"the method of {name} ({place_of(source, exc)}) raised {type(exc).__name__}: {exc}",
            hint=f"{expectation(source, exc)} mend the experiment; what it had changed is undone".strip(),
        ) from exc
