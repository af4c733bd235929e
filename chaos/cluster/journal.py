"""What a run changed and how each change is undone, on disk before the change is made."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from chaos.errors import InconclusiveError, UsageError

JOURNAL = "journal.jsonl"
# Everything that a run makes carries this label with the run's id: the guard of an undo whose UID was never learned.
RUN_LABEL = "chaos-identity.io/run"
# Runs of `chaos diagnose --fix`: what they made is meant to stay, and is undone only where their journal is named.
FIX_PREFIX = "fix-"


@dataclass(slots=True)
class UndoEntry:
    """One change and its undo.

    Attributes:
        change: for people, such as ``create Namespace chaos-x``.
        undo: ``delete`` (what was created), ``restore`` (fields that were changed), ``command`` (the operator's
            own), or ``nothing`` where the cluster repairs it by itself.
        because: why nothing is to be done.
        uid: of the object; empty until the change was acknowledged.
        state: ``intended`` (may or may not have happened), ``done``, or ``undone``.
        applied: to be restored: the merge patch that was sent; while the object still has its values, the change
            is ours.
        restore: to be restored: the merge patch that puts the old values back.
        command: for the shell, which takes the change back.
    """

    id: int
    change: str
    undo: str
    kind: str
    name: str
    namespace: str = ""
    because: str = ""
    uid: str = ""
    state: str = "intended"
    applied: dict[str, Any] | None = None
    restore: dict[str, Any] | None = None
    command: str = ""

    @property
    def is_open(self) -> bool:
        """Whether there is something left to undo."""
        return self.undo != "nothing" and self.state != "undone"


class Journal:
    """A file of one run. Each line that an undo depends on is on the disk (fsync) before the call returns.

    The first line tells where the run was: ``{"run": {"id", "context", "kubeconfig", "fingerprint", …}}``.
    """

    def __init__(self, path: Path, run: dict[str, Any], entries: dict[int, UndoEntry] | None = None) -> None:
        self.path = path
        self.run = run
        self.entries: dict[int, UndoEntry] = entries or {}
        self._lock: int | None = None  # held for as long as the run lives; the kernel lets go of it after a kill

    @classmethod
    def start(cls, folder: Path, run: dict[str, Any]) -> Journal:
        """A new journal.

        Raises:
            InconclusiveError: it cannot be written.
        """
        journal = cls(folder / JOURNAL, run)
        journal._append({"run": run})
        journal._lock = _lock(journal.path)
        return journal

    def is_live(self) -> bool:
        """Whether the run that writes it is still under way, in any process of this machine."""
        lock = _lock(self.path)
        if lock is None:
            return True
        os.close(lock)
        return False

    @classmethod
    def load(cls, path: Path) -> Journal:
        """Read one back; a last line that was cut short never took effect, since it was not acknowledged.

        Raises:
            UsageError: it is no journal.
        """
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except OSError as exc:
            raise UsageError(f"the journal {path} cannot be read: {exc.strerror}") from exc
        run: dict[str, Any] = {}
        entries: dict[int, UndoEntry] = {}
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                row = json.loads(line)
                if "run" in row:
                    run = dict(row["run"])
                else:
                    entries[row["entry"]["id"]] = UndoEntry(**row["entry"])
            except ValueError as exc:
                if _torn(line):
                    continue  # cut short by a crash, so never acknowledged; what came after it is whole
                raise UsageError(f"{path}, line {number} is not what this tool wrote: {exc}") from exc
            except (KeyError, TypeError) as exc:
                raise UsageError(f"{path}, line {number} is not what this tool wrote: {exc}") from exc
        if not {"id", "fingerprint"} <= run.keys():
            raise UsageError(f"{path} does not say which cluster it is about, so nothing can be undone from it")
        return cls(path, run, entries)

    def intend(self, **fields: Any) -> UndoEntry:
        """Write down a change that is about to be made."""
        entry = UndoEntry(id=len(self.entries) + 1, **fields)
        self.entries[entry.id] = entry
        self._append({"entry": asdict(entry)})
        return entry

    def update(self, entry: UndoEntry, state: str, uid: str = "") -> None:
        """Write down what became of it.

        Where there is nothing to undo, nothing depends on the line being on the disk at once, and waiting for the disk
        would stop the probes in the first milliseconds after a fault, which matter most.
        """
        entry.state = state
        entry.uid = uid or entry.uid
        self._append({"entry": asdict(entry)}, durable=entry.undo != "nothing")

    def open_entries(self) -> list[UndoEntry]:
        """What is still to be undone, last change first; what was in a namespace is undone with it."""
        gone = {e.name for e in self.entries.values() if e.kind == "Namespace" and e.state == "undone"}
        newest_first = (self.entries[number] for number in sorted(self.entries, reverse=True))
        return [entry for entry in newest_first if entry.is_open and entry.namespace not in gone]

    def close(self) -> None:
        """Let go of the file: the run is over."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @staticmethod
    def _ends_a_line(file: IO[bytes]) -> bool:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

    def _append(self, row: dict[str, Any], *, durable: bool = True) -> None:
        data = (json.dumps(row, separators=(",", ":")) + "\n").encode()
        try:
            with self.path.open("ab+") as file:
                if file.tell() and not self._ends_a_line(file):
                    data = b"\n" + data  # a crash cut the last line short
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
        except OSError as exc:
            raise InconclusiveError(
                f"the undo journal {self.path} cannot be written ({exc.strerror}), so nothing more is changed",
                hint="make room or choose another place with --reports DIR",
            ) from exc


def _lock(path: Path) -> int | None:
    """A file descriptor that holds the lock of a journal; None where somebody else holds it.

    A file system without locks gives a descriptor without one: then nobody can tell, and recovering is the safer guess.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)  # some file systems lock only what is open for writing
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        return descriptor
    return descriptor


def _torn(line: str) -> bool:
    """Whether it is the beginning of a line that this tool writes."""
    begins = ('{"entry":{', '{"run":{')
    return any(line.startswith(b) or b.startswith(line) for b in begins)
