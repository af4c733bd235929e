"""Starts redis-server from its command line."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.containers.inside import Inside
from kubesim.containers.process import Process
from kubesim.images.redis.server import RedisServer


def start(inside: Inside, argv: tuple[str, ...], on_exit: Callable[[int], None]) -> Process:
    """See `kubesim.containers.servers.ServerFactory`."""
    return RedisServer(
        inside.host,
        inside.pod,
        inside.container,
        inside.ip,
        on_exit,
        list(argv[1:]),
        inside.files.read,
    )
