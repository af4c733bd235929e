"""`agent.pyz serve` is the pod's process; `agent.pyz attach` connects an exec stream to it."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> None:
    """Do one of the two; each imports only what it needs, since both live in one small pod."""
    if arguments[:1] == ["attach"]:
        from chaos.agents.pod.attach import attach  # noqa: PLC0415

        attach()
    elif arguments[:1] == ["serve"]:
        from chaos.agents.pod.serve import serve  # noqa: PLC0415

        serve(arguments[1:])
    else:
        sys.exit("usage: agent.pyz serve|attach")
