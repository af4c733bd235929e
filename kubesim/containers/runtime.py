"""Makes a container's main process of its image and its command."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.containers.bounds import Bounds
from kubesim.containers.durations import duration_s
from kubesim.containers.environment import declared, environment, expand
from kubesim.containers.files import Files
from kubesim.containers.foreground import Foreground
from kubesim.containers.host import ContainerHost
from kubesim.containers.images import find_image
from kubesim.containers.inside import Inside
from kubesim.containers.listening_shell import ListeningShell, reads_its_input
from kubesim.containers.oneshot import OneShot
from kubesim.containers.process import ContainerProcess, Process
from kubesim.containers.processes import FIRST, Processes
from kubesim.containers.programs import PROGRAMS
from kubesim.containers.programs.nginx import stays_in_foreground
from kubesim.containers.servers import SERVERS, started_by_entrypoint
from kubesim.containers.service_links import service_links
from kubesim.containers.sleeper import Sleeper
from kubesim.store import Object

_ENTRYPOINT = "docker-entrypoint.sh"
_NOT_FOUND = 127
_START_ERROR = 128  # what containerd reports of a container that it cannot start


class ContainerRuntime:
    """Runs containers of the images that are known, on one host."""

    def __init__(self, host: ContainerHost) -> None:
        self._host = host

    def knows_image(self, image: str) -> bool:
        """Whether the image is on the node."""
        return find_image(image) is not None

    def create_process(
        self, pod: Object, container: Object, ip: str, on_exit: Callable[[int], None]
    ) -> ContainerProcess:
        """The main process of a container, not yet started.

        A command that the image has not becomes a process that ends as soon as it starts, with containerd's 128; so
        does, with 127, a program that the sandbox cannot run. Each leaves a message. What goes wrong inside a script is
        in the container's log.

        Args:
            pod: as it is in the store.
            container: the entry of `spec.containers`; its image must be one that is known.
            ip: the pod's address, at which ports are opened.
            on_exit: called once with the exit code.

        Raises:
            ConfigError: what the environment refers to is not there.
            KeyError: unknown image.
        """
        image = find_image(container["image"])
        if image is None:
            raise KeyError(container["image"])
        links = service_links(self._host.store, pod)
        variables = environment(self._host.store, pod, container, ip, links)
        references = declared(self._host.store, pod, container, ip, links)
        entrypoint, command = image.entrypoint, image.command
        if container.get("command"):
            entrypoint, command = tuple(container["command"]), ()
        argv = tuple(expand(w, references) for w in [*entrypoint, *(container.get("args") or command)])
        programs = {name: program for name, program in PROGRAMS.items() if name in image.programs}
        servers = frozenset(SERVERS.keys() & image.programs)
        bounds, processes = Bounds(), Processes()
        files = Files(self._host.store, pod, container, ip, processes, bounds.hold)
        inside = Inside(self._host, pod, container, ip, image, variables, files, programs, servers, processes, bounds)
        first = processes.enter("")
        process = _process(inside, argv, on_exit)
        process.inside = inside
        bounds.on_exceeded = process.out_of_memory
        if not isinstance(process, Foreground):  # whose program says itself what it does at signals
            first.handler = process.signal
        return process


def _process(inside: Inside, argv: tuple[str, ...], on_exit: Callable[[int], None]) -> Process:
    name = argv[0].rpartition("/")[2]
    place = (inside.host, inside.pod, inside.ip, on_exit)
    if name not in inside.image.programs:
        return OneShot(*place, _START_ERROR, f'exec: "{argv[0]}": executable file not found in $PATH')
    if name == _ENTRYPOINT and argv[1:] and not argv[1].startswith("-"):
        return _process(inside, argv[1:], on_exit)  # it becomes whatever it is given
    if name in SERVERS and (name != "nginx" or stays_in_foreground(inside, argv)):
        inside.processes.rename(FIRST, started_by_entrypoint(inside) if name == _ENTRYPOINT else name)
        return SERVERS[name](inside, argv, on_exit)
    inside.processes.rename(FIRST, name)
    return _until_its_end(inside, argv, on_exit)


def _until_its_end(inside: Inside, argv: tuple[str, ...], on_exit: Callable[[int], None]) -> Process:
    """What is no server."""
    name = argv[0].rpartition("/")[2]
    place = (inside.host, inside.pod, inside.ip, on_exit)
    if inside.container.get("stdin") and reads_its_input(argv):
        return ListeningShell(*place)
    if name in inside.programs:
        seconds = _sum_s(argv[1:]) if name == "sleep" else None  # sleepers need no task: there may be thousands of them
        return Foreground(inside, on_exit, inside.programs[name], argv) if seconds is None else Sleeper(*place, seconds)
    what = " ".join(argv)
    message = f"the sandbox does not know what {what!r} does in {inside.image.name}"
    return OneShot(*place, _NOT_FOUND, message) if argv[1:] else OneShot(*place, 0)  # an interpreter without input


def _sum_s(words: tuple[str, ...]) -> float | None:
    """What `sleep` adds up; None where it would complain."""
    try:
        return sum(duration_s(word) for word in words) if words else None
    except ValueError:
        return None
