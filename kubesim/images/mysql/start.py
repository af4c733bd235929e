"""Starts mysqld from its command line."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.containers.inside import Inside
from kubesim.containers.oneshot import OneShot
from kubesim.containers.process import Process
from kubesim.containers.resolver import look_up
from kubesim.images.mysql.options import UnknownOptionError, parse
from kubesim.images.mysql.server import Mysql

_ABORTED = 7  # mysqld's end after an option that it does not know


def start(inside: Inside, argv: tuple[str, ...], on_exit: Callable[[int], None]) -> Process:
    """See `kubesim.containers.servers.ServerFactory`."""
    try:
        options = parse(list(argv[1:]))
    except UnknownOptionError as exc:
        return OneShot(inside.host, inside.pod, inside.ip, on_exit, _ABORTED, str(exc))

    async def resolve(name: str) -> str:
        return (await look_up(inside, name)).addresses[0]

    return Mysql(inside.host, inside.pod, inside.container, inside.ip, on_exit, options, resolve)
