"""What `chaos diagnose` was asked, and how it tells what it found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from rich.text import Text

from chaos.cli.commands.diagnose import DiagnoseOptions
from chaos.cli.console import SteadfastConsole, print_json
from chaos.diagnose import Diagnosis, Diagnostic, Severity, Snapshot, check_statefulset, ignoring, read_ignores
from chaos.errors import InconclusiveError
from chaos.options.place import ClusterOptions

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


def asked_for(request: DiagnoseRequest, snapshot: Snapshot, found: Diagnosis, statefulset: str) -> Diagnosis:
    """The same without what the user's file or the objects' annotations ignore; of one StatefulSet, where one is named.

    Raises:
        UsageError: there is no such StatefulSet, or the file is no list of ignores.
    """
    file = request.chosen.ignore_file
    found = ignoring(found, snapshot, read_ignores(file) if file else ())
    if not statefulset:
        return found
    check_statefulset(snapshot, statefulset)
    return found.only(statefulset)


def tell(request: DiagnoseRequest, found: Diagnosis, where: str) -> int:
    """Print what was found, and return the exit code."""
    wrong = found.is_wrong(Severity(request.chosen.fail_on))
    code = 1 if wrong else InconclusiveError.exit_code if found.is_blind else 0
    if request.as_json:
        print_json(
            {
                "schema_version": 1,
                "looked_at": where,
                "findings": [finding.document() for finding in found.findings],
                "ignored": [
                    {"finding": row.finding.document(), "reason": row.reason, "said_in": asdict(row.said_in)}
                    for row in found.ignored
                ],
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
    for known in found.ignored:
        finding = known.finding
        what = f"{finding.object.describe()}: {finding.what} [{finding.check}]: {known.reason}"
        console.tell(Text.assemble(("ignored      ", "dim"), what), soft_wrap=True)
    counts = {severity: sum(f.severity is severity for f in found.findings) for severity in Severity}
    said = ", ".join(f"{n} {severity.value}{'' if n == 1 else 's'}" for severity, n in counts.items() if n)
    if found.ignored:
        said = f"{said or 'nothing else found'}, {len(found.ignored)} ignored"
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
