"""Makes a container's main process of its image and its command."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.containers.bounds import Bounds
from kubesim.containers.catalog import Catalog
from kubesim.containers.environment import NoCommandError, declared, environment, expand
from kubesim.containers.files import Files
from kubesim.containers.foreground import Foreground
from kubesim.containers.host import ContainerHost
from kubesim.containers.inside import Inside
from kubesim.containers.listening_shell import ListeningShell, reads_its_input
from kubesim.containers.oneshot import OneShot
from kubesim.containers.process import ContainerProcess, Process
from kubesim.containers.processes import FIRST, Processes
from kubesim.containers.servers import make_server, started_by
from kubesim.containers.service_links import service_links
from kubesim.containers.sleep import seconds, sleep
from kubesim.containers.sleeper import Sleeper
from kubesim.store import Object

_NOT_FOUND = 127
_START_ERROR = 128  # what containerd reports of a container that it cannot start


class ContainerRuntime:
    """Runs containers of the images that are known, on one host."""

    def __init__(self, host: ContainerHost, images: Catalog) -> None:
        self._host = host
        self._images = images

    @property
    def example_images(self) -> tuple[str, ...]:
        """Some that are on the node, for messages."""
        return self._images.examples

    def knows_image(self, image: str) -> bool:
        """Whether the image is on the node."""
        return self._images.find(image) is not None

    def create_process(
        self, pod: Object, container: Object, ip: str, on_exit: Callable[[int], None]
    ) -> ContainerProcess:
        """The main process of a container, not yet started.

        A command that the image has not becomes a process that ends as soon as it starts, with containerd's 128; so
        does, with 127, a program that kubesim cannot run. Each leaves a message. What goes wrong inside a script is
        in the container's log.

        Args:
            pod: as it is in the store.
            container: the entry of `spec.containers`; its image must be one that is known.
            ip: the pod's address, at which ports are opened.
            on_exit: called once with the exit code.

        Raises:
            ConfigError: what the environment refers to is not there, or there is no command.
            KeyError: unknown image.
        """
        image = self._images.find(container["image"])
        if image is None:
            raise KeyError(container["image"])
        links = service_links(self._host.store, pod)
        variables = environment(self._host.store, pod, container, ip, links)
        references = declared(self._host.store, pod, container, ip, links)
        entrypoint, command = image.entrypoint, image.command
        if container.get("command"):
            entrypoint, command = tuple(container["command"]), ()
        argv = tuple(expand(w, references) for w in [*entrypoint, *(container.get("args") or command)])
        if not argv:
            raise NoCommandError(
                "failed to generate container spec: failed to generate spec: no command specified "
                f"(neither the pod nor kubesim's image {image.name} says one)"
            )
        bounds, processes = Bounds(), Processes()
        files = Files(self._host.store, pod, container, ip, processes, bounds.hold)
        inside = Inside(self._host, pod, container, ip, image, variables, files, processes, bounds)
        first = processes.enter("")
        process = _process(inside, argv, on_exit)
        process.inside = inside
        bounds.on_exceeded = process.out_of_memory
        if not isinstance(process, Foreground):  # whose program says itself what it does at signals
            first.handler = process.signal
        return process


def _process(inside: Inside, argv: tuple[str, ...], on_exit: Callable[[int], None]) -> Process:
    name = argv[0].rpartition("/")[2]
    image = inside.image
    if not image.has(name):
        place = (inside.host, inside.pod, inside.ip, on_exit)
        return OneShot(*place, _START_ERROR, f'exec: "{argv[0]}": executable file not found in $PATH')
    if name == image.wrapper and argv[1:] and not argv[1].startswith("-"):
        return _process(inside, argv[1:], on_exit)  # it becomes whatever it is given
    inside.processes.rename(FIRST, started_by(inside, name))
    return make_server(inside, argv, on_exit) or _until_its_end(inside, argv, on_exit)


def _until_its_end(inside: Inside, argv: tuple[str, ...], on_exit: Callable[[int], None]) -> Process:
    """What is no server."""
    place = (inside.host, inside.pod, inside.ip, on_exit)
    if inside.container.get("stdin") and reads_its_input(argv):
        return ListeningShell(*place)
    program = inside.image.programs.get(argv[0].rpartition("/")[2])
    if program is sleep and (sleeps_s := seconds(argv)) is not None:
        return Sleeper(*place, sleeps_s)  # needs no task
    if program is not None:
        return Foreground(inside, on_exit, program, argv)
    what = " ".join(argv)
    message = f"the sandbox does not know what {what!r} does in {inside.image.name}"
    return OneShot(*place, _NOT_FOUND, message) if argv[1:] else OneShot(*place, 0)  # an interpreter without input
