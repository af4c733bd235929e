"""Say what a run here could and could not do, and what to do about it. Changes nothing in the cluster.

Exit code 3 where the main experiment could not run.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.options.agents import AgentOptions, PodOptions
from chaos.options.option import same
from chaos.options.output import FormatOptions
from chaos.options.place import ClusterOptions
from chaos.options.run import Options


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """What a run would use."""

    namespace: str = same(Options, "namespace", help="That a run would use; default: it would make one.")
    image: str = same(AgentOptions, "image", help="That agents would use.")
    mirror: str = same(PodOptions, "mirror", help="That images would be taken from.")


command = Command("chaos.cli.doctor:examine", (ClusterOptions, DoctorOptions, FormatOptions))
