"""Programs that serve until they are told to end: one `Process` class each.

To add one: its class in a file here, a row in `SERVERS`, and the name among the programs of the images that have it.
What takes long to import (sqlglot half a second) is a plug-in: only pods that run it wait for it.
"""

from __future__ import annotations

from collections.abc import Callable

from kubesim.containers.coredns import CoreDnsProcess
from kubesim.containers.inside import Inside
from kubesim.containers.nginx import Nginx
from kubesim.containers.process import Process
from kubesim.containers.signals import Signal
from kubesim.containers.sleeper import Sleeper
from kubesim.late import late

OnExit = Callable[[int], None]
# The container, argv, what gets the exit code → the process, not yet started.
ServerFactory = Callable[[Inside, tuple[str, ...], OnExit], Process]


def _nginx(inside: Inside, _argv: tuple[str, ...], on_exit: OnExit) -> Process:
    return Nginx(inside.host, inside.pod, inside.ip, on_exit, inside.files)


def _coredns(inside: Inside, _argv: tuple[str, ...], on_exit: OnExit) -> Process:
    return CoreDnsProcess(inside.host, inside.pod, inside.ip, on_exit)


def _pause(inside: Inside, _argv: tuple[str, ...], on_exit: OnExit) -> Process:
    return Sleeper(inside.host, inside.pod, inside.ip, on_exit, stops_at=frozenset({Signal.TERM, Signal.INT}))


def _entrypoint(inside: Inside, argv: tuple[str, ...], on_exit: OnExit) -> Process:
    """The images' own script starts the server; options without a command are its."""
    server = started_by_entrypoint(inside)
    words = argv[1:]
    return SERVERS[server](inside, (server, *words[words[:1] == (server,) :]), on_exit)


def started_by_entrypoint(inside: Inside) -> str:
    """The server that an image's docker-entrypoint.sh prepares and becomes."""
    return "mysqld" if "mysqld" in inside.image.programs else "redis-server"


SERVERS: dict[str, ServerFactory] = {
    "coredns": _coredns,
    "docker-entrypoint.sh": _entrypoint,
    "mysqld": late("kubesim.mysql.start:start"),
    "nginx": _nginx,
    "pause": _pause,
    "redis-server": late("kubesim.redis.start:start"),
}
