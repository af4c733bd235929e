"""Starts redis-server from its command line."""

from __future__ import annotations

from collections.abc import Callable

from chaos.sandbox.containers.inside import Inside
from chaos.sandbox.containers.process import Process
from chaos.sandbox.redis.server import RedisServer


def start(inside: Inside, argv: tuple[str, ...], on_exit: Callable[[int], None]) -> Process:
    """See `chaos.sandbox.containers.servers.ServerFactory`."""
    return RedisServer(
        inside.host,
        inside.pod,
        inside.container,
        inside.ip,
        on_exit,
        list(argv[1:]),
        inside.files.read,
    )
