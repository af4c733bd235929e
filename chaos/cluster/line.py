"""One line of a journal as bytes: JSON with a version, a number, a checksum and, where there is a key, a signature.

    {"v":1,"n":3,"of":{"id":"…","fingerprint":"…"},"entry":{…},"mac":"…","sum":"…"}

The sum is of all bytes before it, the mac likewise, so neither depends on how JSON is written. The sum tells damage,
the mac tells who wrote it. What a line says of its run and its number is under both, so it means nothing elsewhere.
Lines of earlier versions have none of it (version 0).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any

VERSION = 1
_SUM = re.compile(rb',"sum":"([0-9a-f]{16})"\}$')
_WHOLE = re.compile(rb',"sum":"[0-9a-f]{16}"\}')
_MAC = re.compile(rb',"mac":"([0-9a-f]{64})"$')
# Python reads deeper JSON, but may exceed its recursion limit when it copies or writes it; objects of a cluster have
# half of this depth.
_DEPTH = 60
_BEGINS = b'{"v":'
_BEGAN_ONCE = (b'{"entry":{', b'{"run":{')


@dataclass(frozen=True, slots=True)
class Line:
    """What a line holds, undamaged.

    Attributes:
        row: without what is said here.
        version: 0: of a time before there were checksums.
        number: among the lines that were written, from 1.
        of: of which run it is: ``{"id", "fingerprint"}``.
        after_torn: whether whoever wrote it found the end of the line before it cut short.
        signed: by the key that it was read with.
    """

    row: dict[str, Any]
    version: int = 0
    number: int = 0
    of: dict[str, Any] | None = None
    after_torn: bool = False
    signed: bool = False


def write_line(line: Line, key: bytes) -> bytes:
    """As it stands in the file, with its newline; signed where there is a key."""
    if not line.version:
        return (json.dumps(line.row, separators=(",", ":")) + "\n").encode()
    about: dict[str, Any] = {"v": line.version, "n": line.number}
    about |= {"of": line.of} if line.of is not None else {}
    about |= {"torn": True} if line.after_torn else {}
    body = json.dumps(about | line.row, separators=(",", ":"))[:-1].encode()
    if key:
        body += b',"mac":"%s"' % _mac(body, key)
    return body + b',"sum":"%s"}\n' % _sum(body)


def read_line(data: bytes, key: bytes) -> Line:
    """What it holds.

    Raises:
        ValueError: it was damaged, or is none of this tool, or of a later version.
    """
    found = _SUM.search(data)
    if found is not None and found[1] != _sum(data[: found.start()]):
        raise ValueError("it was damaged: its checksum does not fit")
    row = json.loads(data)
    if not isinstance(row, dict):
        raise ValueError("it is neither a run nor an entry")  # noqa: TRY004 - what JSON holds is data
    if _is_deep(row):
        raise ValueError("it is nested too deeply")
    if found is None:
        if not row.keys().isdisjoint({"v", "n", "sum", "mac"}):
            raise ValueError("it was damaged: it has no checksum")
        return Line(row)
    version, number, of = (row.pop(name, None) for name in ("v", "n", "of"))
    if not _is_count(version) or not _is_count(number) or not isinstance(of, dict | None):
        raise ValueError("it does not say which line it is")
    if version > VERSION:
        raise ValueError(f"a later version of this tool wrote it ({version}, this one reads {VERSION})")
    torn = row.pop("torn", False) is True
    signed = _is_signed(data[: found.start()], key)
    row = {name: value for name, value in row.items() if name not in ("mac", "sum")}
    return Line(row, version, number, of, torn, signed)


def is_beginning(data: bytes) -> bool:
    """Whether it is the beginning of a line that this tool writes, and not all of one."""
    return _WHOLE.search(data) is None and (data.startswith(_BEGINS) or _BEGINS.startswith(data))


def is_old_beginning(data: bytes) -> bool:
    """The same of a line without a checksum."""
    return not data.endswith(b"}}") and any(data.startswith(b) or b.startswith(data) for b in _BEGAN_ONCE)


def _is_deep(row: object) -> bool:
    level = [row]
    for _ in range(_DEPTH):
        inside = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [value for values in inside for value in values]
        if not level:
            return False
    return True


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _sum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:16].encode()


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode()


def _is_signed(body: bytes, key: bytes) -> bool:
    found = _MAC.search(body)
    return bool(key and found) and found is not None and hmac.compare_digest(found[1], _mac(body[: found.start()], key))
