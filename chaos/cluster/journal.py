"""What a run changed and how each change is undone, on disk before the change is made."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import stat
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

from chaos.cluster.entry import FIX_PREFIX, RUN_LABEL, UndoEntry, entry_of, run_of
from chaos.errors import InconclusiveError, PreflightError, UsageError
from chaos.model.private import open_file

__all__ = ["FIX_PREFIX", "JOURNAL", "RUN_LABEL", "Journal", "UndoEntry", "UnfitLine"]

JOURNAL = "journal.jsonl"
# Above what a run of days writes.
_MOST_BYTES = 64 << 20
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class UnfitLine:
    """A line that this tool did not write, or that was damaged since.

    Attributes:
        number: counted from 1.
        why: it is none.
        text: its beginning.
    """

    number: int
    why: str
    text: str


class Journal:
    """A file of one run. Each line that an undo depends on is on the disk (fsync) before the call returns.

    The first line tells where the run was: ``{"run": {"id", "context", "kubeconfig", "fingerprint", …}}``.

    Attributes:
        unfit: lines of a file that was read back which are no lines of a journal.
    """

    def __init__(self, path: Path, run: dict[str, Any]) -> None:
        self.path = path
        self.run = run
        self.entries: dict[int, UndoEntry] = {}
        self.unfit: list[UnfitLine] = []
        self._is_own = False
        self._lock: int | None = None  # held for as long as the run lives; the kernel lets go of it after a kill

    @classmethod
    def start(cls, folder: Path, run: dict[str, Any]) -> Journal:
        """A new journal.

        Raises:
            InconclusiveError: it cannot be written.
        """
        journal = cls(folder / JOURNAL, run)
        journal._is_own = True
        journal._append({"run": run})
        journal._lock = _lock(journal.path)
        return journal

    def is_live(self) -> bool:
        """Whether the run that writes it is still under way, in any process of this machine.

        Raises:
            PreflightError: nobody can tell.
        """
        try:
            lock = _lock(self.path)
        except OSError as exc:
            raise PreflightError(
                f"{self.path} cannot be opened for writing ({exc.strerror}), so nobody can tell whether its run is "
                "over, nor write down what was undone",
                hint="copy its folder to where you may write, and name that",
            ) from exc
        if lock is None:
            return True
        os.close(lock)
        return False

    @classmethod
    def load(cls, path: Path) -> Journal:
        """Read one back; a last line that was cut short never took effect, since it was not acknowledged.

        Anybody may have written it: what it says has the right types, and is otherwise believed by nobody.

        Raises:
            UsageError: it is no journal.
        """
        journal = cls(path, {})
        for number, line in enumerate(_read(path).split(b"\n"), 1):
            if not line:
                continue
            try:
                journal._take(json.loads(line))
            except (ValueError, RecursionError) as exc:
                if not _torn(line):  # else cut short by a crash, so never acknowledged; what came after it is whole
                    why = str(exc) or "it is nested too deeply"
                    journal.unfit.append(UnfitLine(number, why, line[:_SHOWN].decode("utf-8", "backslashreplace")))
        if not journal.run:
            why = "".join(f": line {row.number} is not what this tool wrote: {row.why}" for row in journal.unfit[:1])
            raise UsageError(f"{path} does not say which cluster it is about, so nothing can be undone from it{why}")
        return journal

    def _take(self, row: Any) -> None:
        """Take over what a line says.

        Raises:
            ValueError: it is no line of a journal.
        """
        if not isinstance(row, dict) or len(row) != 1:
            raise ValueError("it is neither a run nor an entry")
        if "run" in row and not self.run and not self.entries:
            self.run = run_of(row["run"])
        elif "entry" in row and self.run:
            entry = entry_of(row["entry"])
            self.entries[entry.id] = entry
        else:
            raise ValueError("it is neither an entry nor, in its place, a run")

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

    def recovery(self, *options: str) -> str:
        """The command that undoes what is open; what only a file names, kubeconfig or context, is not proposed."""
        command = ["chaos", "recover", str(self.path.parent.absolute())]
        if not self._is_own:
            return shlex.join([*command, *options])
        where = [(f"--{key}", str(self.run[key])) for key in ("kubeconfig", "context") if self.run.get(key)]
        said = shlex.join([*command, *chain.from_iterable(where), *options])
        by_environment = os.environ.get("KUBECONFIG", "") if not self.run.get("kubeconfig") else ""
        # Somebody may type it in another shell.
        return f"KUBECONFIG={shlex.quote(by_environment)} {said}" if by_environment and where else said

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
            with open_file(self.path, "ab+") as file:
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


def _read(path: Path) -> bytes:
    """Raises UsageError: it cannot be read, or is no file that a run wrote."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"the journal {path} is no regular file")
        if status.st_size > _MOST_BYTES:
            raise UsageError(f"the journal {path} is larger than any that a run writes ({status.st_size} bytes)")
        return path.read_bytes()
    except OSError as exc:
        raise UsageError(f"the journal {path} cannot be read: {exc.strerror}") from exc


def _torn(line: bytes) -> bool:
    """Whether it is the beginning of a line that this tool writes, and not all of one."""
    begins = (b'{"entry":{', b'{"run":{')
    return not line.endswith(b"}}") and any(line.startswith(b) or b.startswith(line) for b in begins)
