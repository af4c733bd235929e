"""Programs that print what they are told: echo, printf, true, false, date, seq, yes."""

from __future__ import annotations

import re

from kubesim.containers.call import Call

_CONVERSION = re.compile(r"%%|%([-+ #0]*)(\d*)(\.\d*)?([sbcdiuxXofeg])")
# Lines that are made in one go, and how many of them count as one step.
_AT_ONCE, _LINES_PER_STEP = 1000, 20
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "r": "\r"}


async def echo(call: Call) -> int:
    """`echo [-n] [-e] WORDS`."""
    words = list(call.argv[1:])
    newline, escapes = True, False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        newline = newline and "n" not in words[0]
        escapes = escapes or "e" in words[0]
        words.pop(0)
    text = " ".join(words)
    call.out((unescaped(text) if escapes else text) + ("\n" if newline else ""))
    return 0


async def printf(call: Call) -> int:
    """`printf FORMAT WORDS` with %s %b %c %d %i %u %x %X %o %f; the format is used again while words are left."""
    if len(call.argv) < 2:  # noqa: PLR2004 - a name and a format
        call.err("printf: usage: printf format [arguments]\n")
        return 2
    template, words = unescaped(call.argv[1]), list(call.argv[2:])
    code = 0

    def conversion(match: re.Match[str]) -> str:
        nonlocal code
        if match[0] == "%%":
            return "%"
        flags, width, precision, kind = match[1], match[2], match[3], match[4]
        call.inside.bounds.check(int(width or 0) + int((precision or ".0")[1:] or 0))
        word = words.pop(0) if words else ""
        if kind in "sbc":
            text = {"s": word, "b": unescaped(word), "c": word[:1]}[kind]
            return str(f"%{flags}{width}{precision or ''}s" % text)
        try:
            number = float(word or 0) if kind in "feg" else int(word or "0", 0)
        except ValueError:
            call.err(f"printf: {word}: invalid number\n")
            code, number = 1, 0
        return str(f"%{flags}{width}{precision or ''}{kind}" % number)

    unknown = re.sub(_CONVERSION, "", template)
    if "%" in unknown:
        call.err(f"printf: the sandbox does not know {unknown[unknown.index('%') :][:8]!r}\n")
        return 1
    while True:
        before = len(words)
        call.out(_CONVERSION.sub(conversion, template))
        await call.inside.bounds.step()
        if not words or len(words) == before:
            return code


async def true(_call: Call) -> int:
    """`true`."""
    return 0


async def false(_call: Call) -> int:
    """`false`."""
    return 1


async def date(call: Call) -> int:
    """`date [+FORMAT]`, in UTC."""
    form = next((word[1:] for word in call.argv[1:] if word.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    now = call.inside.host.clock.wall()
    form = form.replace("%s", str(int(now.timestamp()))).replace("%N", f"{now.microsecond * 1000:09d}")
    call.out(now.strftime(form) + "\n")
    return 0


async def seq(call: Call) -> int:
    """`seq [FIRST [STEP]] LAST`."""
    try:
        numbers = [int(word) for word in call.argv[1:]]
        first, step, last = {1: (1, 1, *numbers), 2: (numbers[0], 1, numbers[-1])}.get(len(numbers)) or numbers
        rows = range(first, last + (1 if step > 0 else -1), step)
    except (ValueError, IndexError):
        call.err(f"seq: invalid arguments {' '.join(call.argv[1:])!r}\n")
        return 1
    for at in range(0, len(rows), _AT_ONCE):
        call.out("".join(f"{number}\n" for number in rows[at : at + _AT_ONCE]))
        await _made_lines(call)
    return 0


async def yes(call: Call) -> int:
    """`yes [WORDS]`, until nobody reads any more."""
    text = (" ".join(call.argv[1:]) or "y") + "\n"
    call.inside.bounds.check(len(text) * _AT_ONCE)
    while True:
        call.out(text * _AT_ONCE)
        await _made_lines(call)


async def _made_lines(call: Call) -> None:
    await call.inside.bounds.step(_AT_ONCE // _LINES_PER_STEP)
    if call.room is not None:
        await call.room()


def unescaped(text: str) -> str:
    r"""Replace ``\n`` and its kind."""
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), text)
