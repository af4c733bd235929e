"""The images that can be run, and what their containers do."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial

from chaos.sandbox.containers.coredns import CoreDnsProcess
from chaos.sandbox.containers.environment import config_files, environment, expand
from chaos.sandbox.containers.host import ContainerHost
from chaos.sandbox.containers.nginx import Nginx
from chaos.sandbox.containers.oneshot import OneShot
from chaos.sandbox.containers.process import ContainerProcess
from chaos.sandbox.containers.shell import UnsupportedShellError, run_line
from chaos.sandbox.containers.sleeper import Sleeper, duration_s
from chaos.sandbox.store import Object

_NOT_FOUND = 127  # what a shell says of a command that it cannot find
_START_ERROR = 128  # what containerd reports of a container that it cannot start
_MYSQLD_ABORTED = 7  # what mysqld ends with after an option that it does not know
_SHELLS = ("sh", "bash", "ash")

# Image → (entrypoint, command) of its own; a container's `command` replaces the first and drops the second.
_IMAGES: dict[str, tuple[list[str], list[str]]] = {
    "busybox:1.35": ([], ["sh"]),
    "mysql:8.0": (["docker-entrypoint.sh"], ["mysqld"]),
    "nginx:alpine": ([], ["nginx", "-g", "daemon off;"]),
    "python:3.11-slim": ([], ["python3"]),
    "redis:7-alpine": (["docker-entrypoint.sh"], ["redis-server"]),
    "registry.k8s.io/coredns/coredns:v1.13.1": (["/coredns"], []),
    "registry.k8s.io/pause:3.10": (["/pause"], []),
    "registry.k8s.io/pause:3.10.1": (["/pause"], []),
}
KNOWN_IMAGES = frozenset(_IMAGES)

# Programs beyond a shell's own, by image.
_PROGRAMS: dict[str, frozenset[str]] = {
    "busybox:1.35": frozenset({"sh", "sleep", "tail", "cat"}),
    "mysql:8.0": frozenset({"sh", "bash", "sleep", "tail", "cat", "docker-entrypoint.sh", "mysqld"}),
    "nginx:alpine": frozenset({"sh", "sleep", "tail", "nginx", "cat"}),
    "python:3.11-slim": frozenset({"sh", "bash", "sleep", "tail", "python3", "python", "cat"}),
    "redis:7-alpine": frozenset({"sh", "sleep", "tail", "cat", "docker-entrypoint.sh", "redis-server"}),
    "registry.k8s.io/coredns/coredns:v1.13.1": frozenset({"coredns"}),
    "registry.k8s.io/pause:3.10": frozenset({"pause"}),
    "registry.k8s.io/pause:3.10.1": frozenset({"pause"}),
}


class ContainerRuntime:
    """Runs containers of the images that are known, on one host."""

    def __init__(self, host: ContainerHost) -> None:
        self._host = host

    def knows_image(self, image: str) -> bool:
        """Whether the image is on the node."""
        return image in KNOWN_IMAGES

    def create_process(
        self, pod: Object, container: Object, ip: str, on_exit: Callable[[int], None]
    ) -> ContainerProcess:
        """The main process of a container, not yet started.

        A command that the image has not becomes a process that ends as soon as it starts, with containerd's 128 (a
        shell's 127 inside `sh -c`); so does, with 127, what the sandbox cannot follow. Each leaves a message.

        Args:
            pod: as it is in the store.
            container: the entry of `spec.containers`; its image must be one of `KNOWN_IMAGES`.
            ip: the pod's address, at which ports are opened.
            on_exit: called once with the exit code.

        Raises:
            KeyError: unknown image.
        """
        return _Launcher(self._host, pod, container, ip, on_exit).launch()


class _Launcher:
    def __init__(
        self, host: ContainerHost, pod: Object, container: Object, ip: str, on_exit: Callable[[int], None]
    ) -> None:
        self._host, self._pod, self._ip, self._on_exit = host, pod, ip, on_exit
        self._image: str = container["image"]
        self._container = container
        self._variables = environment(pod, container, ip)
        entrypoint, command = _IMAGES[self._image]
        if container.get("command"):
            entrypoint, command = container["command"], []
        self._argv = [expand(w, self._variables) for w in [*entrypoint, *(container.get("args") or command)]]

    def launch(self) -> ContainerProcess:
        argv = self._argv
        if _name(argv[0]) in _SHELLS and _name(argv[0]) in _PROGRAMS[self._image]:
            return self._shell(argv)
        return self._program(argv, {}, behind_shell=False)

    def _shell(self, argv: list[str]) -> ContainerProcess:
        flags = re.fullmatch(r"-[eux]*c", argv[1]) if len(argv) > 1 else None
        if len(argv) == 1:
            return self._exit(0)  # no terminal and no script: it reads the end of its input
        if flags is None or len(argv) < 3:  # noqa: PLR2004 - sh -c LINE
            return self._exit(_NOT_FOUND, f"the sandbox cannot run the script {argv[1]!r}")
        try:
            outcome = run_line(argv[2], self._variables)
        except UnsupportedShellError as exc:
            return self._exit(_NOT_FOUND, str(exc))
        if not outcome.argv:
            return self._exit(outcome.code)
        return self._program(outcome.argv, outcome.files, behind_shell=not outcome.replaced)

    def _program(self, argv: list[str], files: dict[str, str], *, behind_shell: bool) -> ContainerProcess:
        name = _name(argv[0])
        if name not in _PROGRAMS[self._image]:
            if behind_shell:
                return self._exit(_NOT_FOUND, f"sh: {argv[0]}: not found")
            return self._exit(_START_ERROR, f'exec: "{argv[0]}": executable file not found in $PATH')
        host, pod, ip, on_exit = self._host, self._pod, self._ip, self._on_exit
        match name, argv[1:]:
            case "nginx", _:
                process: ContainerProcess = Nginx(host, pod, ip, on_exit, files, behind_shell=behind_shell)
            case "docker-entrypoint.sh", [first, *_] if first in ("mysqld", "redis-server") or first.startswith("-"):
                process = self._entrypoint(argv[1:] if first.startswith("-") else argv[2:])
            case "coredns", _:
                process = CoreDnsProcess(host, pod, ip, on_exit)
            case "redis-server", arguments:
                process = self._redis(arguments, files, behind_shell=behind_shell)
            case "pause", _:
                process = Sleeper(host, pod, ip, on_exit, handles_sigterm=True)
            case "tail", ["-f", *_]:
                process = Sleeper(host, pod, ip, on_exit)
            case "sleep", _:
                process = self._sleep(argv)
            case _:
                what = " ".join(argv)
                message = f"the sandbox does not know what {what!r} does in {self._image}"
                # An interpreter without input ends at once.
                process = self._exit(_NOT_FOUND, message) if argv[1:] else self._exit(0)
        return process

    def _entrypoint(self, arguments: list[str]) -> ContainerProcess:
        """The images' own script starts the server; options without a command are its."""
        return self._mysqld(arguments) if self._image == "mysql:8.0" else self._redis(arguments, {}, behind_shell=False)

    def _mysqld(self, arguments: list[str]) -> ContainerProcess:
        from chaos.sandbox.containers.mysql import Mysql  # noqa: PLC0415 - sqlglot takes half a second to import
        from chaos.sandbox.mysql.names import find_address  # noqa: PLC0415 - as above
        from chaos.sandbox.mysql.options import UnknownOptionError, parse  # noqa: PLC0415 - as above

        try:
            options = parse(arguments)
        except UnknownOptionError as exc:
            return self._exit(_MYSQLD_ABORTED, str(exc))
        network, namespace = self._host.network, self._pod["metadata"].get("namespace", "")
        resolve = partial(find_address, network, namespace)
        return Mysql(self._host, self._pod, self._container, self._ip, self._on_exit, options, resolve)

    def _redis(self, arguments: list[str], files: dict[str, str], *, behind_shell: bool) -> ContainerProcess:
        from chaos.sandbox.redis.server import RedisServer  # noqa: PLC0415 - only for those that run one

        read_file = (config_files(self._host.store, self._pod, self._container) | files).get
        return RedisServer(
            self._host,
            self._pod,
            self._container,
            self._ip,
            self._on_exit,
            arguments,
            read_file,
            behind_shell=behind_shell,
        )

    def _sleep(self, argv: list[str]) -> ContainerProcess:
        try:
            total_s = sum(duration_s(word) for word in argv[1:]) if len(argv) > 1 else math.nan
        except ValueError:
            total_s = math.nan
        if math.isnan(total_s):
            return self._exit(1, f"sleep: invalid time interval in {' '.join(argv)!r}")
        return Sleeper(self._host, self._pod, self._ip, self._on_exit, total_s)

    def _exit(self, code: int, message: str = "") -> ContainerProcess:
        return OneShot(self._host, self._pod, self._ip, self._on_exit, code, message)


def _name(program: str) -> str:
    return program.rpartition("/")[2]
