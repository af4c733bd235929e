"""Programs that run another one: env, timeout, time; and which, that says where it is."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from kubesim.containers.call import Call, Program
from kubesim.containers.durations import duration_s

_NOT_FOUND, _TERMINATED, _TIMED_OUT = 127, 143, 124


async def timeout(call: Call) -> int:
    """`timeout SECONDS PROGRAM …`: 143 where busybox had to end it, 124 with GNU's."""
    words = list(call.argv[1:])
    while words and re.fullmatch(r"-[a-zA-Z]+", words[0]):
        del words[: 2 if words[0] in ("-s", "-k") else 1]
    try:
        limit_s = duration_s(words[0])
    except (IndexError, ValueError):
        call.err(f"timeout: invalid number '{words[0] if words else ''}'\n")
        return 1
    try:
        async with asyncio.timeout(limit_s):
            return await _run(call, words[1:])
    except TimeoutError:
        return _TERMINATED if call.inside.image.busybox else _TIMED_OUT


async def time(call: Call) -> int:
    """`time PROGRAM …`: how long it took, on the standard error."""
    words = [word for i, word in enumerate(call.argv[1:]) if i or word != "-p"]
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    code = await _run(call, words)
    minutes, seconds = divmod(loop.time() - begun_s, 60)
    if code:
        call.err(f"Command exited with non-zero status {code}\n")
    call.err(f"real\t{int(minutes)}m {seconds:.2f}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n")
    return code


async def env(call: Call) -> int:
    """`env [NAME=VALUE…] [PROGRAM …]`: prints the environment, or becomes the program."""
    words, environment = list(call.argv[1:]), dict(call.environment)
    if words[:1] and words[0].startswith("-"):
        call.err(f"env: the sandbox's env does not know {words[0]}\n")
        return 1
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if words:
        call.inside.processes.rename(call.pid, words[0].rpartition("/")[2])
        return await _run(replace(call, environment=environment), words)
    call.out("".join(f"{name}={value}\n" for name, value in environment.items()))
    return 0


async def printenv(call: Call) -> int:
    """`printenv [NAMES]`."""
    names = call.argv[1:]
    if not names:
        call.out("".join(f"{name}={value}\n" for name, value in call.environment.items()))
    found = [call.environment[name] for name in names if name in call.environment]
    call.out("".join(f"{value}\n" for value in found))
    return int(len(found) < len(names))


async def which(call: Call) -> int:
    """`which NAMES`."""
    code = 0
    for name in call.argv[1:]:
        if call.inside.image.has(name):
            call.out(f"/bin/{name}\n")
        else:
            code = 1
    return code


async def _run(call: Call, words: list[str]) -> int:
    name = words[0].rpartition("/")[2] if words else ""
    program: Program | None = call.inside.image.programs.get(name)
    if program is None and call.inside.image.serves(name):
        program = call.serve
    if program is None:
        call.err(f"{call.name}: can't execute '{words[0] if words else ''}': No such file or directory\n")
        return _NOT_FOUND
    return await program(replace(call, argv=tuple(words)))
