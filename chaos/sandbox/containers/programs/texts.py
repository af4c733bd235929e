"""Programs that read files or their input: cat, head, tail, grep, wc, sort, ls, rm, mkdir, touch."""

from __future__ import annotations

import asyncio
import re

from chaos.sandbox.containers.programs.call import Call

_DEFAULT_LINES = 10


async def cat(call: Call) -> int:
    """`cat [FILES]`."""
    texts, code = await _inputs(call, [word for word in call.argv[1:] if word == "-" or not word.startswith("-")])
    call.out("".join(texts))
    return code


async def head(call: Call) -> int:
    """`head [-n N] [FILE]`."""
    count, files = _count(call)
    texts, code = await _inputs(call, files)
    call.out("".join("".join(text.splitlines(keepends=True)[:count]) for text in texts))
    return code


async def tail(call: Call) -> int:
    """`tail [-n N] [-f] [FILE]`; -f waits for ever, since nothing is appended here."""
    count, files = _count(call)
    texts, code = await _inputs(call, files)
    call.out("".join("".join(text.splitlines(keepends=True)[-count:]) for text in texts))
    if any(re.fullmatch(r"-[a-z]*[fF]", word) for word in call.argv[1:]) and not code:
        await asyncio.Event().wait()
    return code


async def grep(call: Call) -> int:
    """`grep [-q] [-v] [-c] [-i] PATTERN [FILES]`, with Python's idea of a pattern."""
    flags = "".join(word[1:] for word in call.argv[1:] if re.fullmatch(r"-[qvciEFo]+", word))
    words = [word for word in call.argv[1:] if not re.fullmatch(r"-[qvciEFo]+", word)]
    if not words:
        call.err("usage: grep [-qvci] PATTERN [FILE]...\n")
        return 2
    source = re.escape(words[0]) if "F" in flags else words[0]
    try:
        pattern = re.compile(source, re.IGNORECASE if "i" in flags else 0)
    except re.error as exc:
        call.err(f"grep: {words[0]}: {exc}\n")
        return 2
    texts, code = await _inputs(call, words[1:])
    lines = [line for text in texts for line in text.splitlines()]
    found = [line for line in lines if bool(pattern.search(line)) != ("v" in flags)]
    if "c" in flags:
        call.out(f"{len(found)}\n")
    elif "q" not in flags:
        matches = [m[0] for line in found for m in pattern.finditer(line)] if "o" in flags else found
        call.out("".join(f"{line}\n" for line in matches))
    return code or int(not found)


async def wc(call: Call) -> int:
    """`wc -l|-w|-c [FILE]`."""
    texts, code = await _inputs(call, [word for word in call.argv[1:] if not word.startswith("-")])
    text = "".join(texts)
    counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode())}
    wanted = [counts[flag] for word in call.argv[1:] if word.startswith("-") for flag in word[1:] if flag in counts]
    call.out(" ".join(str(number) for number in wanted or counts.values()) + "\n")
    return code


async def sort(call: Call) -> int:
    """`sort [-u] [-r] [-n] [FILE]`."""
    flags = "".join(word[1:] for word in call.argv[1:] if word.startswith("-"))
    texts, code = await _inputs(call, [word for word in call.argv[1:] if not word.startswith("-")])
    lines = [line for text in texts for line in text.splitlines()]
    lines = sorted(set(lines) if "u" in flags else lines, reverse="r" in flags)
    call.out("".join(f"{line}\n" for line in lines))
    return code


async def ls(call: Call) -> int:
    """`ls [FOLDER]`."""
    code = 0
    for path in [word for word in call.argv[1:] if not word.startswith("-")] or ["/"]:
        names = call.inside.files.below(path)
        if names:
            call.out("".join(f"{name}\n" for name in names))
        elif call.inside.files.read(path) is not None:
            call.out(f"{path}\n")
        else:
            call.err(f"ls: {path}: No such file or directory\n")
            code = 1
    return code


async def rm(call: Call) -> int:
    """`rm [-f] FILES`."""
    code = 0
    force = any(word.startswith("-") and "f" in word for word in call.argv[1:])
    for path in [word for word in call.argv[1:] if not word.startswith("-")]:
        if not call.inside.files.remove(path) and not force:
            call.err(f"rm: can't remove '{path}': No such file or directory\n")
            code = 1
    return code


async def touch(call: Call) -> int:
    """`touch FILES`."""
    for path in [word for word in call.argv[1:] if not word.startswith("-")]:
        call.inside.files.write(path, "", append=True)
    return 0


async def nothing(_call: Call) -> int:
    """`mkdir`, `chmod`, `chown`: folders and modes are not modelled."""
    return 0


def _count(call: Call) -> tuple[int, list[str]]:
    """(number of lines, files) of head and tail."""
    count, files = _DEFAULT_LINES, []
    words = list(call.argv[1:])
    while words:
        word = words.pop(0)
        digits = re.fullmatch(r"-n?(\d+)", word)
        if digits:
            count = int(digits[1])
        elif word == "-n" and words and words[0].lstrip("-").isdigit():
            count = abs(int(words.pop(0)))
        elif word == "-" or not word.startswith("-"):
            files.append(word)
    return count, files


async def _inputs(call: Call, paths: list[str]) -> tuple[list[str], int]:
    """The text of each file, or the standard input; and the exit code."""
    texts, code = [], 0
    for path in paths or ["-"]:
        text = await call.stdin.read() if path == "-" else call.inside.files.read(path)
        if text is None:
            quoted = f"can't open '{path}'" if call.inside.image.busybox else path
            call.err(f"{call.name}: {quoted}: No such file or directory\n")
            code = 1
        else:
            texts.append(text)
    return texts, code
