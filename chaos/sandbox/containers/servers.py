"""Programs that serve until they are told to end: one `Process` class each.

To add one: its class in a file here, a row in `SERVERS`, and the name among the programs of the images that have it.
"""

from __future__ import annotations

from collections.abc import Callable

from chaos.sandbox.containers.coredns import CoreDnsProcess
from chaos.sandbox.containers.inside import Inside
from chaos.sandbox.containers.nginx import Nginx
from chaos.sandbox.containers.oneshot import OneShot
from chaos.sandbox.containers.process import Process
from chaos.sandbox.containers.resolver import look_up
from chaos.sandbox.containers.signals import Signal
from chaos.sandbox.containers.sleeper import Sleeper

OnExit = Callable[[int], None]
# The container, argv, what gets the exit code → the process, not yet started.
ServerFactory = Callable[[Inside, tuple[str, ...], OnExit], Process]

_MYSQLD_ABORTED = 7  # mysqld's end after an option that it does not know


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
    start = _mysqld if server == "mysqld" else _redis
    return start(inside, (server, *words[words[:1] == (server,) :]), on_exit)


def started_by_entrypoint(inside: Inside) -> str:
    """The server that an image's docker-entrypoint.sh prepares and becomes."""
    return "mysqld" if "mysqld" in inside.image.programs else "redis-server"


def _mysqld(inside: Inside, argv: tuple[str, ...], on_exit: OnExit) -> Process:
    from chaos.sandbox.containers.mysql import Mysql  # noqa: PLC0415 - sqlglot takes half a second to import
    from chaos.sandbox.mysql.options import UnknownOptionError, parse  # noqa: PLC0415 - as above

    try:
        options = parse(list(argv[1:]))
    except UnknownOptionError as exc:
        return OneShot(inside.host, inside.pod, inside.ip, on_exit, _MYSQLD_ABORTED, str(exc))

    async def resolve(name: str) -> str:
        return (await look_up(inside, name)).addresses[0]

    return Mysql(inside.host, inside.pod, inside.container, inside.ip, on_exit, options, resolve)


def _redis(inside: Inside, argv: tuple[str, ...], on_exit: OnExit) -> Process:
    from chaos.sandbox.redis.server import RedisServer  # noqa: PLC0415 - only for those that run one

    return RedisServer(
        inside.host,
        inside.pod,
        inside.container,
        inside.ip,
        on_exit,
        list(argv[1:]),
        inside.files.read,
    )


SERVERS: dict[str, ServerFactory] = {
    "coredns": _coredns,
    "docker-entrypoint.sh": _entrypoint,
    "mysqld": _mysqld,
    "nginx": _nginx,
    "pause": _pause,
    "redis-server": _redis,
}
