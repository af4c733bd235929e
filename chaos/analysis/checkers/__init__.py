"""Checkers: pure functions from a reading to a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from chaos.analysis.checkers.deployment_contrast import deployment_contrast
from chaos.analysis.checkers.fault_took_effect import fault_took_effect
from chaos.analysis.checkers.identity_kept import identity_kept
from chaos.analysis.checkers.recovered_within import recovered_within
from chaos.analysis.checkers.says_its_name import says_its_name
from chaos.analysis.checkers.single_identity import single_identity
from chaos.analysis.checkers.steady_state import steady_state
from chaos.analysis.checkers.target_left_alone import target_left_alone
from chaos.analysis.claims import UNJUDGED, Checker, UnmeasuredError
from chaos.analysis.defects import guarded, told
from chaos.analysis.foreign import judged_alone
from chaos.analysis.gaps import judged_in_time
from chaos.analysis.reading import Reading
from chaos.model import Verdict, VerdictOutcome


def checker_name(checker: str | Checker) -> str:
    """How reports call it: of an experiment's own function, its name with dashes."""
    return checker if isinstance(checker, str) else str(getattr(checker, "__name__", checker)).replace("_", "-")


CHECKERS: dict[str, Checker] = {
    checker_name(one): one
    for one in (
        fault_took_effect,
        steady_state,
        identity_kept,
        single_identity,
        recovered_within,
        deployment_contrast,
        says_its_name,
        target_left_alone,
    )
}
# What an experiment is judged by whose fault has pods replaced, before its own.
OF_REPLACEMENT = ("fault-took-effect", "steady-state", "identity-kept")


def judge(reading: Reading, checkers: Iterable[str | Checker]) -> list[Verdict]:
    """The verdicts of the checkers, named or an experiment's own.

    One that crashes, or does not exist, gives `unknown`, never a pass.
    """
    return [_judge_one(reading, checker) for checker in checkers]


def _judge_one(reading: Reading, checker: str | Checker) -> Verdict:
    name = checker_name(checker)
    function = CHECKERS.get(name) if isinstance(checker, str) else checker
    if function is None:
        return Verdict(name, VerdictOutcome.UNKNOWN, f"There is no checker named {name}.")
    try:
        verdict = guarded(
            lambda: function(reading),
            lambda defect: Verdict(name, VerdictOutcome.UNKNOWN, f"The checker crashed: {defect}"),
        )
    except UnmeasuredError as exc:
        return Verdict(name, VerdictOutcome.UNKNOWN, f"{UNJUDGED}{exc}.")
    if not _is_one(verdict):
        return Verdict(name, VerdictOutcome.UNKNOWN, f"The checker gave no verdict but {verdict!r:.300}.")
    verdict = replace(verdict, outcome=VerdictOutcome(verdict.outcome))
    try:
        return judged_alone(reading, verdict if isinstance(checker, str) else judged_in_time(reading, verdict))
    except (LookupError, TypeError, ValueError, AttributeError) as exc:
        # Marks or events of another version: who changed what is not known, so neither is what was measured.
        return Verdict(name, VerdictOutcome.UNKNOWN, f"{UNJUDGED}who changed what cannot be read: {told(exc)}.")


def _is_one(verdict: object) -> bool:
    """Whether it is a verdict: another outcome would count for neither right nor wrong, so the run would hold."""
    if not isinstance(verdict, Verdict) or not isinstance(verdict.text, str):
        return False
    return verdict.outcome in list(VerdictOutcome)
