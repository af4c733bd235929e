"""`[ … ]` and `test`: strings, numbers, files."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.containers.call import Call

_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_SYNTAX = 2


async def test(call: Call) -> int:
    """`test EXPRESSION`, `[ EXPRESSION ]` or `[[ EXPRESSION ]]`, with ! -a -o."""
    words = list(call.argv[1:])
    closing = {"[": "]", "[[": "]]"}.get(call.name)
    if closing:
        if not words or words[-1] != closing:
            call.err(f"{call.name}: missing {closing}\n")
            return _SYNTAX
        words.pop()
    try:
        return int(not _either(words, call))
    except ValueError as exc:
        call.err(f"{call.name}: {exc}\n")
        return _SYNTAX


def _either(words: list[str], call: Call) -> bool:
    for operator, joined in (("-o", any), ("||", any), ("-a", all), ("&&", all)):
        if operator in words[1:-1]:
            at = words.index(operator, 1)
            return joined((_either(words[:at], call), _either(words[at + 1 :], call)))
    return _one(words, call)


def _one(words: list[str], call: Call) -> bool:
    match words:
        case []:
            return False
        case ["!", *rest]:
            return not _one(rest, call)
        case [text]:
            return bool(text)
        case [flag, text] if flag in _UNARY:
            return _UNARY[flag](text, call)
        case [a, operator, b]:
            return _compared(a, operator, b)
        case _:
            raise ValueError(f"unknown operand in {' '.join(words)!r}")


def _compared(a: str, operator: str, b: str) -> bool:
    if operator in ("=", "==", "!="):
        return (a == b) != (operator == "!=")
    if operator not in _NUMBERS:
        raise ValueError(f"{operator}: unknown operand")
    try:
        return bool(_NUMBERS[operator](int(a), int(b)))
    except ValueError as exc:
        bad = b if a.lstrip("-").isdigit() else a
        raise ValueError(f"{bad}: bad number") from exc


def _exists(path: str, call: Call) -> bool:
    return call.inside.files.read(call.path(path)) is not None


def _is_folder(path: str, call: Call) -> bool:
    return call.inside.files.is_folder(call.path(path))


_UNARY: dict[str, Callable[[str, Call], bool]] = {
    "-z": lambda text, _: not text,
    "-n": lambda text, _: bool(text),
    "-d": _is_folder,
    "-e": lambda path, call: _exists(path, call) or _is_folder(path, call),
    "-f": _exists,
    "-r": _exists,
    "-x": _exists,
    "-s": lambda path, call: bool(call.inside.files.read(call.path(path))),
}
