"""Requests as a Redis server reads them: arrays of bulk strings, or lines of words (networking.c)."""

from __future__ import annotations

import re

_MAX_WORDS = 2**31 - 1
_MAX_WORD_BYTES = 512 * 1024 * 1024  # proto-max-bulk-len's default
_MAX_LINE_BYTES = 64 * 1024
_NUMBER = re.compile(rb"-?(0|[1-9]\d{0,18})")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}
_WORD = re.compile(
    rb'\s*(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|' + rb"'((?:[^'\\]|\\.)*)'(?=\s|$)|" + rb"([^\s\"']+)(?=\s|$))", re.DOTALL
)


class ProtocolError(ValueError):
    """The client does not speak the protocol: it is told so, and cut off."""


class Requests:
    """Splits a stream into requests."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        self._buffer += data

    def next(self) -> list[bytes] | None:
        """The words of the next whole request, none for an empty one; None where more must come.

        Raises:
            ProtocolError: says why, in the server's words.
        """
        if not self._buffer:
            return None
        return self._array() if self._buffer.startswith(b"*") else self._line()

    def _line(self) -> list[bytes] | None:
        line, end, rest = self._buffer.partition(b"\n")
        if not end:
            if len(line) > _MAX_LINE_BYTES:
                raise ProtocolError("too big inline request")
            return None
        self._buffer = rest
        return split_words(line.removesuffix(b"\r"))

    def _array(self) -> list[bytes] | None:
        head, end, _ = self._buffer.partition(b"\r\n")
        if not end:
            if len(head) > _MAX_LINE_BYTES:
                raise ProtocolError("too big mbulk count string")
            return None
        count = number(head[1:])
        if count is None or count > _MAX_WORDS:
            raise ProtocolError("invalid multibulk length")
        at = len(head) + 2
        words: list[bytes] = []
        while len(words) < count:
            line_end = self._buffer.find(b"\r\n", at)
            if line_end < 0:
                if len(self._buffer) > at and self._buffer[at : at + 1] != b"$":
                    raise ProtocolError(f"expected '$', got '{chr(self._buffer[at])}'")
                return None
            if self._buffer[at : at + 1] != b"$":
                raise ProtocolError(f"expected '$', got '{chr(self._buffer[at])}'")
            length = number(self._buffer[at + 1 : line_end])
            if length is None or not 0 <= length <= _MAX_WORD_BYTES:
                raise ProtocolError("invalid bulk length")
            begin = line_end + 2
            if len(self._buffer) < begin + length + 2:
                return None
            words.append(self._buffer[begin : begin + length])
            at = begin + length + 2
        self._buffer = self._buffer[at:]
        return words


def number(text: bytes) -> int | None:
    """A signed 64-bit integer as the server reads it: no sign but minus, no spaces, no leading zeros; or None."""
    if not _NUMBER.fullmatch(text) or text == b"-0":
        return None
    value = int(text)
    return value if -(2**63) <= value < 2**63 else None


def split_words(line: bytes) -> list[bytes]:
    """Words of a line, with the quotes and escapes of sds.c.

    Raises:
        ProtocolError: a quote is not closed, or something follows it at once.
    """
    words: list[bytes] = []
    at = 0
    while line[at:].strip():
        found = _WORD.match(line, at)
        if found is None:
            raise ProtocolError("unbalanced quotes in request")
        double, single, plain = found.groups()
        if double is not None:
            words.append(_ESCAPE.sub(_unescape, double))
        else:
            words.append(single.replace(b"\\'", b"'") if single is not None else plain)
        at = found.end()
    return words


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes([int(found[1], 16)])
    return _ESCAPED.get(found[2], found[2])
