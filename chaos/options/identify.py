"""How a probe finds out which pod answers at a name or an address."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from chaos.errors import UsageError

LIBRARIES = ("mysql", "redis")
_HINT = (
    "http:/path, a page in which the pod's name stands; mysql or redis, asked by a client library; exec:hostname, a "
    "command in the container; or none, then nobody connects"
)


@dataclass(frozen=True, slots=True)
class Identify:
    """The identity probe of a workload.

    Attributes:
        kind: ``http`` asks for a page that names its pod, `LIBRARIES` ask the server through a client library, ``exec``
            runs a command in the container, which must print the pod's name; ``none`` does nothing.
        path: of the page.
        command: to run.
    """

    kind: str
    path: str = "/"
    command: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Identify:
        """Read the option ``--identify``.

        Raises:
            UsageError: it is none of these.
        """
        kind, _, rest = text.partition(":")
        if kind in ("none", *LIBRARIES) and not rest:
            return cls(kind)
        if kind == "http" and (not rest or rest.startswith("/")):
            return cls(kind, path=rest or "/")
        if kind == "exec" and (command := _words(rest)):
            return cls(kind, command=command)
        raise UsageError(f"--identify {text} is not known", hint=_HINT)

    @property
    def asks_clients(self) -> bool:
        """Whether connections are made."""
        return self.kind == "http" or self.by_library

    @property
    def by_library(self) -> bool:
        """Whether a client library makes them, from this process."""
        return self.kind in LIBRARIES


def _words(text: str) -> tuple[str, ...]:
    """A command's words; none where it cannot be one."""
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        return ()
    return words if words and words[0] else ()
