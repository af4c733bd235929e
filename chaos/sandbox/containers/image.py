"""What an image has in it, as far as the sandbox knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Image:
    """One image.

    Attributes:
        entrypoint: a container's `command` replaces it and drops `command`.
        command: its default arguments.
        programs: that are on its PATH, by name.
        sh: which shell `sh` is: ``ash`` (busybox), ``bash`` or ``dash``; their messages differ, and bash has more.
        libc: ``glibc`` or ``musl``; their resolvers differ.
    """

    name: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    programs: frozenset[str]
    sh: str = "dash"
    libc: str = "glibc"

    @property
    def busybox(self) -> bool:
        """Whether the common commands are busybox's."""
        return self.sh == "ash"
