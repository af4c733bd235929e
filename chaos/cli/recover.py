"""`chaos recover`: finishes what a killed run could not undo."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from chaos.cli.commands.recover import RecoverOptions
from chaos.cli.console import SteadfastConsole
from chaos.cli.recover_cluster import ClusterRequest, recover_from_cluster
from chaos.cli.recover_left import left_in_cluster
from chaos.cli.recover_plan import tell_plan
from chaos.cli.signals import leaving
from chaos.cli.terminal import TerminalProgress, print_problem, run_time
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import FIX_PREFIX, JOURNAL, Journal, is_unbegun
from chaos.cluster.journal_folder import find_journals
from chaos.cluster.signing import user_key
from chaos.engine.conclusion import worst
from chaos.engine.kept import is_surely_live
from chaos.engine.mirrors import settle, take_away
from chaos.engine.rollback import recover
from chaos.errors import ChaosError, PreflightError, RollbackError, UsageError
from chaos.options.output import ReportsOptions
from chaos.options.place import ClusterOptions


@dataclass(frozen=True, slots=True)
class RecoverRequest:
    """What was asked.

    Attributes:
        folder: of one run; None: every run below `reports`.
        reports: where runs are kept.
        context: instead of the one that the journal names.
        kubeconfig: instead of `$KUBECONFIG`; a journal's own is read only where it is named here.
        in_cluster: instead of a context.
        run_commands: whether shell commands that a journal names are run.
        namespace: that is looked at for mirrors where not all of the cluster may be.
        from_cluster: a run that is recovered by what it wrote into the cluster, and no other.
        agreed: to that.
    """

    folder: Path | None
    reports: Path
    context: str = ""
    kubeconfig: Path | None = None
    in_cluster: bool = False
    run_commands: bool = False
    namespace: str = ""
    from_cluster: str = ""
    agreed: bool = False

    @property
    def names_cluster(self) -> bool:
        """Whether a cluster is named, so that it is looked at too."""
        return bool(self.context or self.in_cluster)

    def in_the_cluster(self) -> ClusterRequest:
        """What is asked of the cluster that is named."""
        address = ClusterAddress(self.context, self.kubeconfig, self.in_cluster)
        return ClusterRequest(address, self.reports, self.namespace, self.from_cluster, self.agreed)


def recover_command(chosen: RecoverOptions, cluster: ClusterOptions, kept: ReportsOptions) -> int:
    """`chaos recover`."""
    if cluster.in_cluster and cluster.kubeconfig is not None:
        raise UsageError("--in-cluster excludes --kubeconfig", hint="name one of them")
    folder = Path(chosen.folder) if chosen.folder else None
    if chosen.from_cluster:
        cluster.check_named()
        if folder is not None:
            raise UsageError("--from-cluster excludes a run's folder", hint="name one of them")
    return recover_runs(
        RecoverRequest(
            folder,
            kept.reports,
            context=cluster.context,
            kubeconfig=cluster.kubeconfig,
            in_cluster=cluster.in_cluster,
            run_commands=chosen.run_commands,
            namespace=chosen.namespace,
            from_cluster=chosen.from_cluster,
            agreed=chosen.yes,
        )
    )


def recover_runs(request: RecoverRequest) -> int:
    """Replay the journals; returns the exit code.

    What cannot be replayed is told at the end, and the others are.
    """
    console = SteadfastConsole(stderr=True)
    paths, problems = ([], []) if request.from_cluster else _journals(request)
    seen = 0
    for path in paths:
        try:  # one journal that cannot be replayed must not keep the others from it
            journal = _to_undo(path, named=request.folder is not None, console=console)
            if journal is not None:
                seen += 1
                with leaving(_again(journal, request)):
                    problems += _replay(journal, request, console)
        except ChaosError as exc:
            problems.append(exc)
    if request.names_cluster and request.folder is None:
        try:
            problems += asyncio.run(recover_from_cluster(request.in_the_cluster(), console))
        except ChaosError as exc:
            problems.append(exc)
    elif not seen and all(
        isinstance(problem, UsageError) for problem in problems
    ):  # with other errors, such as a run under way, the folder's own problem comes first
        if request.folder is not None:
            named = request.in_the_cluster().address if request.names_cluster else None
            problems += asyncio.run(left_in_cluster(request.folder, named, request.kubeconfig, console))
        if not problems:
            console.tell_line(f"nothing to undo by the journals in {request.folder or request.reports}")
    for problem in problems:
        print_problem(console, "not undone", problem)
    return worst(problems)


def _journals(request: RecoverRequest) -> tuple[list[Path], list[ChaosError]]:
    """Where they are, and of what nobody knows whether one is there.

    Raises:
        UsageError: there are none, so nobody knows whether something is to be undone.
    """
    if request.folder is not None:
        return [request.folder / JOURNAL], []
    paths, unseen = find_journals(request.reports)
    if not paths and not unseen and not request.names_cluster:
        what = "no run is kept in" if request.reports.is_dir() else "there is no folder"
        raise UsageError(
            f"{what} {request.reports}, so nothing is known here of what runs changed, and no cluster was looked at",
            hint="say where runs are kept: --reports DIR; or look at what runs left in a cluster: "
            "chaos recover --context NAME",
        )
    return paths, unseen


def _replay(journal: Journal, request: RecoverRequest, console: SteadfastConsole) -> list[RollbackError]:
    try:
        return asyncio.run(_recover(journal, request, console))
    finally:
        journal.close()


def _again(journal: Journal, request: RecoverRequest) -> str:
    """The same command, of this run alone."""
    where = [("--context", request.context)] if request.context else []
    where += [("--kubeconfig", str(request.kubeconfig))] if request.kubeconfig is not None else []
    options = [("--in-cluster",)] if request.in_cluster else []
    options += [("--run-commands",)] if request.run_commands else []
    return journal.recovery(*chain.from_iterable(where), *chain.from_iterable(options))


def _to_undo(path: Path, *, named: bool, console: SteadfastConsole) -> Journal | None:
    """The journal, held, where it leaves something to be undone.

    Raises:
        ChaosError: it cannot be read, or its run is still under way.
    """
    if is_unbegun(path):
        return None
    key = user_key().data
    journal = Journal.load(path, key)
    if not journal.is_unfinished:
        return None
    if journal.run.get("simulated"):
        for entry in journal.open_entries():
            if entry.undo == "hook" and not is_surely_live(journal):
                console.tell_line(f"{path.parent}: the after hook of this simulated run did not run: {entry.command}")
        if named:
            console.tell(f"{path.parent}: a simulated run, which leaves nothing behind", markup=False, soft_wrap=True)
        return None
    if not named and journal.run["id"].startswith(FIX_PREFIX):
        return None  # a change of `chaos diagnose --fix`, which the user wanted: undone only where its journal is named
    if not journal.claim():
        raise PreflightError(
            f"{path.parent}: this run is still under way, or is being recovered",
            hint="stop it with Ctrl-C; it undoes its changes",
        )
    journal.read_again(key)
    if journal.is_unfinished:
        return journal
    journal.close()
    return None


def _own_namespace(fingerprint: str) -> str:
    """The namespace that a fingerprint is of; empty where it is kube-system's."""
    kind, _, rest = fingerprint.partition(" ")
    return rest.partition(" ")[0] if kind == "namespace" else ""


