"""nginx as the unit uses it: one static page."""

from __future__ import annotations

from collections.abc import Callable

from chaos.sandbox.containers.files import Files
from chaos.sandbox.containers.host import ContainerHost
from chaos.sandbox.containers.http_server import NOT_FOUND, OK, HttpServer, Page
from chaos.sandbox.containers.process import Process
from chaos.sandbox.store import Object

ROOT = "/usr/share/nginx/html"
_WELCOME = (
    "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n"
    "<h1>Welcome to nginx!</h1>\n</body>\n</html>\n"
)
_INDEX = f"{ROOT}/index.html"
_PORT = 80


class Nginx(Process):
    """Serves the document root at port 80.

    Args:
        files: the container's; its document root is read at each request.
        behind_shell: a shell is PID 1 and the server its child: the shell ignores SIGTERM and passes nothing on, so the
            whole grace period passes (facts.md, section 1). Otherwise the server is PID 1 and obeys: its fast shutdown
            (SIGTERM) and its graceful one (SIGQUIT, the official image's stop signal) look the same with a static page,
            whose answers take no time.
    """

    def __init__(
        self,
        host: ContainerHost,
        pod: Object,
        ip: str,
        on_exit: Callable[[int], None],
        files: Files,
        *,
        behind_shell: bool,
    ) -> None:
        super().__init__(host, pod, ip, on_exit)
        self._files = files
        if files.read(_INDEX) is None:
            files.write(_INDEX, _WELCOME)
        self._behind_shell = behind_shell
        self._stopping = False

    async def start(self) -> None:
        """Open port 80."""
        await self.run_for(self.host.model.draw("nginx_start"))
        if not self.ended:
            await self.listen_tcp(_PORT, self._connection)

    def terminate(self) -> None:
        """SIGTERM."""
        if not self._behind_shell and not self._stopping:
            self._stopping = True
            self.later(self.host.model.draw("nginx_exit"), lambda: self.end(0))

    def _connection(self) -> HttpServer:
        return HttpServer(self.host.loop, self.host.clock, self._page)

    def _page(self, path: str) -> Page:
        text = self._files.read(ROOT + (path + "index.html" if path.endswith("/") else path))
        if text is None:
            return Page(NOT_FOUND)
        return Page(OK, text.encode())
