"""What a shell does at signals: nothing, the kernel's way, or a script of its own."""

from __future__ import annotations

import asyncio

from kubesim.containers.processes import Processes
from kubesim.containers.signals import Signal

EXIT = "EXIT"


class Traps:
    """The traps of one shell process.

    A signal's script is run by the shell when its foreground command has ended; `wait` ends at once.

    Attributes:
        woken: set by each signal that has a script.
        hand_over: whether the shell may still let its last command take its place.
    """

    def __init__(self, processes: Processes, pid: int, kind: str) -> None:
        self._processes, self._pid, self._kind = processes, pid, kind
        self._scripts: dict[str, str] = {}
        self._pending: list[Signal] = []
        self._ever = False
        self.woken = asyncio.Event()

    @property
    def hand_over(self) -> bool:
        """Busybox remembers that there was one (`may_have_traps`), bash looks; an ignored signal is none to both."""
        return not (self._ever if self._kind == "ash" else any(self._scripts.values()))

    def fork(self, pid: int) -> Traps:
        """A subshell's: only what is ignored is still ignored."""
        child = Traps(self._processes, pid, self._kind)
        child._scripts = {name: script for name, script in self._scripts.items() if not script}
        if child._scripts and pid != self._pid:
            self._processes.handle(pid, child.signal)
        return child

    def set(self, name: str, script: str | None) -> None:
        """Set the script of a signal or of `EXIT`; an empty one ignores it, None lets the kernel act."""
        if script is None:
            self._scripts.pop(name, None)
        else:
            self._ever = self._ever or bool(script)
            self._scripts[name] = script
        self.attach()

    def attach(self) -> None:
        """Be the one that this process's signals come to."""
        self._processes.handle(self._pid, self.signal if self._scripts else None)

    def leave(self) -> None:
        """Another program takes the shell's place: what is ignored stays so, scripts are gone with the shell."""
        self._scripts = {name: script for name, script in self._scripts.items() if not script}
        self._pending.clear()

    def listed(self) -> str:
        """As `trap` prints them."""
        return "".join(f"trap -- '{script}' {name}\n" for name, script in self._scripts.items())

    def signal(self, signal: Signal) -> None:
        """One has arrived."""
        script = self._scripts.get(signal.name)
        if script:
            self._pending.append(signal)
            self.woken.set()
        elif script is None:
            self._processes.by_default(self._pid, signal)

    @property
    def due(self) -> bool:
        """Whether a script is to be run."""
        return bool(self._pending)

    def next(self) -> str:
        """The script of the first signal that waits for it."""
        signal = self._pending.pop(0)
        if not self._pending:
            self.woken.clear()
        return self._scripts.get(signal.name, "")

    def interrupted(self) -> int:
        """How `wait` ends when it is."""
        return self._pending[0].exit_code if self._pending else 0

    def at_exit(self) -> str:
        """The script of `EXIT`, once."""
        return self._scripts.pop(EXIT, "")
