"""Resource quantities in their canonical form (apimachinery's resource.Quantity)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

# What Go reports, and a stricter form of what it accepts.
PATTERN: Final = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+|)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


class QuantityError(ValueError):
    """Not a quantity."""

    def __init__(self) -> None:
        super().__init__(f"quantities must match the regular expression '{PATTERN}'")


def canonical(text: str) -> str:
    """``1024Mi`` → ``1Gi``, ``0.5`` → ``500m``.

    Raises:
        QuantityError: not a quantity.
    """
    number, suffix = value(text), _suffix(text)
    if suffix in _BINARY:
        return _binary(number)
    return _decimal(number) if suffix in _DECIMAL else _exponent(number)


def value(text: str) -> Decimal:
    """The number that a quantity stands for.

    Raises:
        QuantityError: not a quantity.
    """
    suffix = _suffix(text)
    number = Decimal(text.removesuffix(suffix))
    if suffix in _BINARY:
        return number * Decimal(1024 ** _BINARY[suffix])
    return number.scaleb(_DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:]))


def add(one: str, other: str) -> str:
    """The sum, in the form of the first; of the second where the first is zero.

    Raises:
        QuantityError: one is not a quantity.
    """
    total = value(one) + value(other)
    suffix = _suffix(one if value(one) else other)
    if suffix in _BINARY:
        return _binary(total)
    return _decimal(total) if suffix in _DECIMAL else _exponent(total)


def _suffix(text: str) -> str:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise QuantityError
    return match[2]


def _binary(number: Decimal) -> str:
    if abs(number) < 1024 or number != number.to_integral_value():  # noqa: PLR2004  # Ki is the smallest binary suffix
        return _decimal(number)
    for suffix, power in reversed(_BINARY.items()):
        if number % 1024**power == 0:
            return f"{int(number / 1024**power)}{suffix}"
    return _whole(number, "")


def _decimal(number: Decimal) -> str:
    for suffix, power in reversed(_DECIMAL.items()):
        scaled = number.scaleb(-power)
        if scaled == scaled.to_integral_value() and (number or not power):
            return _whole(scaled, suffix)
    return _whole(number.scaleb(9), "n")


def _exponent(number: Decimal) -> str:
    for power in (18, 15, 12, 9, 6, 3, 0, -3, -6, -9):
        scaled = number.scaleb(-power)
        if scaled == scaled.to_integral_value() and (number or not power):
            return _whole(scaled, f"e{power}" if power else "")
    return _whole(number.scaleb(9), "e-9")


def _whole(number: Decimal, suffix: str) -> str:
    return f"{int(number.to_integral_value(rounding='ROUND_CEILING'))}{suffix}"
