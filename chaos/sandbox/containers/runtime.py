"""Makes a container's main process of its image and its command."""

from __future__ import annotations

from collections.abc import Callable

from chaos.sandbox.containers.durations import duration_s
from chaos.sandbox.containers.environment import declared, environment, expand
from chaos.sandbox.containers.files import Files
from chaos.sandbox.containers.foreground import Foreground
from chaos.sandbox.containers.host import ContainerHost
from chaos.sandbox.containers.images import IMAGES
from chaos.sandbox.containers.inside import Inside
from chaos.sandbox.containers.listening_shell import ListeningShell, reads_its_input
from chaos.sandbox.containers.oneshot import OneShot
from chaos.sandbox.containers.process import ContainerProcess, Process
from chaos.sandbox.containers.programs import PROGRAMS
from chaos.sandbox.containers.servers import SERVERS
from chaos.sandbox.containers.service_links import service_links
from chaos.sandbox.containers.sleeper import Sleeper
from chaos.sandbox.store import Object

_NOT_FOUND = 127
_START_ERROR = 128  # what containerd reports of a container that it cannot start


class ContainerRuntime:
    """Runs containers of the images that are known, on one host."""

    def __init__(self, host: ContainerHost) -> None:
        self._host = host

    def knows_image(self, image: str) -> bool:
        """Whether the image is on the node."""
        return image in IMAGES

    def create_process(
        self, pod: Object, container: Object, ip: str, on_exit: Callable[[int], None]
    ) -> ContainerProcess:
        """The main process of a container, not yet started.

        A command that the image has not becomes a process that ends as soon as it starts, with containerd's 128; so
        does, with 127, a program that the sandbox cannot run. Each leaves a message. What goes wrong inside a script is
        in the container's log.

        Args:
            pod: as it is in the store.
            container: the entry of `spec.containers`; its image must be one of `KNOWN_IMAGES`.
            ip: the pod's address, at which ports are opened.
            on_exit: called once with the exit code.

        Raises:
            ConfigError: what the environment refers to is not there.
            KeyError: unknown image.
        """
        image = IMAGES[container["image"]]
        links = service_links(self._host.store, pod)
        variables = environment(self._host.store, pod, container, ip, links)
        references = declared(self._host.store, pod, container, ip, links)
        entrypoint, command = image.entrypoint, image.command
        if container.get("command"):
            entrypoint, command = tuple(container["command"]), ()
        argv = tuple(expand(w, references) for w in [*entrypoint, *(container.get("args") or command)])
        programs = {name: program for name, program in PROGRAMS.items() if name in image.programs}
        files = Files(self._host.store, pod, container, ip)
        inside = Inside(self._host, pod, container, ip, image, variables, files, programs)
        process = _process(inside, argv, on_exit)
        process.inside = inside
        return process


def _process(inside: Inside, argv: tuple[str, ...], on_exit: Callable[[int], None]) -> Process:
    name = argv[0].rpartition("/")[2]
    place = (inside.host, inside.pod, inside.ip, on_exit)
    if name not in inside.image.programs:
        return OneShot(*place, _START_ERROR, f'exec: "{argv[0]}": executable file not found in $PATH')
    if name in SERVERS:
        return SERVERS[name](inside, argv, on_exit, False)
    return _until_its_end(inside, argv, on_exit)


def _until_its_end(inside: Inside, argv: tuple[str, ...], on_exit: Callable[[int], None]) -> Process:
    """What is no server."""
    name = argv[0].rpartition("/")[2]
    place = (inside.host, inside.pod, inside.ip, on_exit)
    if inside.container.get("stdin") and reads_its_input(argv):
        return ListeningShell(*place)
    if name == "sleep" and (seconds := _sum_s(argv[1:])) is not None:
        return Sleeper(*place, seconds)  # needs no task: there may be thousands of them
    if name in inside.programs:
        return Foreground(inside, on_exit, inside.programs[name], argv)
    if len(argv) == 1:
        return OneShot(*place, 0)  # an interpreter without input
    what = " ".join(argv)
    return OneShot(*place, _NOT_FOUND, f"the sandbox does not know what {what!r} does in {inside.image.name}")


def _sum_s(words: tuple[str, ...]) -> float | None:
    """What `sleep` adds up; None where it would complain."""
    try:
        return sum(duration_s(word) for word in words) if words else None
    except ValueError:
        return None
