"""nginx's command line: what it does beside serving (https://nginx.org/en/docs/switches.html)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from kubesim.containers.call import Call
from kubesim.containers.inside import Inside
from kubesim.containers.signals import Signal

_SIGNALS = {"stop": Signal.TERM, "quit": Signal.QUIT, "reload": Signal.HUP, "reopen": Signal.USR1}
_CONFIGURATION = "/etc/nginx/nginx.conf"
_PID_FILE = "/run/nginx.pid"
_FOREGROUND = "daemon off;"


async def nginx(call: Call) -> int:
    """`nginx [-g DIRECTIVES]`, `nginx -s stop|quit|reload|reopen`, `nginx -t`."""
    words = list(call.argv[1:])
    if len(words) > 1 and words[0] == "-s":
        return await _signal(call, words[1])
    if words[:1] in (["-t"], ["-T"]):
        call.err(
            f"nginx: the configuration file {_CONFIGURATION} syntax is ok\n"
            f"nginx: configuration file {_CONFIGURATION} test is successful\n"
        )
        return 0
    unknown = next((word for word in words[::2] if word not in ("-g", "-c", "-e", "-p")), "")
    if unknown:
        call.err(f'nginx: invalid option: "{unknown.lstrip("-")}"\n')
        return 1
    if call.serve is None:
        call.err("nginx: the sandbox cannot run a server beside a container's main process\n")
        return 1
    return await (call.serve(call) if stays_in_foreground(call.inside, call.argv) else _detach(call))


def stays_in_foreground(inside: Inside, argv: tuple[str, ...]) -> bool:
    """Whether it serves itself, instead of leaving a daemon behind."""
    return "daemon off" in " ".join(argv) or "daemon off" in (inside.files.read(_CONFIGURATION) or "")


async def _signal(call: Call, name: str) -> int:
    if name not in _SIGNALS:
        call.err(f'nginx: invalid option: "-s {name}"\n')
        return 1
    masters = call.inside.processes.pids("nginx")
    masters = [pid for pid in masters if pid != call.pid]
    if not masters:
        call.err(f'nginx: [error] open() "{_PID_FILE}" failed (2: No such file or directory)\n')
        return 1
    call.inside.processes.signal(masters[-1], _SIGNALS[name])
    await asyncio.sleep(0)
    return 0


async def _detach(call: Call) -> int:
    """The daemon is nobody's child any more; the program that made it ends with 0."""
    serve, processes = call.serve, call.inside.processes
    assert serve is not None  # noqa: S101 - see `nginx`
    running = processes.enter("nginx")
    served = replace(call, pid=running.pid, argv=(*call.argv, "-g", _FOREGROUND))

    async def live() -> None:
        try:
            await running.live(lambda: serve(served))
        finally:
            processes.leave(running.pid)

    call.inside.host.spawn(live())
    await asyncio.sleep(0)
    return 0
