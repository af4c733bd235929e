"""Programs that print what they are told: echo, printf, true, false, date, seq."""

from __future__ import annotations

import re

from chaos.sandbox.containers.programs.call import Call

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
    """`printf FORMAT WORDS` with %s, %d and escapes; the format is used again while words are left."""
    if len(call.argv) < 2:  # noqa: PLR2004 - a name and a format
        call.err("printf: usage: printf format [arguments]\n")
        return 2
    template, words = unescaped(call.argv[1]), list(call.argv[2:])
    while True:
        before = len(words)
        call.out(re.sub(r"%(%|[sdi])", lambda m: "%" if m[1] == "%" else (words.pop(0) if words else ""), template))
        if not words or len(words) == before:
            return 0


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
    """`seq [FIRST] LAST`."""
    try:
        numbers = [int(word) for word in call.argv[1:]]
        first, last = (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
    except (ValueError, IndexError):
        call.err(f"seq: invalid arguments {' '.join(call.argv[1:])!r}\n")
        return 1
    call.out("".join(f"{number}\n" for number in range(first, last + 1)))
    return 0


def unescaped(text: str) -> str:
    r"""Replace ``\n`` and its kind."""
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), text)
