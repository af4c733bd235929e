"""An image: what it has in it, and what that does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubesim.containers.signals import Signal
from kubesim.model import Delay

# Programs get a `Call`, servers an `Inside`, and both know the image: to name these here would close a circle of files.
AnyProgram = Callable[[Any], Awaitable[int]]
AnyServer = Callable[[Any, tuple[str, ...], Callable[[int], None]], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One image.

    Attributes:
        name: its repository, such as ``nginx`` or ``registry.example.com/team/app``.
        entrypoint: a container's `command` replaces it and drops `command`.
        command: its default arguments.
        programs: by name, what is on its PATH and what it does (`kubesim.containers.call.Program`). None, of
            shipped images only: it is there, but what it does is not modelled.
        servers: by name, programs that are a `kubesim.containers.process.Process` of their own (see `ServerFactory` in
            `kubesim.containers.servers`). One name may stand among both: the program is what scripts and exec run.
        wrapper: the entrypoint's script, which becomes the command that it is given, or, given nothing or only options,
            the server `command`; as docker-entrypoint.sh does.
        sh: which shell `sh` is: ``ash`` (busybox), ``bash`` or ``dash``. Their messages differ, bash has more, and they
            differ in what becomes of the shell at the last command (`kubesim.shell.handover`).
        libc: ``glibc`` or ``musl``; their resolvers differ.
        stop_signal: what its first process is sent to end it (STOPSIGNAL). A pod's own `lifecycle.stopSignal` does not
            count: its feature gate, ContainerStopSignals, is alpha and closed up to 1.37.
        delays: parameters of the model that its programs draw from (`inside.host.model.draw`).
    """

    name: str
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    programs: Mapping[str, AnyProgram | None] = field(default_factory=dict)
    servers: Mapping[str, AnyServer] = field(default_factory=dict)
    wrapper: str = ""
    sh: str = "dash"
    libc: str = "glibc"
    stop_signal: Signal = Signal.TERM
    delays: tuple[Delay, ...] = ()

    def has(self, program: str) -> bool:
        """Whether a program of this name is on its PATH."""
        return program in self.programs or self.serves(program)

    def serves(self, program: str) -> bool:
        """Whether it is one of the servers, or becomes one."""
        return program in self.servers or (program == self.wrapper != "")

    @property
    def busybox(self) -> bool:
        """Whether the common commands are busybox's."""
        return self.sh == "ash"

    def shell(self, name: str) -> str:
        """Which shell a program of this name is, such as ``/bin/sh``: ``ash``, ``bash``, ``dash``; empty for others."""
        name = name.rpartition("/")[2]
        return self.sh if name == "sh" else name if name in ("ash", "bash", "dash") else ""
