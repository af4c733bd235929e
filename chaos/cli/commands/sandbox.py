"""Serve the simulated cluster in real time until Ctrl-C, for kubectl and other programs."""

from dataclasses import dataclass
from pathlib import Path

from chaos.cli.command import Command
from chaos.options import File, option
from chaos.options.option import Trust
from chaos.options.place import SandboxOptions


@dataclass(frozen=True, slots=True)
class Served:
    """Where to write how it is reached."""

    kubeconfig: Path | None = option(File(), None, "Where to write it; default: a new file.", trust=Trust.TYPED)


command = Command("chaos.cli.sandbox:serve_sandbox", (Served, SandboxOptions))
