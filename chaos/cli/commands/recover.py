"""Undo what a run that was killed left in a cluster, from its journal.

The journal is a file, so it is believed where the cluster agrees: what is deleted must carry the run's label, what is
put back must still have the run's values. The kubeconfig is yours; one that the journal names is read only if you name
it.

With --context or --in-cluster it also looks at what runs of other machines wrote into that cluster, and tells it.
Anybody may have written that, so it needs consent: --from-cluster RUN --yes.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.complete import run_folders
from chaos.cluster.entry import is_run_id
from chaos.options import Flag, RefusedError, Text, option
from chaos.options.argument import argument
from chaos.options.option import Trust, same
from chaos.options.output import ReportsOptions
from chaos.options.place import ClusterOptions
from chaos.options.run import Options


def _run_id(text: str) -> None:
    if not is_run_id(text):
        raise RefusedError("is no id of a run; chaos recover --context NAME shows those that there are")


@dataclass(frozen=True, slots=True)
class RecoverOptions:
    """Which run, and what may be done."""

    folder: str = argument(
        "[RUN]", "A run's folder; default: all below --reports.", required=False, complete=run_folders
    )
    run_commands: bool = option(
        Flag(),
        False,
        "Also run shell commands that a journal names, such as one for --join-node, or an after hook.",
        trust=Trust.NAMED,
    )
    from_cluster: str = option(
        Text("RUN", _run_id),
        "",
        "Recover this run by what it wrote into the cluster; for a machine that does not have its folder.",
        trust=Trust.TYPED,
    )
    yes: bool = option(Flag(), False, "Undo what --from-cluster shows, without asking.", trust=Trust.NAMED)
    namespace: str = same(
        Options, "namespace", help="That the cluster is looked at in, where not all of it may be looked at."
    )


command = Command("chaos.cli.recover:recover_command", (RecoverOptions, ClusterOptions, ReportsOptions))
