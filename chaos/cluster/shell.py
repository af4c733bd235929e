"""Commands of the operator's own, for what no API can do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import tempfile

from chaos.errors import PreflightError

_NODE = "{node}"
_SHOWN = 400


def for_node(command: str, node: str) -> str:
    """A command with the node's name put in, quoted for the shell."""
    return command.replace(_NODE, shlex.quote(node))


async def run_shell(command: str, within_s: float) -> str:
    """Run a command to its end, in a session of its own; returns what it said.

    Raises:
        PreflightError: it failed, or was ended because it took too long; what it did until then is not known.
    """
    with tempfile.TemporaryFile() as output:  # a pipe would stay open as long as a child that it left behind
        try:
            process = await asyncio.create_subprocess_shell(
                command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except ValueError as exc:
            raise PreflightError(f"`{command}` is no text that can be given to a shell: {exc}") from exc
        try:
            async with asyncio.timeout(within_s):
                await process.wait()
        except TimeoutError as exc:
            raise PreflightError(f"`{command}` was not over after {within_s:g} s and was ended") from exc
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        output.seek(0)
        text = output.read().decode("utf-8", "replace").strip()
    if process.returncode:
        raise PreflightError(f"`{command}` ended with {process.returncode}: {text[-_SHOWN:] or 'it said nothing'}")
    return text
