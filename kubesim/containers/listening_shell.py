"""A main process that waits for what is typed: a bare shell or interpreter in a container with `stdin`."""

from __future__ import annotations

from kubesim.containers.input import no_terminal
from kubesim.containers.process import Process

_READERS = frozenset(("ash", "bash", "cat", "python", "python3", "sh"))
_INTERACTIVE = frozenset(("-", "-i", "-l", "-il", "-li", "--login"))
_REFUSED = 1


def reads_its_input(argv: tuple[str, ...]) -> bool:
    """Whether a command has nothing to do but read its standard input."""
    return argv[0].rpartition("/")[2] in _READERS and _INTERACTIVE.issuperset(argv[1:])


class ListeningShell(Process):
    """Waits, ignoring SIGTERM as a shell that is PID 1 does.

    Where its input ends without a word, since there is no terminal, it says so in its log and fails.
    """

    reads_stdin = True

    def close_stdin(self) -> None:
        """There is nothing to read, and never will be."""
        if not self.ended:
            self.log.write(f"{no_terminal(self.pod_name)}\n")
            self.end(_REFUSED)
