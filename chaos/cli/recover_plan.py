"""What a journal says, before anything is done about it, and before a cluster that cannot be reached ends it."""

from __future__ import annotations

import json
from pathlib import Path

from chaos.cli.console import SteadfastConsole
from chaos.cluster.address import ClusterAddress
from chaos.cluster.journal import Journal
from chaos.cluster.kubeconfig import kubeconfig_paths


def tell_plan(journal: Journal, address: ClusterAddress, console: SteadfastConsole) -> None:
    """Tell what is to be undone, where, and how far the journal is believed."""
    entries = journal.open_entries()
    line = f"{journal.path.parent}: {len(entries)} changes to undo, by {address.describe()}"
    console.tell_line(line)
    for entry in entries:
        details = (
            entry.command if entry.undo in ("command", "hook") else json.dumps(entry.restore) if entry.restore else ""
        )
        if details:
            line = f"  {entry.what}: {details}"
            console.tell_line(line)
    if not journal.is_signed:
        console.tell(
            "  your key did not sign it, so only what the cluster confirms is undone: objects with the run's label, "
            "and fields that still have the run's values",
            markup=False,
            soft_wrap=True,
        )
    if journal.torn:
        console.tell(
            f"  {journal.torn} lines were cut short by a crash; what they were about had not begun", markup=False
        )
    stored = journal.run.get("kubeconfig", "")
    used = [] if address.in_cluster else kubeconfig_paths(address.kubeconfig)
    if stored and Path(stored).absolute() not in [path.absolute() for path in used]:
        line = f"  the journal names the kubeconfig {stored}, which was not read, since reading one can run programs"
        console.tell_line(line)
        console.tell("  if it is yours, and the one that is meant, name it: --kubeconfig FILE", markup=False)
