"""`chaos diagnose`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.text import Text

from chaos.cli.commands.diagnose import DiagnoseOptions
from chaos.cli.fix import offer
from chaos.cli.place import address_of
from chaos.cli.signals import raising
from chaos.cli.terminal import SteadfastConsole, print_json
from chaos.cluster.connection import connect
from chaos.diagnose import (
    Diagnosis,
    Diagnostic,
    Severity,
    Snapshot,
    check_statefulset,
    diagnose,
    diagnose_again,
    read_files,
    read_namespace,
)
from chaos.errors import InconclusiveError, UsageError
from chaos.options.output import FormatOptions, ReportsOptions, SharingOptions
from chaos.options.place import ClusterOptions
from chaos.options.run import STATEFULSET
from chaos.vantage.local import LocalVantage

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


@dataclass(frozen=True, slots=True)
class DiagnoseRequest:
    """What was asked."""

    chosen: DiagnoseOptions
    cluster: ClusterOptions
    reports: Path
    as_json: bool
    shared: bool

    @property
    def namespace(self) -> str:
        """To look at."""
        return self.chosen.namespace or "default"


def run_diagnosis(
    chosen: DiagnoseOptions, cluster: ClusterOptions, kept: ReportsOptions, sharing: SharingOptions, told: FormatOptions
) -> int:
    """`chaos diagnose`: look, tell, mend what is agreed to, and return the exit code: 1 where something is wrong.

    Raises:
        UsageError: it says something impossible, or a file is none.
        PreflightError: the cluster cannot be reached.
    """
    request = DiagnoseRequest(chosen, cluster, kept.reports, told.as_json, sharing.shared_reports)
    statefulset = _statefulset(chosen.target)
    if cluster.is_named:
        if chosen.files:
            raise UsageError("-f looks at files, without a cluster", hint="leave out --context and --in-cluster, or -f")
        with raising():  # --fix writes down what became of a change that is interrupted
            return asyncio.run(_of_cluster(request, statefulset))
    if not chosen.files or cluster.kubeconfig is not None:
        cluster.check_named()
    if chosen.fix:
        raise UsageError("--fix changes a cluster; in files it cannot", hint="each finding says what to write")
    items = tuple(read_files(chosen.files, request.namespace))
    snapshot = Snapshot(items, "in the given files", namespace_assumed=not chosen.namespace)
    if not snapshot.items:
        raise UsageError(f"no Kubernetes object is in {', '.join(chosen.files)}")
    return _tell(request, snapshot, diagnose(snapshot), statefulset, ", ".join(chosen.files))


async def _of_cluster(request: DiagnoseRequest, statefulset: str) -> int:
    address, namespace = address_of(request.cluster), request.namespace
    cluster = await connect(address, namespace)
    try:

        async def read() -> Snapshot:
            return await read_namespace(cluster, namespace, LocalVantage(), in_cluster=address.in_cluster)

        snapshot, found = await diagnose_again(read)
        where = f"{cluster.name}, namespace {namespace}"
        code = _tell(request, snapshot, found, statefulset, where)
        if request.chosen.fix:
            shown = found.only(statefulset) if statefulset else found
            await offer(
                cluster, address, shown.findings, request.reports, agreed=request.chosen.yes, shared=request.shared
            )
        return code
    finally:
        await cluster.close()


def _statefulset(target: str) -> str:
    if not target:
        return ""
    kind, slash, name = target.partition("/")
    if not slash:
        kind, name = "statefulset", target
    if kind.lower() not in STATEFULSET or not name:
        raise UsageError(
            f"{target!r} is no statefulset/NAME", hint="only StatefulSets can be named; default: everything"
        )
    return name


def _tell(request: DiagnoseRequest, snapshot: Snapshot, found: Diagnosis, statefulset: str, where: str) -> int:
    if statefulset:
        check_statefulset(snapshot, statefulset)
        found = found.only(statefulset)
    code = 1 if found.is_wrong else InconclusiveError.exit_code if found.is_blind else 0
    if request.as_json:
        print_json(
            {
                "schema_version": 1,
                "looked_at": where,
                "findings": [finding.document() for finding in found.findings],
                "not_checked": [asdict(row) for row in found.not_checked],
                "checked": list(found.checked),
                "measured": list(found.figures),
                "exit_code": code,
            }
        )
    else:
        _print(SteadfastConsole(), found, where)
    return code


def _print(console: SteadfastConsole, found: Diagnosis, where: str) -> None:
    for finding in found.findings:
        _print_finding(console, finding)
    for line in found.figures:
        console.tell(Text.assemble(("measured     ", "dim"), line), soft_wrap=True)
    reasons: dict[str, list[str]] = {}
    for row in found.not_checked:
        reasons.setdefault(row.why, []).append(row.check)
    for why, keys in reasons.items():
        console.tell(Text.assemble(("not checked  ", "cyan"), f"{', '.join(keys)}: {why}"), soft_wrap=True)
    counts = {severity: sum(f.severity is severity for f in found.findings) for severity in Severity}
    said = ", ".join(f"{n} {severity.value}{'' if n == 1 else 's'}" for severity, n in counts.items() if n)
    console.tell(f"{where}: {said or 'nothing found'} ({len(found.checked)} checks made)", markup=False, soft_wrap=True)


def _print_finding(console: SteadfastConsole, finding: Diagnostic) -> None:
    head = Text.assemble(
        (f"{finding.severity.value:8}", _STYLE[finding.severity]),
        (finding.object.describe(), "bold"),
        f": {finding.what} ",
        (f"[{finding.check}]", "dim"),
    )
    console.tell(head, soft_wrap=True)
    for label, lines in (("seen", finding.evidence), ("fix", (finding.fix,) if finding.fix else ())):
        for line in lines:
            console.tell(Text.assemble(("        " + f"{label}: ", "dim"), " ".join(line.split())), soft_wrap=True)
