"""Commands of the operator's own, for what no API can do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import subprocess
import tempfile

from chaos.errors import PreflightError
from chaos.visible import visible

_NODE = "{node}"
_SHOWN = 400
_MOST_BYTES = 1 << 16


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


class _Running:
    """A hook under way, in a session of its own."""

    def __init__(self, command: str, environment: dict[str, str]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `wait`; a pipe would stay open as above
        self._process = subprocess.Popen(  # noqa: S602 - it is the user's own command, for the shell
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **environment},
        )

    def wait(self, within_s: float) -> tuple[int | None, str]:
        """How it ended, None where it had to be ended, and what it said."""
        with self._output:
            try:
                code: int | None = self._process.wait(within_s)
            except subprocess.TimeoutExpired:
                code = None
            self.kill()
            self._process.wait()
            self._output.seek(0)
            return code, self._output.read(_MOST_BYTES).decode("utf-8", "replace").strip()

    def kill(self) -> None:
        """End it, and what it left behind in its session."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def run_hook(what: str, command: str, within_s: float, environment: dict[str, str]) -> None:
    """Run a command to its end in a thread, so that it takes its own time where a run's is virtual.

    Args:
        what: for people; the command itself may hold a password.
        command: for the shell.
        within_s: seconds after which it is ended.
        environment: variables beside those of this process.

    Raises:
        PreflightError: it failed, or was ended because it took too long. What it said is in the hint, which goes into
            no file.
    """
    try:
        running = _Running(command, environment)
    except (OSError, ValueError) as exc:
        raise PreflightError(f"{what} could not be started: {exc}") from exc
    try:
        code, said = await asyncio.to_thread(running.wait, within_s)
    except asyncio.CancelledError:
        running.kill()
        raise
    hint = f"it said: {visible(said[-_SHOWN:], line=True)}" if said else "it said nothing"
    if code is None:
        raise PreflightError(f"{what} was not over after {within_s:g} s and was ended", hint=hint)
    if code:
        raise PreflightError(f"{what} ended with {code}", hint=hint)
