"""Keys, their strings and when they expire."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Entry:
    """A string. `expires_s` is on the server's clock; None: never."""

    value: bytes
    expires_s: float | None = None


class Keyspace:
    """All databases of one server. Keys that have expired are gone when somebody looks.

    Attributes:
        changes: since the last snapshot.
    """

    def __init__(self, now_s: Callable[[], float], databases: int) -> None:
        self.now_s = now_s
        self.changes = 0
        self._databases: list[dict[bytes, Entry]] = [{} for _ in range(databases)]

    def __len__(self) -> int:
        return len(self._databases)

    def get(self, database: int, key: bytes) -> Entry | None:
        """The entry of a key."""
        entry = self._databases[database].get(key)
        if entry is not None and entry.expires_s is not None and entry.expires_s <= self.now_s():
            del self._databases[database][key]
            return None
        return entry

    def set(self, database: int, key: bytes, value: bytes, expires_s: float | None = None) -> None:
        """Write a key."""
        self._databases[database][key] = Entry(value, expires_s)
        self.changes += 1

    def delete(self, database: int, key: bytes) -> bool:
        """Whether it was there."""
        if self.get(database, key) is None:
            return False
        del self._databases[database][key]
        self.changes += 1
        return True

    def clear(self, database: int) -> None:
        """Forget all keys of a database."""
        self._databases[database].clear()
        self.changes += 1

    def keys(self, database: int) -> list[bytes]:
        """All keys that have not expired."""
        return [key for key in list(self._databases[database]) if self.get(database, key) is not None]

    def sizes(self) -> Iterator[tuple[int, int, list[float]]]:
        """(database, number of keys, seconds that those which expire have left) of each that is not empty."""
        for database, entries in enumerate(self._databases):
            keys = self.keys(database)
            if keys:
                ends = (entries[key].expires_s for key in keys)
                yield database, len(keys), [end - self.now_s() for end in ends if end is not None]

    def dump(self) -> list[dict[bytes, Entry]]:
        """A copy of everything, as a file holds it."""
        return [
            {key: Entry(entry.value, entry.expires_s) for key, entry in database.items()}
            for database in self._databases
        ]

    def load(self, dumped: list[dict[bytes, Entry]]) -> None:
        """Take over what a file holds."""
        for database, entries in zip(self._databases, dumped, strict=False):
            database.update({key: Entry(entry.value, entry.expires_s) for key, entry in entries.items()})


def glob(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern of KEYS and CONFIG GET (util.c, stringmatchlen) as a regular expression."""
    parts = re.findall(rb"\*|\?|\[\^?(?:\\.|[^\]])*\]?|\\.|.", pattern, re.DOTALL)
    return re.compile(b"".join(_glob_part(part) for part in parts), re.DOTALL)


def _glob_part(part: bytes) -> bytes:
    if part == b"*":
        return b".*"
    if part == b"?":
        return b"."
    if part.startswith(b"[") and len(part) > 1:
        inner = part[1:].removesuffix(b"]")
        negated, inner = inner.startswith(b"^"), inner.removeprefix(b"^")
        if not inner:
            return b"." if negated else b"(?!)"
        return b"[" + b"^" * negated + re.sub(rb"([\[&|~])", rb"\\\1", inner) + b"]"
    return re.escape(part[1:] if part.startswith(b"\\") and len(part) > 1 else part)
