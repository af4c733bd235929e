"""nginx as the unit uses it: one static page."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.containers.files import Files
from kubesim.containers.host import ContainerHost
from kubesim.containers.http_server import NOT_FOUND, OK, HttpServer, Page
from kubesim.containers.process import Process
from kubesim.containers.signals import Signal
from kubesim.store import Object

ROOT = "/usr/share/nginx/html"
_WELCOME = (
    "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n"
    "<h1>Welcome to nginx!</h1>\n</body>\n</html>\n"
)
_INDEX = f"{ROOT}/index.html"
_PORT = 80


class Nginx(Process):
    """Serves the document root at port 80.

    SIGTERM and SIGINT are its fast shutdown; SIGQUIT, the official images' stop signal, is the graceful one: it takes
    no more connections, ends those that wait for a further request, and lets the others come to an end
    (https://nginx.org/en/docs/control.html).

    Args:
        files: the container's; its document root is read at each request.
    """

    stops_at = frozenset({Signal.TERM, Signal.INT, Signal.QUIT})

    def __init__(self, host: ContainerHost, pod: Object, ip: str, on_exit: Callable[[int], None], files: Files) -> None:
        super().__init__(host, pod, ip, on_exit)
        self._files = files
        if files.read(_INDEX) is None:
            files.write(_INDEX, _WELCOME)
        self._connections: dict[HttpServer, None] = {}  # in order of their making
        self._stopping: Signal | None = None

    async def start(self) -> None:
        """Open port 80."""
        await self.run_for(self.host.model.draw("nginx_start"))
        if not self.ended:
            await self.listen_tcp(_PORT, self._connection)

    def signal(self, signal: Signal) -> None:
        """A signal to the master; reloading changes nothing here."""
        if signal not in (Signal.HUP, Signal.USR1):
            super().signal(signal)

    def stop(self, signal: Signal) -> None:
        """Shut down; a fast shutdown also ends a graceful one."""
        if self._stopping is None or (self._stopping is Signal.QUIT and signal is not Signal.QUIT):
            self._stopping = signal
            self.later(self.host.model.draw("nginx_exit"), self._stop)

    def _stop(self) -> None:
        if self._stopping is not Signal.QUIT:
            self.end(0)
            return
        self.stop_accepting()
        for connection in tuple(self._connections):
            connection.drain()
        self._end_when_drained()

    def _lost(self, connection: HttpServer) -> None:
        self._connections.pop(connection, None)
        if self._stopping is Signal.QUIT and not any(listener.accepts for listener in self._listeners):
            self._end_when_drained()

    def _end_when_drained(self) -> None:
        if not self._connections:
            self.end(0)

    def _connection(self) -> HttpServer:
        connection = HttpServer(self.host.loop, self.host.clock, self._page, self._lost)
        self._connections[connection] = None
        return connection

    def _page(self, path: str) -> Page:
        text = self._files.read(ROOT + (path + "index.html" if path.endswith("/") else path))
        if text is None:
            return Page(NOT_FOUND)
        return Page(OK, text.encode())
