"""Injecting a fault that may be anybody's: what it is and what it returns is looked at, not believed."""

from __future__ import annotations

from pathlib import Path

from chaos.cluster.changes import Acknowledged, Changes
from chaos.errors import ApiError, ChaosError, InconclusiveError, UsageError
from chaos.faults.base import Fault
from chaos.model.own import check_json

# Where no answer came, reading the object back shows that the fault was accepted, somewhere between request and then.
# A fault with a longer span than this is not judged.
_SETTLED_WITHIN_S = 1.0


def check_kind(fault: object) -> None:
    """Before anything is done.

    Raises:
        TypeError: a parameter of it is nothing that JSON knows.
        UsageError: it is no fault.
    """
    if isinstance(fault, Fault):
        check_json(f"the parameters of {type(fault).__name__}", fault.parameters)
        return
    if isinstance(fault, type):
        name = fault.__name__
        raise UsageError(f"run.inject was given the class {name}, and must be given one made of it: {name}(…)")
    raise UsageError(
        f"run.inject was given {fault!r:.60}, and must be given a Fault",
        hint="a whole one to begin with: chaos new fault NAME",
    )


async def injected(fault: Fault, changes: Changes, namespace: str) -> Acknowledged:
    """Do it.

    Raises:
        ApiError: the API server refused.
        InconclusiveError: nobody knows well enough when it was accepted.
        UsageError: it did not return what `changes` had acknowledged.
    """
    done = await fault.inject(changes, namespace)
    if isinstance(done, Acknowledged):
        _check_known(fault, done)
        return done
    code = type(fault).inject.__code__
    at = f" ({Path(code.co_filename).name}, line {code.co_firstlineno})"
    raise UsageError(
        f"inject of {type(fault).__name__} returned {done!r:.60}, and must return what `changes` acknowledged{at}",
        hint="such as: return await changes.patch(…)",
    )


def outcome_of(exc: BaseException, *, some_made: bool) -> tuple[str, str]:
    """What became of a fault that raised, and why; `some_made`: whether one of its requests was accepted before."""
    exc = first_of(exc)
    outcome = "refused" if isinstance(exc, ApiError) and exc.is_undone else "unknown"
    if some_made and not isinstance(exc, InconclusiveError):
        outcome = "partial"
    return outcome, exc.message if isinstance(exc, ChaosError) else f"{type(exc).__name__}: {exc}"


def _check_known(fault: Fault, done: Acknowledged) -> None:
    """Raises InconclusiveError: nobody knows well enough when it was accepted for anything to count from that."""
    took_s = (done.accepted_ns - done.sent_ns) / 1e9
    if done.settled and took_s > _SETTLED_WITHIN_S:
        raise InconclusiveError(
            f"nobody answered whether {fault.name} was accepted; it was, as reading back showed {took_s:.1f} s later",
            hint="when that was is not known, so nothing is measured from it; run again",
        )


def first_of(exc: BaseException) -> BaseException:
    """The error that counts of a group: of several tasks that raised, the first error of this tool, else the first."""
    while isinstance(exc, BaseExceptionGroup):
        exc = next((e for e in exc.exceptions if isinstance(e, ChaosError | BaseExceptionGroup)), exc.exceptions[0])
    return exc
