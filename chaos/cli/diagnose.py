"""`chaos diagnose`."""

from __future__ import annotations

from pathlib import Path

from chaos.cli.commands.diagnose import DiagnoseOptions
from chaos.cli.diagnosed import DiagnoseRequest, asked_for, tell
from chaos.diagnose import Snapshot, diagnose, read_files
from chaos.diagnose.files import STDIN
from chaos.diagnose.folders import SUFFIXES
from chaos.diagnose.not_read import Why
from chaos.errors import UsageError
from chaos.options.output import FormatOptions, ReportsOptions, SharingOptions
from chaos.options.place import ClusterOptions
from chaos.options.run import STATEFULSET
from chaos.plugins import load

_OF_CLUSTER = "chaos.cli.diagnose_cluster:diagnose_cluster"  # who looks at files does not wait for its imports


def run_diagnosis(
    chosen: DiagnoseOptions, cluster: ClusterOptions, kept: ReportsOptions, sharing: SharingOptions, told: FormatOptions
) -> int:
    """`chaos diagnose`: look, tell, mend what is agreed to, and return the exit code: 1 where something is wrong.

    Raises:
        UsageError: it says something impossible, or a file is none.
        PreflightError: the cluster cannot be reached.
    """
    request = DiagnoseRequest(chosen, cluster, kept.reports, told.as_json, sharing.shared_reports)
    named, statefulset = _targets(chosen.targets, in_files=not cluster.is_named)
    files = (*chosen.files, *named)
    if cluster.is_named:
        if files:
            raise UsageError("-f looks at files, without a cluster", hint="leave out --context and --in-cluster, or -f")
        code: int = load(_OF_CLUSTER)(request, statefulset)
        return code
    if not files or cluster.kubeconfig is not None:
        cluster.check_named()
    if chosen.fix:
        raise UsageError("--fix changes a cluster; in files it cannot", hint="each finding says what to write")
    snapshot = read_files(files, request.namespace)
    snapshot.namespace_assumed = not chosen.namespace
    if not snapshot.items and not any(row.why is Why.BROKEN for row in snapshot.not_read):
        _check_any(snapshot, files)
    return tell(request, asked_for(request, snapshot, diagnose(snapshot), statefulset), ", ".join(files))


def _check_any(snapshot: Snapshot, files: tuple[str, ...]) -> None:
    said = [row for row in snapshot.not_read if row.fix]
    if not any(row.why is Why.TEMPLATE for row in said):
        raise UsageError(f"no Kubernetes object is in {', '.join(files)}", hint=said[0].fix if said else "")


def _targets(words: tuple[str, ...], *, in_files: bool) -> tuple[tuple[str, ...], str]:
    """(files and folders, StatefulSet) among what was named."""
    files: list[str] = []
    sets: list[str] = []
    for word in words:
        is_file = word == STDIN or word.endswith(SUFFIXES) or (in_files and Path(word).exists())
        (files if is_file else sets).append(word)
    if len(sets) > 1:
        raise UsageError(
            f"{' and '.join(sets)} are no files, and only one StatefulSet can be named", hint="name files that exist"
        )
    return tuple(files), _statefulset(sets[0]) if sets else ""


def _statefulset(target: str) -> str:
    kind, slash, name = target.partition("/")
    if not slash:
        kind, name = "statefulset", target
    if kind.lower() not in STATEFULSET or not name:
        raise UsageError(
            f"{target!r} is no statefulset/NAME, and no file that exists",
            hint="only StatefulSets can be named; default: everything",
        )
    return name
