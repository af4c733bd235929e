"""Which folders of past runs may go. A folder is a run's only where all of it is as a run leaves it."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.cluster.journal import JOURNAL
from chaos.errors import ChaosError, UsageError
from chaos.model.recording import EVENTS, OBSERVATIONS, RUN
from chaos.report.document import INCOMPLETE, READABLE, REPORT

COPY = "redacted"
# In the order in which they are removed: what makes a folder a run's stays to the end, so that one which could be
# removed in part is found again.
RUN_FILES = (
    OBSERVATIONS,
    EVENTS,
    "recoveries.csv",
    "summary.csv",
    "vantages.csv",
    "timeline.svg",
    REPORT,
    f"{RUN}.new",
    JOURNAL,
    RUN,
)
# Keys that run.json has had in all schemas.
_KEYS = frozenset({"experiment", "simulated", "status", "started_at", "verdicts", "parameters"})
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(?:-([1-9]\d?))?", re.ASCII)
_MOST_BYTES = 64 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A folder that a run made.

    Attributes:
        number: of several runs of one second.
        outcome: as run.json says it.
        size: of its files, in bytes.
        written_s: when one of them was last written, in seconds since 1970.
    """

    folder: Path
    experiment: str
    started_at: datetime
    number: int
    simulated: bool
    outcome: str
    size: int
    written_s: float


@dataclass(frozen=True, slots=True)
class Left:
    """A folder that stays.

    Attributes:
        why: a `RollbackError` where something is to be undone from it.
    """

    folder: Path
    why: ChaosError


def find_runs(reports: Path, experiment: str = "") -> tuple[list[KeptRun], list[Left]]:
    """Folders of runs, the newest first; and those that look like one and are none."""
    runs, left = [], []
    for path in sorted(reports.glob(f"*/*/{RUN}")):
        if experiment not in ("", path.parent.parent.name):
            continue
        try:
            with opened(reports, path.parent) as folder:
                runs.append(recognised(path.parent, folder))
        except ChaosError as exc:
            left.append(Left(path.parent, exc))
    return sorted(runs, key=lambda run: (run.started_at, run.number), reverse=True), left


def choose(runs: Iterable[KeptRun], older_than_s: float | None, keep: int | None, now: datetime) -> list[KeptRun]:
    """Those that are to go; `runs` has the newest first."""
    chosen = []
    newer: dict[str, int] = {}
    for run in runs:
        newer[run.experiment] = newer.get(run.experiment, 0) + 1
        is_old = older_than_s is None or (now - run.started_at).total_seconds() > older_than_s
        if is_old and (keep is None or newer[run.experiment] > keep):
            chosen.append(run)
    return chosen


@contextmanager
def opened(reports: Path, folder: Path) -> Iterator[int]:
    """A descriptor of a run's folder, EXPERIMENT/TIME below `reports`; no link leads to it.

    Raises:
        UsageError: it cannot be opened so.
    """
    descriptors: list[int] = []
    try:
        descriptors.append(os.open(reports, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        for name in folder.relative_to(reports).parts:
            descriptors.append(os.open(name, _FOLDER, dir_fd=descriptors[-1]))
    except OSError as exc:
        _close(descriptors)
        raise UsageError(f"it is no folder of its own, or cannot be opened: {exc.strerror}") from exc
    try:
        yield descriptors[-1]
    finally:
        _close(descriptors)


def _close(descriptors: list[int]) -> None:
    for one in descriptors:
        os.close(one)


def recognised(folder: Path, descriptor: int) -> KeptRun:
    """The run whose folder it is.

    Raises:
        UsageError: it is not a run's, or there is something in it that no run writes.
    """
    stamp = _STAMP.fullmatch(folder.name)
    if not stamp:
        raise UsageError("its name is not the time of a run")
    files = list(run_files(descriptor))
    document = _document(descriptor)
    if document["experiment"] != folder.parent.name or _stamp_of(document["started_at"]) != stamp[1]:
        raise UsageError(f"{RUN} is of another folder")
    return KeptRun(
        folder,
        folder.parent.name,
        datetime.strptime(stamp[1], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC),
        int(stamp[2] or 1),
        document["simulated"] is True,
        str(document.get("outcome") or INCOMPLETE),
        sum(status.st_size for _, status in files),
        max(status.st_mtime for _, status in files),
    )


def run_files(descriptor: int) -> Iterator[tuple[str, os.stat_result]]:
    """Its files, those of a copy that was redacted among them, in the order in which they may be removed.

    Raises:
        UsageError: something is in it that no run writes.
    """
    names = _names(descriptor)
    if COPY in names:
        with _entered(descriptor, COPY) as copy:
            yield from ((f"{COPY}/{name}", status) for name, status in _plain_files(copy, _names(copy)))
        names.remove(COPY)
    yield from _plain_files(descriptor, names)


def _names(descriptor: int) -> set[str]:
    return set(os.listdir(descriptor))


def _plain_files(descriptor: int, names: set[str]) -> Iterator[tuple[str, os.stat_result]]:
    foreign = sorted(names - set(RUN_FILES))
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise UsageError(f"{foreign[0]}{more} in it was not written by a run", hint="move it elsewhere")
    for name in RUN_FILES:
        if name in names:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"{name} in it is no regular file, and runs write nothing else")
            yield name, status


@contextmanager
def _entered(above: int, name: str) -> Iterator[int]:
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=above)
    except OSError as exc:
        raise UsageError(f"{name} in it cannot be opened as a folder: {exc.strerror}") from exc
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _document(descriptor: int) -> dict[str, Any]:
    """run.json, where it is one of this tool's."""
    try:
        with os.fdopen(os.open(RUN, _FILE, dir_fd=descriptor), "rb") as file:
            document = json.loads(file.read(_MOST_BYTES))
    except OSError as exc:
        raise UsageError(f"{RUN} cannot be read: {exc.strerror}") from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{RUN} is not what this tool wrote") from exc
    if not isinstance(document, dict) or not document.keys() >= _KEYS:
        raise UsageError(f"{RUN} is not what this tool wrote")
    if document.get("schema_version") not in READABLE:
        raise UsageError(f"{RUN} has a schema that this version does not know")
    return document


def _stamp_of(started_at: object) -> str:
    """How a folder is named that a run made which began then."""
    return str(started_at)[:19].replace(":", "-") + "Z"
