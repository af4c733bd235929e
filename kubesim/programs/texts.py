"""Programs that read files or their input: cat, tee, head, tail, grep, wc, sort, ls, rm, mkdir, touch."""

from __future__ import annotations

import asyncio
import re

from kubesim.containers.call import Call

_DEFAULT_LINES = 10


async def cat(call: Call) -> int:
    """`cat [FILES]`."""
    paths = [word for word in call.argv[1:] if word == "-" or not word.startswith("-")]
    if paths in ([], ["-"]):
        while text := await call.stdin.some():
            await call.inside.bounds.step()
            call.out(text)
        return 0
    texts, code = await _inputs(call, paths)
    for text in texts:
        call.out(text)
    return code


async def tee(call: Call) -> int:
    """`tee [-a] [FILES]`."""
    words = list(call.argv[1:])
    append = words[:1] == ["-a"]
    files = [call.path(word) for word in words[append:]]
    if not append:
        for path in files:
            call.inside.files.write(path, "")
    while text := await call.stdin.some():
        await call.inside.bounds.step()
        call.out(text)
        for path in files:
            call.inside.files.write(path, text, append=True)
    return 0


async def head(call: Call) -> int:
    """`head [-n N] [-c N] [FILE]`; of its input it reads no more than it needs."""
    count, files, unit = _count(call)
    if unit == "c" and files in ([], ["-"]):
        call.out(await call.stdin.up_to(count))
        return 0
    if unit == "c":
        texts, code = await _inputs(call, files)
        call.out("".join(text[:count] for text in texts))
        return code
    if files in ([], ["-"]):
        for _ in range(count):
            line, newline = await call.stdin.line()
            if not (line or newline):
                break
            await call.inside.bounds.step()
            call.out(line + "\n" * newline)
        return 0
    texts, code = await _inputs(call, files)
    call.out("".join("".join(text.splitlines(keepends=True)[:count]) for text in texts))
    return code


async def tail(call: Call) -> int:
    """`tail [-n N] [-c N] [-f] [FILE]`; -f waits for ever, since nothing is appended here."""
    count, files, unit = _count(call)
    if unit == "c":
        texts, code = await _inputs(call, files)
        call.out("".join(text[-count:] for text in texts))
        return code
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
    for path in [word for word in call.argv[1:] if not word.startswith("-")] or ["."]:
        full = call.path(path)
        if call.inside.files.is_folder(full):
            call.out("".join(f"{name}\n" for name in call.inside.files.below(full)))
        elif call.inside.files.read(full) is not None:
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
        if not call.inside.files.remove(call.path(path)) and not force:
            call.err(f"rm: can't remove '{path}': No such file or directory\n")
            code = 1
    return code


async def touch(call: Call) -> int:
    """`touch FILES`."""
    for path in [word for word in call.argv[1:] if not word.startswith("-")]:
        call.inside.files.write(call.path(path), "", append=True)
    return 0


async def mkdir(call: Call) -> int:
    """`mkdir [-p] FOLDERS`."""
    code = 0
    options = [word for word in call.argv[1:] if word.startswith("-")]
    for word in call.argv[1:]:
        path = call.path(word)
        if word.startswith("-"):
            continue
        if call.inside.files.is_folder(path) and not any("p" in option for option in options):
            call.err(f"mkdir: can't create directory '{word}': File exists\n")
            code = 1
        call.inside.files.make_folder(path)
    return code


async def nothing(_call: Call) -> int:
    """`chmod`, `chown`: modes and owners are not modelled."""
    return 0


def _count(call: Call) -> tuple[int, list[str], str]:
    """(how many, files, whether lines (``n``) or bytes (``c``) are counted) of head and tail."""
    count, files, unit = _DEFAULT_LINES, [], "n"
    words = list(call.argv[1:])
    while words:
        word = words.pop(0)
        digits = re.fullmatch(r"-([nc]?)(\d+)", word)
        if digits:
            unit, count = digits[1] or "n", int(digits[2])
        elif word in ("-n", "-c") and words and words[0].lstrip("-").isdigit():
            unit, count = word[1], abs(int(words.pop(0)))
        elif word == "-" or not word.startswith("-"):
            files.append(word)
    return count, files, unit


async def _inputs(call: Call, paths: list[str]) -> tuple[list[str], int]:
    """The text of each file, or the standard input; and the exit code."""
    texts, code = [], 0
    for path in paths or ["-"]:
        text = await call.stdin.read() if path == "-" else call.inside.files.read(call.path(path))
        if text is None:
            quoted = f"can't open '{path}'" if call.inside.image.busybox else path
            call.err(f"{call.name}: {quoted}: No such file or directory\n")
            code = 1
        else:
            texts.append(text)
    return texts, code
