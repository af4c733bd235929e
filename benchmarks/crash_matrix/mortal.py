"""A connection and a journal that end at a crossroads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.crash_matrix.crossroads import Crossroads, KilledError
from chaos.cluster.client import Cluster, Object
from chaos.cluster.journal import Journal

BEFORE, AFTER, TORN, WRITTEN = "request unsent", "answer unheard", "line torn", "line written"
MOMENTS = (BEFORE, AFTER, TORN, WRITTEN)
_QUESTIONS = ("SelfSubjectAccessReview",)


def mortal(cluster: Cluster, roads: Crossroads) -> Cluster:
    """Have a connection end at each write: before it is sent, and after it was answered with nobody there to hear it.

    The renewal of a Lease is no moment of its own: what is to be undone is as it was before it.
    """
    made = cluster._call

    async def call(method: str, kind: str, *args: Any, **more: Any) -> Object:
        if roads.death is not None:
            raise KilledError
        if method == "get" or kind in _QUESTIONS or (method, kind) == ("patch", "Lease"):
            return await made(method, kind, *args, **more)
        if roads.dies(BEFORE):
            raise KilledError
        answer = await made(method, kind, *args, **more)
        if roads.dies(AFTER):
            raise KilledError
        return answer

    cluster._call = call  # type: ignore[method-assign]
    return cluster


@contextmanager
def mortal_journals(roads: Crossroads, torn: list[tuple[Path, bytes]]) -> Iterator[None]:
    """Have each line of a journal be the last one, whole or in half.

    Args:
        roads: where the process may die.
        torn: is told the half of a line that is on the disk when it does, and in which file.
    """
    append, line = Journal._append, Journal._line
    written: list[Journal] = []

    def mortal_append(journal: Journal, row: dict[str, Any], *, durable: bool = True) -> None:
        if roads.death is not None:
            raise KilledError
        whole = line(journal, row, after_torn=False)
        torn.append((journal.path, whole[: len(whole) // 2]))
        if roads.dies(TORN):
            raise KilledError
        torn.clear()
        written.append(journal)
        append(journal, row, durable=durable)
        if roads.dies(WRITTEN):
            raise KilledError

    with patch.object(Journal, "_append", mortal_append):
        try:
            yield
        finally:
            # What the dead process had begun may come to its end later, and its file is that of the others too.
            for journal in written if roads.death is not None else ():
                journal._append = _dead  # type: ignore[method-assign]


def _dead(*_: object, **__: object) -> None:
    raise KilledError
