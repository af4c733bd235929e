"""How a probe finds out which pod answers at a name or an address."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.errors import UsageError

KINDS = ("http", "none")


@dataclass(frozen=True, slots=True)
class Identify:
    """The identity probe of a workload.

    Attributes:
        kind: of `KINDS`. ``http`` asks for a page that names its pod; ``none`` connects to nothing.
        path: of the page.
    """

    kind: str
    path: str = "/"

    @classmethod
    def parse(cls, text: str) -> Identify:
        """Read ``http:/path`` or ``none``.

        Raises:
            UsageError: it is something else.
        """
        kind, _, rest = text.partition(":")
        if kind == "none" and not rest:
            return cls("none")
        if kind == "http" and (not rest or rest.startswith("/")):
            return cls("http", rest or "/")
        raise UsageError(
            f"--identify {text} is not known",
            hint="http:/path, a page in which the pod's name stands; or none, then no client connects",
        )

    @property
    def asks_clients(self) -> bool:
        """Whether connections are made at all."""
        return self.kind != "none"
