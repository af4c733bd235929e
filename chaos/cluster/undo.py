"""Taking changes back, one by one.

A run believes its own journal, and so does whoever recovers, where the user's key signed each line of it
(`chaos.cluster.signing`). Any other journal that is read back is a file that anybody may have written, so there the
cluster must agree before anything is touched:

- an entry is of a kind, with a name and a namespace, that this tool changes (`UndoEntry.why_unfit`);
- what is deleted carries the run's label, whatever UID the file gives;
- what is restored has the UID and every value that the run is said to have set, and the patch touches no other field,
  and nothing that says what an object is, whose it is, or what runs in it (`restoring.why_not_put_back`);
- a mirror speaks of its own namespace, of nodes, of cluster DNS, and of what carries the run's label elsewhere;
- a shell command runs only where whoever recovers said so, having read it, whoever signed it.

What is left to somebody who writes a journal for a cluster that he can read: to have what a run made removed, even
while it is under way on another machine, and to have fields of a spec, data, labels or annotations changed whose
values, and whose object's UID, he knows. `chaos recover` shows each such patch before it is sent.
"""

from __future__ import annotations

from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.cluster.journal import Journal, UndoEntry
from chaos.cluster.later import later
from chaos.cluster.mirror import Copy
from chaos.cluster.putting_back import PuttingBack
from chaos.cluster.removal import Removal
from chaos.cluster.shell import run_hook, run_shell
from chaos.errors import ChaosError, RollbackError, UnprovenError
from chaos.visible import visible

COMMAND_WITHIN_S = 60.0
# What an after hook is told of a run that did not live to conclude anything, as run.json says it.
_KILLED = "incomplete"


class Undo:
    """Undoes what a journal says.

    Args:
        read_back: whether the journal is a file that was read, and not this process's own.
        run_commands: whether shell commands of a journal that was read back are run.
    """

    def __init__(
        self,
        cluster: Cluster,
        journal: Journal,
        clock: RunClock,
        *,
        read_back: bool = False,
        run_commands: bool = False,
    ) -> None:
        self._journal = journal
        self._read_back = read_back and not journal.is_signed
        self._removal = Removal(cluster, journal, clock, must_prove=self._read_back)
        self._putting_back = PuttingBack(cluster, journal, must_prove=self._read_back)
        self._run_commands = run_commands or not read_back

    async def undo(self, entry: UndoEntry) -> str:
        """Undo one change; returns what was done about it, for people.

        Raises:
            RollbackError: it could not be undone.
            UnprovenError: nothing but a file says that it is to be undone.
        """
        why = entry.why_unfit() if self._read_back else ""
        if self._read_back and isinstance(self._journal, Copy):
            why = why or self._journal.why_beyond(entry)
        if why:
            raise UnprovenError(
                visible(f"{entry.what} was left alone ({entry.change}): {why}", line=True),
                hint=f"look at it; unless that is elsewhere, {self._journal.path} is damaged or not of this tool",
            )
        if entry.undo == "hook":
            await self._run_hook(entry)
            done = "ran the after hook"
        elif entry.undo == "command":
            await self._run_command(entry)
            done = f"ran `{entry.command}`"
        elif entry.undo == "restore":
            done = await self._putting_back.restore(entry)
        else:
            done = await self._removal.remove(entry)
        self._journal.update(entry, "undone")
        return done

    async def _run_command(self, entry: UndoEntry) -> None:
        """Raises RollbackError: it failed, or may not be run."""
        if not self._run_commands:
            did = entry.change.removeprefix("run ")
            raise RollbackError(
                visible(f"{entry.what} may be cut off: the run had done {did}", line=True),
                hint=f"what takes it back: {visible(entry.command, line=True)}\n  read it, then run it, or: "
                f"{self._journal.recovery('--run-commands')}",
            )
        try:
            await run_shell(entry.command, COMMAND_WITHIN_S)
        except ChaosError as exc:
            raise RollbackError(exc.message, hint=f"run it by hand: {entry.command}") from exc

    async def _run_hook(self, entry: UndoEntry) -> None:
        """Raises RollbackError: it failed, or may not be run."""
        if not self._run_commands:
            raise RollbackError(
                f"the after hook of run {self._journal.run['id']} did not run",
                hint=f"what it is: {visible(entry.command, line=True)}\n  read it, then run it, or: "
                f"{self._journal.recovery('--run-commands')}",
            )
        told = {**(entry.environment or {}), "CHAOS_PHASE": "after", "CHAOS_OUTCOME": _KILLED}
        try:
            await run_hook("the after hook", entry.command, COMMAND_WITHIN_S, told)
        except ChaosError as exc:
            raise RollbackError(exc.message, hint=f"{exc.hint}\n  run it by hand: {entry.command}") from exc

    async def look(self, entry: UndoEntry) -> str:
        """Whether an undo that was given up has come about all the same; what is so then, or nothing.

        Raises:
            ChaosError: it cannot be read.
        """
        if entry.undo in ("command", "hook"):
            return ""
        is_restored = entry.undo == "restore"
        if not await (self._putting_back.is_back(entry) if is_restored else self._removal.is_gone(entry)):
            return ""
        self._journal.update(entry, "undone")
        return f"{entry.what} has its old values" if is_restored else f"{entry.what} is gone"

    def unfinished(self, entry: UndoEntry, why: str) -> RollbackError:
        """What is told of an undo that was given up."""
        verb = {"restore": "put back", "command": "joined again", "hook": "run"}.get(entry.undo, "deleted")
        return RollbackError(f"{entry.what} could not be {verb}: {why}", hint=later(self._journal, entry))
