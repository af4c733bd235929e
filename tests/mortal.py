"""A connection that ends, as that of a process which is killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chaos.cluster.client import Cluster
from chaos.model.object import Object


class KilledError(Exception):
    """The process is gone; nothing that it still does reaches anybody."""


class Mortal:
    """Has a connection end at a write: before it is sent, or after it was answered, with nobody there to hear it."""

    def __init__(self, cluster: Cluster, at: int, *, answered: bool, error: Callable[[], Exception]) -> None:
        self._call, self._at, self._answered, self._error = cluster._call, at, answered, error
        self.writes = 0
        self.is_dead = False
        cluster._call = self.call  # type: ignore[method-assign]

    async def call(self, method: str, *args: Any, **more: Any) -> Object:
        if self.is_dead:
            raise self._error()
        if method == "get":
            return await self._call(method, *args, **more)
        self.writes += 1
        if self.writes != self._at:
            return await self._call(method, *args, **more)
        try:
            if self._answered:
                await self._call(method, *args, **more)
        finally:
            self.is_dead = True
        raise self._error()
