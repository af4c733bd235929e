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
        libc: ``glibc`` or ``musl``; their resolvers differ.
        busybox: whether the common commands are busybox's.
    """

    name: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    programs: frozenset[str]
    libc: str = "glibc"
    busybox: bool = False
