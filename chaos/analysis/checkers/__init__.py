"""Checkers: pure functions from a history to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chaos.analysis.checkers import (
    deployment_contrast,
    fault_took_effect,
    identity_kept,
    recovered_within,
    says_its_name,
    single_identity,
    steady_state,
    target_left_alone,
)
from chaos.analysis.foreign import judged_alone
from chaos.analysis.gaps import judged_in_time
from chaos.model import History, Verdict, VerdictOutcome

Checker = Callable[[History], Verdict]

CHECKERS: dict[str, Checker] = {
    fault_took_effect.NAME: fault_took_effect.fault_took_effect,
    steady_state.NAME: steady_state.steady_state,
    identity_kept.NAME: identity_kept.identity_kept,
    single_identity.NAME: single_identity.single_identity,
    recovered_within.NAME: recovered_within.recovered_within,
    deployment_contrast.NAME: deployment_contrast.deployment_contrast,
    says_its_name.NAME: says_its_name.says_its_name,
    target_left_alone.NAME: target_left_alone.target_left_alone,
}


def checker_name(checker: str | Checker) -> str:
    """How reports call it: of an experiment's own function, its name with dashes."""
    return checker if isinstance(checker, str) else str(getattr(checker, "__name__", checker)).replace("_", "-")


def judge(history: History, checkers: Iterable[str | Checker]) -> list[Verdict]:
    """The verdicts of the checkers, named or an experiment's own.

    One that crashes, or does not exist, gives `unknown`, never a pass.
    """
    return [_judge_one(history, checker) for checker in checkers]


def _judge_one(history: History, checker: str | Checker) -> Verdict:
    name = checker_name(checker)
    function = CHECKERS.get(name) if isinstance(checker, str) else checker
    if function is None:
        return Verdict(name, VerdictOutcome.UNKNOWN, f"There is no checker named {name}.")
    try:
        verdict = function(history)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - a defect in a checker must not look like a passed check
        return Verdict(name, VerdictOutcome.UNKNOWN, f"The checker crashed: {type(exc).__name__}: {exc}")
    if not isinstance(verdict, Verdict):
        return Verdict(name, VerdictOutcome.UNKNOWN, f"The checker gave no verdict but {verdict!r}.")
    return judged_alone(history, verdict if isinstance(checker, str) else judged_in_time(history, verdict))
