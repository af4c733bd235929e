"""Builtins about processes and signals: trap, kill, wait, jobs."""

from __future__ import annotations

from kubesim.containers.kill import kill
from kubesim.containers.signals import Signal, parse_signal
from kubesim.shell.errors import UnsupportedShellError
from kubesim.shell.shell import Builtin, Shell
from kubesim.shell.streams import Streams
from kubesim.shell.traps import EXIT


async def _trap(shell: Shell, argv: list[str], streams: Streams) -> int:
    """`trap [SCRIPT|-|''] SIGNALS`; without arguments it lists them."""
    words = argv[1:]
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        streams.out(shell.traps.listed())
        return 0
    if words[0].startswith("-") and len(words[0]) > 1:
        raise UnsupportedShellError(f"trap: the sandbox's shell does not know {words[0]}")
    only_signals = len(words) == 1 or words[0].isdecimal()
    script, names = (None, words) if only_signals else (words[0], words[1:])
    code = 0
    for name in names:
        if name in ("0", EXIT):
            shell.traps.set(EXIT, None if script == "-" else script)
            continue
        if name in ("ERR", "DEBUG", "RETURN"):
            raise UnsupportedShellError(f"trap: the sandbox's shell does not know {name}")
        signal = parse_signal(name)
        if signal is None:
            streams.err(f"{shell.name}: trap: {name}: invalid signal specification\n")
            code = 1
        elif signal not in (Signal.KILL, Signal.STOP):
            shell.traps.set(signal.name, None if script == "-" else script)
    return code


async def _kill(shell: Shell, argv: list[str], streams: Streams) -> int:
    """`kill [-SIGNAL|-s SIGNAL] PIDS`."""
    pids = [str(pid) for pid in shell.jobs.pids()]
    words = [f"{pids[int(w[1:]) - 1]}" if w[1:].isdecimal() and w[0] == "%" and int(w[1:]) <= len(pids) else w
             for w in argv[1:]]  # fmt: skip
    return await kill(
        shell.inside.processes, words, shell.call.pid, lambda t: streams.err(f"{shell.name}: kill: {t}\n")
    )


async def _wait(shell: Shell, argv: list[str], _streams: Streams) -> int:
    """`wait [PIDS]`: a signal that is trapped ends it at once."""
    option = next((word for word in argv[1:] if word.startswith("-")), "")
    if option:
        raise UnsupportedShellError(f"wait: the sandbox's shell does not know {option}")
    code = 0
    for word in argv[1:] or shell.jobs.pids():
        pid = int(word) if str(word).isdecimal() else 0
        ended = await shell.jobs.wait(pid, shell.traps.woken)
        if ended is None:
            return shell.traps.interrupted()
        code = ended if argv[1:] else 0
    return code


async def _jobs(shell: Shell, argv: list[str], streams: Streams) -> int:
    if argv[1:] not in ([], ["-p"]):
        raise UnsupportedShellError(f"jobs: the sandbox's shell does not know {' '.join(argv[1:])}")
    for i, pid in enumerate(shell.jobs.pids(), 1):
        running = shell.inside.processes.get(pid)
        if running is not None:
            streams.out(f"{pid}\n" if argv[1:] else f"[{i}] Running {running.name}\n")
    return 0


JOB_BUILTINS: dict[str, Builtin] = {"trap": _trap, "kill": _kill, "wait": _wait, "jobs": _jobs}
