"""What a scalar stands for: the rules of go-yaml 2, which kubectl reads YAML with (sigs.k8s.io/yaml).

They are neither YAML 1.1's, which PyYAML has, nor 1.2's: ``y`` is true, ``0o17`` is 15, ``08`` is 8, ``1e3`` is 1000,
``12:30`` and dates are text. tests/kubesim/documents asks the real kubectl.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from decimal import Decimal
from typing import Final

Scalar = str | int | float | bool | None

_PREFIX: Final = "tag:yaml.org,2002:"
TEXT_TAG: Final = _PREFIX + "str"
MERGE_TAG: Final = _PREFIX + "merge"
_NAMED: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_NUMERIC: Final = frozenset("0123456789+-.")
# As strconv.ParseInt takes them with base 0; underscores are taken out before.
_INT: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BINARY: Final = re.compile(r"0b([-+]?[01]+)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# What begins with a dot goes to strconv.ParseFloat as it is, which takes underscores between digits only.
_DOTTED: Final = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_TIMESTAMP: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:Z|[-+]\d\d:\d\d)?)?")
_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1
_MOST_UNSIGNED: Final = 2**64 - 1
_WITHOUT_EXPONENT: Final = range(-4, 6)  # in which 'g' writes none
_LONGEST: Final = 100  # digits; of more only that they are more than 64 bits counts, and Python refuses thousands
_PLAIN_FLOAT: Final = 1e21  # from here on Go's JSON writes an exponent, which is read as no integer


class ScalarError(ValueError):
    """A scalar that kubectl refuses."""


def plain(text: str) -> Scalar:
    """What an untagged scalar without quotes stands for; integers are of any size here."""
    if text in _NAMED:
        return _NAMED[text]
    if text[0] not in _NUMERIC:
        return text
    number = _dotted(text) if text[0] == "." else _number(text.replace("_", ""))
    return text if number is None else number


def tagged(tag: str, text: str) -> Scalar:
    """What a scalar with a tag stands for; with a tag that is not known it is text.

    Raises:
        ScalarError: it is not of that type.
    """
    kind = tag.removeprefix(_PREFIX)
    if kind == "binary":
        return _decoded(text)
    if kind not in _TYPES:
        return text
    value = plain(text)
    is_one = bool(_TIMESTAMP.fullmatch(text)) if kind == "timestamp" else isinstance(value, _TYPES[kind])
    if kind != "bool" and isinstance(value, bool):
        is_one = False
    if not is_one or (kind == "float" and isinstance(value, int) and not _LEAST <= value <= _MOST):
        raise ScalarError(f"{text!r} is no {kind}, as its tag says")
    return text if kind == "timestamp" else float(value) if kind == "float" else value  # type: ignore[arg-type]


_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "null": type(None),
    "bool": bool,
    "int": int,
    "float": (int, float),
    "timestamp": str,
}


def in_json(value: Scalar) -> Scalar:
    """The value after its way through JSON to the API server: a whole number is an integer where 64 bits hold it.

    Raises:
        ScalarError: JSON has no such number.
    """
    if isinstance(value, float):
        if value - value != 0.0:
            raise ScalarError("a number that is infinite or none, which JSON does not have")
        if not value.is_integer() or abs(value) >= _PLAIN_FLOAT:
            return value
        value = int(Decimal(repr(value)))  # the digits that Go writes: the shortest that tell it apart, then zeros
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return float(value)
    return value


def as_key(value: Scalar) -> str:
    """A key of a mapping, as JSON has it.

    Raises:
        ScalarError: kubectl takes no such key.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        raise ScalarError("a key is null")
    if isinstance(value, int) and value > _MOST:
        raise ScalarError(f"a key is {value}, more than 64 bits hold with a sign")
    return _short(value) if isinstance(value, float) else str(value)


def _number(digits: str) -> int | float | None:
    found = _INT.fullmatch(digits)
    if found is not None:
        sign, hexadecimal, binary, octal, decimal = found.groups()
        base = 16 if hexadecimal else 2 if binary else 8 if octal else 10
        value = _int(hexadecimal or binary or octal or decimal, base)
        value = -value if sign == "-" else value
        if _LEAST <= value <= (_MOST if sign else _MOST_UNSIGNED):
            return value
    if _FLOAT.fullmatch(digits):
        return _finite(digits)
    binary_found = _BINARY.fullmatch(digits)
    return int(binary_found[1], 2) if binary_found else None


def _int(digits: str, base: int) -> int:
    return int(digits, base) if len(digits) < _LONGEST else _MOST_UNSIGNED + 1


def _dotted(text: str) -> float | None:
    return _finite(text.replace("_", "")) if _DOTTED.fullmatch(text) else None


def _finite(digits: str) -> float | None:
    value = float(digits)
    return None if value - value != 0.0 else value


def _decoded(text: str) -> str:
    try:
        # Go's decoder passes over line ends.
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode(errors="replace")
    except binascii.Error as exc:
        raise ScalarError("what its tag calls binary is no base64") from exc


def _short(value: float) -> str:
    """As Go's FormatFloat writes 32 bits with 'g': sigs.k8s.io/yaml makes keys of floats in this way."""
    if value - value != 0.0:
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"  # noqa: PLR0124 - how NaN is told
    try:
        narrow = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return ".inf" if value > 0 else "-.inf"
    shortest = next(text for n in range(17) if _narrowed(text := f"{narrow:.{n}e}") == narrow)
    digits, _, exponent = shortest.partition("e")
    if int(exponent) in _WITHOUT_EXPONENT:
        return format(Decimal(shortest), "f").removesuffix(".0")
    return f"{digits}e{exponent}"


def _narrowed(text: str) -> float:
    return float(struct.unpack("<f", struct.pack("<f", float(text)))[0])
