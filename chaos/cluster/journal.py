"""What a run changed and how each change is undone, on disk before the change is made."""

from __future__ import annotations

import errno
import os
import shlex
from itertools import chain
from pathlib import Path
from typing import IO, Any, Self

from chaos.cluster.entry import FIX_PREFIX, RUN_LABEL, UndoEntry, entry_of, run_of
from chaos.cluster.journal_file import is_held, is_unbegun, keep_name, lock, read
from chaos.cluster.line import VERSION, Line, write_line
from chaos.cluster.lines import Lines, UnfitLine, in_order, read_lines
from chaos.errors import InconclusiveError, PreflightError, UsageError
from chaos.model.private import open_file

__all__ = ["FIX_PREFIX", "JOURNAL", "RUN_LABEL", "Journal", "UndoEntry", "UnfitLine", "is_unbegun"]

JOURNAL = "journal.jsonl"


class Journal:
    """A file of one run. Each line that an undo depends on is on the disk (fsync) before the call returns.

    The first line tells where the run was: ``{"run": {"id", "context", "kubeconfig", "fingerprint", …}}``. Each line
    has the run's id and fingerprint and all of its entry, so that a line that is lost costs no other.

    Attributes:
        unfit: lines of a file that was read back which are no lines of a journal.
        torn: how many of its lines were cut short by a crash; what they were about never began.
        is_signed: whether it was read back and every line of it that counts is signed by the user's key.
    """

    def __init__(self, path: Path, run: dict[str, Any], key: bytes = b"") -> None:
        self.path = path
        self.run = run
        self.entries: dict[int, UndoEntry] = {}
        self.unfit: list[UnfitLine] = []
        self.torn = 0
        self.is_signed = False
        self._is_own = False
        self._key = key
        self._version, self._written = VERSION, 0
        self._lock: int | None = None  # held for as long as the run lives; the kernel lets go of it after a kill

    @classmethod
    def start(cls, folder: Path, run: dict[str, Any], key: bytes = b"") -> Self:
        """A new journal.

        Args:
            folder: that it lies in.
            run: what is to be known about the run.
            key: that signs it; empty: it is not signed.

        Raises:
            InconclusiveError: it cannot be written.
        """
        journal = cls(folder / JOURNAL, run, key)
        journal._is_own = True
        journal._append({"run": run})
        keep_name(folder)
        try:
            journal._lock = lock(journal.path)
        except OSError as exc:
            raise _unwritable(journal.path, exc) from exc
        return journal

    def is_live(self) -> bool:
        """Whether the run that writes it is still under way, in any process of this machine.

        Raises:
            PreflightError: nobody can tell.
        """
        if not self.claim():
            return True
        known = self.is_told_by_lock
        self.close()
        if not known:
            raise PreflightError(
                f"{self.path} lies where files have no locks, so it does not tell whether its run is over"
            )
        return False

    @property
    def is_told_by_lock(self) -> bool:
        """Whether, once it is held, nobody else can hold it: some file systems have no locks."""
        return self._lock is None or is_held(self._lock)

    def claim(self) -> bool:
        """Hold it until `close`, so that nobody else does anything about it; False where somebody holds it.

        Raises:
            PreflightError: nobody can tell.
        """
        try:
            self._lock = lock(self.path)
        except OSError as exc:
            raise PreflightError(
                f"{self.path} cannot be opened for writing ({exc.strerror}), so nobody can tell whether its run is "
                "over, nor write down what was undone",
                hint="copy its folder to where you may write, and name that",
            ) from exc
        return self._lock is not None

    @classmethod
    def load(cls, path: Path, key: bytes = b"") -> Self:
        """Read one back; a last line that was cut short never took effect, since it was not acknowledged.

        Anybody may have written it: what it says has the right types, and is otherwise believed by nobody, unless it is
        signed.

        Args:
            path: of the file.
            key: the user's, which may have signed it.

        Raises:
            UsageError: it is no journal.
        """
        journal = cls(path, {}, key)
        journal._take_all(read_lines(read(path), key))
        return journal

    def read_again(self, key: bytes = b"") -> None:
        """The same once it is held: its run may have gone on, and may have come to its end, since it was read.

        Args:
            key: the user's, which may have signed it.

        Raises:
            UsageError: it is no journal any more.
        """
        vars(self).update(vars(self.load(self.path, key)), _lock=self._lock)

    def _take_all(self, lines: Lines) -> None:
        """Take over what lines say.

        Raises:
            UsageError: none of them says of which run they are.
        """
        self.unfit += lines.unfit
        self.torn, self.is_signed = lines.torn, lines.signed
        self._key = self._key if lines.signed else b""  # what is added to a journal is as the rest of it is
        self._version, self._written = lines.version, lines.written
        for number, line in lines.good:
            try:
                self._take(line)
            except ValueError as exc:
                self.unfit.append(UnfitLine(number, str(exc), str(line.row)[:200]))
        self.unfit = in_order(self.unfit)
        if not self.run:
            why = "".join(f": line {row.number} is not what this tool wrote: {row.why}" for row in self.unfit[:1])
            raise UsageError(
                f"{self.path} does not say which cluster it is about, so nothing can be undone from it{why}"
            )

    def _take(self, line: Line) -> None:
        """Take over what a line says.

        Raises:
            ValueError: it is no line of a journal.
        """
        row = line.row
        if len(row) != 1:
            raise ValueError("it is neither a run nor an entry")
        if "run" in row and not self.run and not self.entries:
            self.run = run_of(row["run"])
        elif "entry" in row and (self.run or line.of is not None):
            entry = entry_of(row["entry"])
            self._agree(line)
            self.entries[entry.id] = entry
        else:
            raise ValueError("it is neither an entry nor, in its place, a run")

    def _agree(self, line: Line) -> None:
        """Where the first line was lost, the others say of which run they are.

        Raises:
            ValueError: it is of another run.
        """
        if line.of is None:
            return
        self.run = self.run or run_of(line.of)
        if line.of != self._of:
            raise ValueError("it is of another run")

    @property
    def _of(self) -> dict[str, Any]:
        return {name: self.run.get(name, "") for name in ("id", "fingerprint")}

    def intend(self, **fields: Any) -> UndoEntry:
        """Write down a change that is about to be made."""
        entry = UndoEntry(id=max(self.entries, default=0) + 1, **fields)
        self.entries[entry.id] = entry
        self._append({"entry": entry.as_row()})
        return entry

    def update(self, entry: UndoEntry, state: str, uid: str = "") -> None:
        """Write down what became of it.

        Where there is nothing to undo, nothing depends on the line being on the disk at once, and waiting for the disk
        would stop the probes in the first milliseconds after a fault, which matter most.
        """
        entry.state = state
        entry.uid = uid or entry.uid
        self._append({"entry": entry.as_row()}, durable=entry.undo != "nothing")

    def open_entries(self) -> list[UndoEntry]:
        """What is still to be undone, last change first; what was in a namespace is undone with it."""
        gone = {e.name for e in self.entries.values() if e.kind == "Namespace" and e.state == "undone"}
        newest_first = (self.entries[number] for number in sorted(self.entries, reverse=True))
        return [entry for entry in newest_first if entry.is_open and entry.namespace not in gone]

    @property
    def is_unfinished(self) -> bool:
        """Whether something is to be undone, or may be, as far as can be read."""
        return bool(self.open_entries() or self.unfit)

    def open_in_cluster(self) -> list[UndoEntry]:
        """The same without hooks, which are about no change of the cluster."""
        return [entry for entry in self.open_entries() if entry.undo != "hook"]

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
        try:
            with open_file(self.path, "ab+") as file:
                if self._lock is not None and not os.path.sameopenfile(file.fileno(), self._lock):
                    raise OSError(errno.ESTALE, "another file is in its place")  # noqa: TRY301 - as any other reason
                torn = bool(file.tell()) and not self._ends_a_line(file)  # a crash cut the last line short
                file.write(b"\n" * torn + self._line(row, after_torn=torn))
                file.flush()
                if durable:
                    os.fsync(file.fileno())
        except OSError as exc:
            raise _unwritable(self.path, exc) from exc
        self._written += 1

    def _line(self, row: dict[str, Any], *, after_torn: bool) -> bytes:
        of = None if "run" in row else self._of
        return write_line(Line(row, self._version, self._written + 1, of, after_torn), self._key)


def _unwritable(path: Path, exc: OSError) -> InconclusiveError:
    return InconclusiveError(
        f"the undo journal {path} cannot be written ({exc.strerror}), so nothing more is changed",
        hint="make room or choose another place with --reports DIR",
    )
