"""Injecting a fault that may be anybody's: what it is and what it returns is looked at, not believed."""

from __future__ import annotations

from chaos.cluster.changes import Acknowledged, Changes
from chaos.errors import ApiError, ChaosError, UsageError
from chaos.faults import Fault


def check_kind(fault: object) -> None:
    """Before anything is done.

    Raises:
        UsageError: it is no fault.
    """
    if isinstance(fault, Fault):
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
        UsageError: it did not return what `changes` had acknowledged.
    """
    done = await fault.inject(changes, namespace)
    if isinstance(done, Acknowledged):
        return done
    raise UsageError(
        f"inject of {type(fault).__name__} returned {done!r:.60}, and must return what `changes` acknowledged",
        hint="such as: return await changes.patch(…)",
    )


def outcome_of(exc: Exception, *, some_made: bool) -> tuple[str, str]:
    """What became of a fault that raised, and why; `some_made`: whether one of its requests was accepted before."""
    refused = isinstance(exc, ApiError) and exc.is_refusal
    outcome = "partial" if some_made else "refused" if refused else "unknown"
    return outcome, exc.message if isinstance(exc, ChaosError) else f"{type(exc).__name__}: {exc}"
