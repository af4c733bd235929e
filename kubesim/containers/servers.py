"""Starting the servers that an image has: programs that are a `Process` of their own."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.containers.inside import Inside
from kubesim.containers.process import Process

OnExit = Callable[[int], None]
# The container, argv, what gets the exit code → the process, not yet started; None where these arguments make it no
# server, so that the program of the same name runs instead.
ServerFactory = Callable[[Inside, tuple[str, ...], OnExit], Process | None]


def make_server(inside: Inside, argv: tuple[str, ...], on_exit: OnExit) -> Process | None:
    """The server that a command starts; None where it starts none."""
    name = argv[0].rpartition("/")[2]
    image = inside.image
    if name == image.wrapper != "":
        server = started_by(inside, name)
        words = argv[1:]
        name, argv = server, (server, *words[words[:1] == (server,) :])  # options without a command are the server's
    factory: ServerFactory | None = image.servers.get(name)
    return None if factory is None else factory(inside, argv, on_exit)


def started_by(inside: Inside, name: str) -> str:
    """The server that a program of this name becomes: of the image's wrapper the one that it prepares."""
    image = inside.image
    return image.command[0] if name == image.wrapper != "" else name
