"""What is told of an undo that did not come about: by what it is done later, or by hand."""

from __future__ import annotations

import json
import shlex

from chaos.cluster.journal import Journal, UndoEntry
from chaos.errors import ApiError, ChaosError, RollbackError

_CONFLICT = 409


def not_yet(journal: Journal, entry: UndoEntry, message: str, exc: ChaosError) -> RollbackError:
    """What is told where a request failed; it may be tried again where the reason may pass."""
    passing = isinstance(exc, ApiError) and (exc.may_pass or exc.status == _CONFLICT)
    return RollbackError(message, hint=later(journal, entry), may_pass=passing)


def later(journal: Journal, entry: UndoEntry) -> str:
    """The next step, for people."""
    if entry.undo == "restore":
        return by_hand(entry)
    return f"later: {journal.recovery()}   or: {by_hand(entry)}"


def by_hand(entry: UndoEntry) -> str:
    """What somebody would type."""
    if entry.undo in ("command", "hook"):
        return entry.command
    verb, where = entry.undo, ("-n", entry.namespace) if entry.namespace else ()
    patch = ("--type", "merge", "-p", json.dumps(entry.restore or {})) if verb == "restore" else ()
    words = "patch" if verb == "restore" else "delete"
    return shlex.join(["kubectl", words, entry.kind.lower(), entry.name, *where, *patch])
