"""What signals do to a run."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Callable
from pathlib import Path

from chaos.cli.terminal import SteadfastConsole
from chaos.engine.conclusion import INTERRUPTED
from chaos.engine.execution import Execution


def handle_signals(execution: Execution, console: SteadfastConsole, kubeconfig: Path | None) -> Callable[[], None]:
    """First Ctrl-C: stop, undo, report. Second: leave at once. Returns what takes the handlers away."""
    loop = asyncio.get_running_loop()
    seen = 0

    def handle() -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            words = ["chaos", "recover", *(("--kubeconfig", str(kubeconfig)) if kubeconfig is not None else ())]
            console.tell(f"left at once; undo what is left with: {shlex.join(words)}", markup=False, soft_wrap=True)
            os._exit(INTERRUPTED)
        console.tell("interrupted: undoing what was done; press Ctrl-C again to leave at once")
        execution.interrupt()

    stops = [signal.SIGINT, signal.SIGTERM]
    for number in stops:
        loop.add_signal_handler(number, handle)
    # A terminal that goes away must not leave anything in a cluster; it may say so more than once. Under nohup the
    # signal is ignored, and stays so.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        stops.append(signal.SIGHUP)
        loop.add_signal_handler(signal.SIGHUP, execution.interrupt)

    def remove() -> None:
        for number in stops:
            loop.remove_signal_handler(number)

    return remove
