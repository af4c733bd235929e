"""Undoing many changes, each again and again until it is undone or patience ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from chaos.cluster.journal import UndoEntry
from chaos.engine.patience import Patience
from chaos.engine.progress import Progress
from chaos.errors import ChaosError, RollbackError
from chaos.visible import visible

_FIRST_S, _MOST_S = 0.5, 8.0
_TELL_EVERY_S = 10.0
_SHARING = ("delete", "restore")
# Of what is left of patience, for the Lease that says that a run is at work.
_LEASE_S = 30.0
# Of the end, when patience is over: for each, and for all together.
_LAST_LOOK_S, _LAST_LOOKS_S = 5.0, 10.0


class Undoes(Protocol):
    """What takes single changes back: `chaos.cluster.undo.Undo`, or `chaos.cluster.changes.Changes`."""

    async def undo(self, entry: UndoEntry) -> str: ...
    async def look(self, entry: UndoEntry) -> str: ...
    def unfinished(self, entry: UndoEntry, why: str) -> RollbackError: ...


class Undoing:
    """Goes on after a failure, and comes back to what failed for a reason that may pass.

    Args:
        undo: takes single changes back, and makes sure of it.
        progress: is told what is waited for.
        patience: how long.
    """

    def __init__(self, undo: Undoes, progress: Progress, patience: Patience) -> None:
        self._undo = undo
        self._progress = progress
        self._patience = patience
        self._failed: dict[int, RollbackError] = {}
        self._again: dict[int, tuple[UndoEntry, RollbackError]] = {}
        self._current: UndoEntry | None = None

    async def all(
        self, entries: Callable[[], Iterable[UndoEntry]], first: Callable[[UndoEntry], list[UndoEntry]]
    ) -> list[RollbackError]:
        """Undo them; returns what could not be undone.

        Args:
            entries: those that are open, in the order in which they are to be undone.
            first: of a namespace, what must be undone before it goes, since something in it tells of that.
        """
        telling = asyncio.create_task(self._keep_telling())
        try:
            wait_s = _FIRST_S
            while True:
                await self._once(entries(), first)
                if not self._again or self._patience.left_s < wait_s:
                    break
                await asyncio.sleep(wait_s)
                wait_s = min(_MOST_S, 2 * wait_s)
            await self._look_a_last_time()
        finally:
            telling.cancel()
        return list(self._failed.values())

    async def _once(self, entries: Iterable[UndoEntry], first: Callable[[UndoEntry], list[UndoEntry]]) -> None:
        covered: set[str] = set()  # namespaces that are being removed, with everything in them
        entries = list(entries)
        for place, entry in enumerate(entries):
            if entry.id in self._failed or not entry.is_open or entry.namespace in covered:
                continue
            if entry.kind == "Namespace":
                covered.add(entry.name)
                if left := first(entry):
                    self._keep(entry, left, covered)
                    continue
            is_waited_for = any(one.kind != "Lease" for one, _ in self._again.values())
            if entry.kind == "Lease" and is_waited_for and self._patience.left_s > _LEASE_S:
                continue  # else another run would begin beside what is still being removed
            self._current = entry
            # What never goes, such as a pod of a node that is gone, or is held up by a webhook, must not keep others
            # from their turn. Commands are not cut short: nobody knows what a second one does.
            turns = 1 + self._others(entries[place + 1 :], covered) if entry.undo in _SHARING else 1
            await self._attempt(entry, covered, turns)
        self._current = None

    def _others(self, later: list[UndoEntry], covered: set[str]) -> int:
        """How many of these do not go with a namespace; what is in one that stays goes by itself."""
        rest = [one for one in later if one.is_open and one.id not in self._failed]
        going = covered | {one.name for one in rest if one.kind == "Namespace"}
        return sum(one.namespace not in going for one in rest)

    async def _attempt(self, entry: UndoEntry, covered: set[str], turns: int) -> None:
        try:
            done = await self._patience.attempt(self._undo.undo(entry), turns)
        except RollbackError as exc:
            if exc.may_pass:
                self._wait_for(entry, exc)
            else:
                covered.discard(entry.name)  # the namespace stays, so the objects in it must be undone one by one
                self._fail(entry, exc)
        except TimeoutError:
            self._give_up(entry)
        except ChaosError as exc:
            if entry.is_open:
                self._fail(entry, self._undo.unfinished(entry, exc.message))
                return
            self._again.pop(entry.id, None)
            self._progress.warning(_not_told(entry, exc))
        except Exception as exc:  # noqa: BLE001 - whatever it is, the others are undone
            covered.discard(entry.name)
            why = f"a defect of this tool: {type(exc).__name__}: {exc}"
            self._fail(entry, self._undo.unfinished(entry, visible(why, line=True)))
        else:
            self._again.pop(entry.id, None)
            self._progress.step(f"cleaned up: {done}")

    def _give_up(self, entry: UndoEntry) -> None:
        if not entry.is_open:  # the change itself is undone; only the mirror could not be updated in time
            self._again.pop(entry.id, None)
            self._progress.step(f"cleaned up: {entry.what} is as before")
            return
        why = f"it was not done after {self._patience.spent_s:.0f} s"
        _, last = self._again.get(entry.id, (entry, None))
        self._wait_for(entry, last or self._undo.unfinished(entry, why))

    def _keep(self, entry: UndoEntry, left: list[UndoEntry], covered: set[str]) -> None:
        """Keep a namespace with a mirror until what the mirror tells of is undone, or given up."""
        if all(one.id in self._failed for one in left):
            self._fail(entry, _kept(entry, left))
            covered.discard(entry.name)  # so what is in it has to go by itself
        else:
            self._wait_for(entry, _kept(entry, left))

    def _fail(self, entry: UndoEntry, why: RollbackError) -> None:
        self._again.pop(entry.id, None)
        self._failed[entry.id] = why
        self._progress.warning(why.message)

    def _wait_for(self, entry: UndoEntry, why: RollbackError) -> None:
        if entry.id not in self._again and self._patience.left_s:
            self._progress.step(f"not cleaned up yet, tried again for {self._patience.left_s:.0f} s: {why.message}")
        self._again[entry.id] = (entry, why)

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            waiting = [entry.what for entry, _ in self._again.values()] or [e.what for e in (self._current,) if e]
            if waiting:
                left_s = self._patience.left_s
                self._progress.step(f"still cleaning up {', '.join(waiting)}; for {left_s:.0f} s more at most")

    async def _look_a_last_time(self) -> None:
        """What was given up may be gone all the same."""
        ends_s = asyncio.get_running_loop().time() + _LAST_LOOKS_S
        for entry, why in list(self._again.values()):
            try:
                within_s = min(_LAST_LOOK_S, ends_s - asyncio.get_running_loop().time())
                async with asyncio.timeout(within_s):
                    gone = await self._undo.look(entry)
            except Exception:  # noqa: BLE001 - it is told as not undone
                gone = ""
            if gone:
                self._progress.step(f"cleaned up: {gone}")
                self._again.pop(entry.id)
            else:
                self._fail(entry, why)


def _not_told(entry: UndoEntry, why: ChaosError) -> str:
    """An open entry that looks done again later, since somebody made the same change, would be undone once more."""
    if entry.undo == "hook":  # recovering again is what would do harm
        return f"the after hook ran, and its journal still says otherwise, so it would be run again ({why.message})"
    return f"{entry.what} is as before, and its journal still says otherwise: recover it again ({why.message})"


def _kept(entry: UndoEntry, left: list[UndoEntry]) -> RollbackError:
    """The error of a namespace that is kept for its mirror: without that nobody would know what is left to undo."""
    what = ", ".join(one.what for one in left)
    return RollbackError(
        visible(f"{entry.what} is kept until {what} is as before: it may hold what says so", line=True),
        hint="undo that, then this again",
    )
