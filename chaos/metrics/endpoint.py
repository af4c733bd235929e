"""Serves the figures of a run to a Prometheus server, while this process lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from wsgiref.simple_server import WSGIServer

from prometheus_client import start_http_server

from chaos.errors import UsageError
from chaos.metrics.exposition import registry
from chaos.metrics.figures import Point
from chaos.options.metrics import listen_address


class MetricsEndpoint:
    """An HTTP server in a thread of its own.

    Args:
        points: asked at each scrape, in a thread of the server.
    """

    def __init__(self, listen: str, points: Callable[[], Iterable[Point]]) -> None:
        self._listen = listen
        self._points = points
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve from now on.

        Raises:
            UsageError: the address is in use, not of this machine, or not allowed.
        """
        address, port = listen_address(self._listen)
        try:
            self._server, self._thread = start_http_server(port, address, registry(self._points))
        except OSError as exc:
            raise UsageError(
                f"--metrics-listen: cannot listen at {self._listen}: {exc.strerror or exc}",
                hint="name an address of this machine and a free port",
            ) from exc

    @property
    def port(self) -> int:
        """The port that is listened at; a free one was taken where 0 was asked for."""
        return 0 if self._server is None else int(self._server.server_port)

    def stop(self) -> None:
        """Serve no longer."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None
