"""What an image has in it, as far as the sandbox knows."""

from __future__ import annotations

from dataclasses import dataclass

from kubesim.containers.signals import Signal


@dataclass(frozen=True, slots=True)
class Image:
    """One image.

    Attributes:
        name: its family, such as ``nginx``.
        entrypoint: a container's `command` replaces it and drops `command`.
        command: its default arguments.
        programs: that are on its PATH, by name.
        sh: which shell `sh` is: ``ash`` (busybox), ``bash`` or ``dash``. Their messages differ, bash has more, and they
            differ in what becomes of the shell at the last command (`kubesim.containers.script.handover`).
        libc: ``glibc`` or ``musl``; their resolvers differ.
        stop_signal: what its first process is sent to end it (STOPSIGNAL). A pod's own `lifecycle.stopSignal` does not
            count: its feature gate, ContainerStopSignals, is alpha and closed up to 1.37.
    """

    name: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    programs: frozenset[str]
    sh: str = "dash"
    libc: str = "glibc"
    stop_signal: Signal = Signal.TERM

    @property
    def busybox(self) -> bool:
        """Whether the common commands are busybox's."""
        return self.sh == "ash"

    def shell(self, name: str) -> str:
        """Which shell a program of this name is, such as ``/bin/sh``: ``ash``, ``bash``, ``dash``; empty for others."""
        name = name.rpartition("/")[2]
        return self.sh if name == "sh" else name if name in ("ash", "bash", "dash") else ""