def _address(journal: Journal, request: RecoverRequest) -> ClusterAddress:
    """Where to look, among what is the user's own: the journal only says which context, or that it was a pod's.

    Raises:
        UsageError: nobody says which.
    """
    run = journal.run
    if request.context or request.in_cluster:
        return ClusterAddress(request.context, request.kubeconfig, request.in_cluster)
    context = run.get("context", "")
    if run.get("in_cluster") and request.kubeconfig is None:
        return ClusterAddress(in_cluster=True)
    if not context:
        raise UsageError(f"{journal.path} names no context", hint="name one with --context")
    return ClusterAddress(context, request.kubeconfig)


def _may_run_commands(journal: Journal, request: RecoverRequest) -> bool:
    """Whether its shell commands may run; of an unsigned journal, which may be anybody's, only where it is named."""
    return request.run_commands and (journal.is_signed or request.folder is not None)


async def _recover(journal: Journal, request: RecoverRequest, console: SteadfastConsole) -> list[RollbackError]:
    address = _address(journal, request)
    tell_plan(journal, address, console)
    cluster = await connect(address, _own_namespace(journal.run["fingerprint"]))
    try:
        clock = RunClock(asyncio.get_running_loop())
        progress = TerminalProgress(console, run_time())
        told = partial(settle, cluster, journal)
        commands = _may_run_commands(journal, request)
        failures = await recover(journal, cluster, clock, progress, run_commands=commands, tell=told)
        failures += await _mirror_left(cluster, journal, console)
    finally:
        await cluster.close()
    line = f"{journal.path.parent}: {'not all undone' if failures else 'undone'}"
    console.tell_line(line)
    return failures


async def _mirror_left(cluster: Cluster, journal: Journal, console: SteadfastConsole) -> list[RollbackError]:
    """Remove the mirror of a run whose objects are gone already; a failure is told."""
    try:
        return await take_away(cluster, journal)
    except ChaosError as exc:
        console.tell_line(f"whether the cluster still says otherwise could not be asked: {exc.message}")
        return []
