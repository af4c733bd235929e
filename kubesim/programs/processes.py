"""Programs about other processes: kill, killall, pidof."""

from __future__ import annotations

from kubesim.containers.call import Call
from kubesim.containers.kill import kill


async def kill_program(call: Call) -> int:
    """`kill [-SIGNAL|-s SIGNAL] PIDS`."""
    return await kill(call.inside.processes, list(call.argv[1:]), call.pid, lambda text: call.err(f"kill: {text}\n"))


async def killall(call: Call) -> int:
    """`killall [-SIGNAL] NAMES`."""
    words = list(call.argv[1:])
    options = [words.pop(0)] if words[:1] and words[0].startswith("-") else []
    pids, code = [], 0
    for name in words:
        found = call.inside.processes.pids(name)
        if not found:
            call.err(f"killall: {name}: no process killed\n")
            code = 1
        pids += [str(pid) for pid in found]
    if pids:
        code |= await kill(call.inside.processes, options + pids, call.pid, lambda t: call.err(f"killall: {t}\n"))
    return code


async def pidof(call: Call) -> int:
    """`pidof NAMES`: 1 where there is none."""
    pids = [str(pid) for name in call.argv[1:] for pid in call.inside.processes.pids(name)]
    if pids:
        call.out(" ".join(pids) + "\n")
    return int(not pids)
