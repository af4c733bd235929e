"""A run on a sandbox in real time that takes what it made there for something that stays; its argument: the reports."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import kubesim
from chaos.cli.console import SteadfastConsole
from chaos.cli.signals import RunSignals
from chaos.cli.terminal import TerminalProgress, run_time
from chaos.cluster.address import ClusterAddress
from chaos.engine.execution import Execution
from chaos.engine.place import Place
from chaos.experiment import Options, find_experiment


class OnARealCluster(Execution):
    """As if the cluster outlived this process."""

    def recovery(self) -> str:
        begun = self._begun
        return begun.journal.recovery() if begun is not None and begun.journal.open_entries() else ""


async def main(reports: Path, signals: RunSignals) -> None:
    """The run."""
    # A pod's end takes longer than any test waits, so the undoing is still under way at the second signal.
    sandbox = kubesim.Cluster(seed=1, realtime=True, overrides={"kubelet_cleanup": (60.0, 60.0)})
    await sandbox.start()
    address = ClusterAddress(context="lab", kubeconfig=Path("/etc/the lab"), url=sandbox.url)
    execution = OnARealCluster(
        find_experiment("identity-persistence"),
        Options(trials=1, period_s=0.1, vantage="local"),
        Place(address, sandbox.vantage, "lab", simulated=True),
        reports,
        TerminalProgress(SteadfastConsole(stderr=True), run_time()),
        lambda _folder, _history: None,
    )
    signals.watch(execution)
    await execution.run()


if __name__ == "__main__":
    with RunSignals() as taken:
        asyncio.run(main(Path(sys.argv[1]), taken))
