"""Makes the checks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from chaos.diagnose.check import Check, Needs
from chaos.diagnose.checks import CHECKS
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Reference, Severity
from chaos.diagnose.snapshot import Snapshot
from chaos.errors import PreflightError, UsageError

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
# Checks that may fail while a pod is being replaced: they are made again a second later.
_PASSING = ("record", "not-ready")
_AGAIN_S = 1.0
# They matter to every StatefulSet.
_OF_EVERYBODY = ("cluster-dns", "not-read", "ignore")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A finding that the user knows of and lives with.

    Attributes:
        reason: that the user gives.
        said_in: the object or the file that says so.
    """

    finding: Diagnostic
    reason: str
    said_in: Reference


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found.

    Attributes:
        checked: keys of the checks that were made.
        figures: what was measured, for people.
        ignored: findings that the user knows of.
    """

    findings: tuple[Diagnostic, ...]
    not_checked: tuple[NotChecked, ...]
    checked: tuple[str, ...]
    figures: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    def is_wrong(self, least: Severity = Severity.WARNING) -> bool:
        """Whether something is as bad as that, or worse."""
        return any(_ORDER[finding.severity] <= _ORDER[least] for finding in self.findings)

    @property
    def is_blind(self) -> bool:
        """Whether something that should have been looked at could not be."""
        return any(row.failed for row in self.not_checked)

    def only(self, statefulset: str) -> Diagnosis:
        """What concerns one StatefulSet."""
        kept = tuple(f for f in self.findings if f.check in _OF_EVERYBODY or statefulset in f.concerns)
        ignored = tuple(row for row in self.ignored if statefulset in row.finding.concerns)
        return replace(self, findings=kept, ignored=ignored)


def diagnose(snapshot: Snapshot, checks: Sequence[Check] = CHECKS) -> Diagnosis:
    """Make all checks of a snapshot."""
    findings: list[Diagnostic] = []
    not_checked: list[NotChecked] = []
    checked = []
    for check in checks:
        why = _impossible(check, snapshot)
        if why:
            unread = any(kind in snapshot.unread for kind in check.kinds)
            not_checked.append(NotChecked(check.key, why, failed=unread))
            continue
        also = [kind for kind in check.also if kind in snapshot.unread]
        not_checked += [NotChecked(check.key, f"{kind}: {snapshot.unread[kind]}", failed=True) for kind in also]
        try:
            found = list(check.look(snapshot))
        except Exception as exc:  # noqa: BLE001 - objects may hold anything; a check that breaks says nothing, the others do
            text = f"a defect of this tool: {type(exc).__name__}: {exc}"
            not_checked.append(NotChecked(check.key, text, failed=True))
            continue
        checked.append(check.key)
        findings += [row for row in found if isinstance(row, Diagnostic)]
        not_checked += [row for row in found if isinstance(row, NotChecked)]
    findings.sort(key=lambda f: _ORDER[f.severity])
    figures = tuple(server.describe() for server in snapshot.measured.servers) if snapshot.measured else ()
    return Diagnosis(tuple(findings), tuple(not_checked), tuple(checked), figures)


def _impossible(check: Check, snapshot: Snapshot) -> str:
    """Why a check cannot be made; empty where it can."""
    if check.needs is Needs.FILES and snapshot.live:
        return "the objects of a cluster were taken by its API server; this is about manifests: -f FILE"
    if check.needs in (Needs.CLUSTER, Needs.DNS) and not snapshot.live:
        return "needs a cluster: name one with --context or --in-cluster"
    if check.needs is Needs.DNS and snapshot.measured is None:
        return snapshot.unmeasured
    return next((snapshot.unread[kind] for kind in check.kinds if kind in snapshot.unread), "")


async def diagnose_again(read: Callable[[], Awaitable[Snapshot]]) -> tuple[Snapshot, Diagnosis]:
    """Read and check; where something was wrong that may be about to pass, once more a second later."""
    snapshot = await read()
    found = diagnose(snapshot)
    if any(f.check in _PASSING and f.severity is not Severity.NOTE for f in found.findings):
        await asyncio.sleep(_AGAIN_S)
        snapshot = await read()
        found = diagnose(snapshot)
    return snapshot, found


def check_statefulset(snapshot: Snapshot, name: str) -> None:
    """Make sure that a StatefulSet is there.

    Raises:
        UsageError: it is not.
        PreflightError: they may not be read.
    """
    if "StatefulSet" in snapshot.unread:
        raise PreflightError(f"StatefulSets {snapshot.where} may not be read: {snapshot.unread['StatefulSet']}")
    if not any(workload.name == name for workload in snapshot.sets):
        known = ", ".join(sorted(workload.name for workload in snapshot.sets)) or "none"
        raise UsageError(f"there is no StatefulSet {name} {snapshot.where}", hint=f"there is: {known}")
