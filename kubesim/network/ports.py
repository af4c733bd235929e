"""Who listens where, for one protocol."""

from __future__ import annotations

import errno
from typing import Generic, TypeVar

from kubesim.network.hosts import Hosts
from kubesim.network.services import Target

_T = TypeVar("_T")


class Ports(Generic[_T]):
    """What is bound to each (address, port); an unplugged host's ports are no longer reachable, whoever holds them."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self.bound: dict[Target, _T] = {}

    def check(self, target: Target) -> None:
        """Whether something could be bound.

        Raises:
            OSError: EADDRNOTAVAIL where there is no such host, EADDRINUSE where the port is taken.
        """
        if not self._hosts.get(target[0]):
            raise OSError(errno.EADDRNOTAVAIL, f"Cannot assign requested address {target[0]}")
        if target in self.bound:
            raise OSError(errno.EADDRINUSE, f"Address already in use: {target[0]}:{target[1]}")

    def bind(self, target: Target, item: _T) -> None:
        """Bind.

        Raises:
            OSError: see `check`.
        """
        self.check(target)
        self.bound[target] = item

    def release(self, target: Target, item: _T) -> None:
        """Unbind, unless somebody else has the port since."""
        if self.bound.get(target) is item:
            del self.bound[target]

    def unplug(self, ip: str) -> None:
        """Forget a host's ports."""
        for target in [t for t in self.bound if t[0] == ip]:
            del self.bound[target]
