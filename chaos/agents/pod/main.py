"""`agent.pyz serve` is the pod's process; `agent.pyz attach` connects an exec stream to it."""

from __future__ import annotations

import sys
from collections.abc import Callable

from chaos.plugins import plugin

# Each imports only what it needs, since both live in one small pod.
_COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "attach": plugin("chaos.agents.pod.attach:attach"),
    "serve": plugin("chaos.agents.pod.serve:serve"),
}


def main(arguments: list[str]) -> None:
    """Do one of the two."""
    command = _COMMANDS.get(arguments[0]) if arguments else None
    if command is None:
        sys.exit("usage: agent.pyz serve|attach")
    command(arguments[1:])
