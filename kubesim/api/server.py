"""The API server's front: HTTP, authentication, latency, discovery, and errors as Status objects."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web

from kubesim.api import access, discovery, openapi
from kubesim.api.dispatch import Dispatch
from kubesim.api.faults import ApiFaults
from kubesim.api.memory import MemoryConnector
from kubesim.api.pod_containers import Kubelets
from kubesim.api.registry import Registry
from kubesim.api.responses import Responses
from kubesim.api.status import status_object
from kubesim.api.target import UnknownPathError, UnknownResourceError, parse
from kubesim.model import Model
from kubesim.simclock import SimClock
from kubesim.store import Store, StoreError

_log = logging.getLogger(__name__)
_BODY_LIMIT_BYTES = 3 * 1024 * 1024  # the real server's
_STOP_WITHIN_S = 2.0
_OPEN_PATHS = ("/healthz", "/readyz", "/livez", "/version")
_NO_RESOURCE = StoreError(404, "NotFound", "the server could not find the requested resource")
Upgrade = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_UNAUTHORIZED = StoreError(401, "Unauthorized", "Unauthorized")


class ApiServer:
    """A Kubernetes API server over a store.

    Args:
        model: where its delays are drawn from; needs the rows of `API_DELAYS`.
        token: what requests must carry, as a bearer token or as the first part of their path; empty: nothing.

    Attributes:
        registry: for callers in this process.
        url: where it is served. Memory connections go to the server whatever the URL's host is.
        faults: what happens to requests; None: nothing.
    """

    def __init__(
        self, store: Store, clock: SimClock, model: Model, *, token: str = "", dual_stack: bool = False
    ) -> None:
        self.registry = Registry(store, model, dual_stack=dual_stack)
        self.url = "http://sandbox.local"
        self.faults: ApiFaults | None = None
        self._model = model
        self._token = token
        self._responses = Responses(clock)
        self._dispatch = Dispatch(self.registry, clock, model, self._responses)
        self._server: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._connectors: list[MemoryConnector] = []
        self._streams: dict[str, Upgrade] = {}

    def connect_kubelets(self, kubelets: Kubelets) -> None:
        """From now on logs and exec reach containers."""
        self._dispatch.kubelets = kubelets

    def connect_stream(self, path: str, serve: Upgrade) -> None:
        """From now on `serve` answers requests for a path that Kubernetes has not."""
        self._streams[path] = serve

    def stall_watches(self, *kinds: str) -> None:
        """A fault: watches of these kinds that are open now stay open and say nothing more, until `resume_watches`."""
        self._dispatch.stall_watches(kinds)

    def resume_watches(self) -> None:
        """Watches that stalled say what they had not said, and go on."""
        self._dispatch.resume_watches()

    async def start(self, *, listen: bool) -> None:
        """Begin to serve; with `listen` on a free loopback port, too (real time only)."""
        self._server = web.Server(
            self._handle,
            request_factory=self._request,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=3600.0,
        )
        if listen:
            loop = asyncio.get_running_loop()
            self._listener = await loop.create_server(self._server, "127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    @property
    def kubeconfig_url(self) -> str:
        """The URL for kubeconfigs: kubectl never sends a token over plain HTTP, so the token is part of the path."""
        return f"{self.url}/{self._token}" if self._token else self.url

    def connector(self) -> aiohttp.BaseConnector:
        """A connector for clients in this event loop. It is closed with the server; its users may close it before."""
        if self._server is None:
            raise RuntimeError("the API server is not started")
        connector = MemoryConnector(self._server, lambda: self._model.draw("api_network"), self._refuses)
        self._connectors.append(connector)
        return connector

    async def stop(self) -> None:
        """End watches, then connections."""
        self._dispatch.stop()
        if self._listener is not None:
            self._listener.close()
        if self._server is not None:
            await self._server.shutdown(_STOP_WITHIN_S)
        if self._listener is not None:
            await self._listener.wait_closed()
        for connector in self._connectors:
            await connector.close()

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_BODY_LIMIT_BYTES)

    def _refuses(self) -> bool:
        return self.faults is not None and self.faults.refuses()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.faults is None:
            return await self._answer_or_error(request)
        return await self.faults.answer(request, self._responses, self._answer_or_error)

    async def _answer_or_error(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except StoreError as exc:
            return self._responses.error(exc)
        except UnknownPathError:
            return self._responses.text("404 page not found\n", 404)
        except UnknownResourceError:
            return self._responses.json(status_object(_NO_RESOURCE), 404)
        except web.HTTPRequestEntityTooLarge:
            text = f"Request entity too large: limit is {_BODY_LIMIT_BYTES}"
            return self._responses.json(status_object(StoreError(413, "RequestEntityTooLarge", text)), 413)
        except Exception as exc:  # noqa: BLE001  # as the real server: a defect in one request ends that request only
            _log.exception("%s %s failed", request.method, request.rel_url)
            error = StoreError(500, "InternalError", f"Internal error occurred: {exc!r}")
            return self._responses.json(status_object(error), 500)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, prefix = self._authorized_path(request)
        if (serve := self._streams.get(path)) is not None:
            return await serve(request)
        body = await request.read()
        delay_s = self._model.draw("api_request")
        if request.method not in ("GET", "HEAD"):
            delay_s += self._model.draw("api_commit")
        await asyncio.sleep(delay_s)
        if path in ("/healthz", "/readyz", "/livez"):
            return self._responses.text("ok")
        found = discovery.document(path, self.registry.store.scheme) if request.method == "GET" else None
        if path == access.PATH and request.method == "POST":
            return self._responses.json(access.review(body, request.content_type), 201)
        if path.startswith("/openapi/v3"):
            inner = path.removeprefix("/openapi/v3").strip("/")
            scheme = self.registry.store.scheme
            found = openapi.document(inner, scheme) if inner else openapi.index(scheme, prefix)
        if path == "/openapi/v2" and "proto-openapi" in request.headers.get("Accept", ""):
            headers = self._responses.headers()
            return web.Response(body=openapi.V2_DOCUMENT, content_type=openapi.V2_MEDIA_TYPE, headers=headers)
        if found is not None:
            return self._responses.json(found, 200)
        return await self._dispatch.answer(request, parse(path, self.registry.store.scheme), body)

    def _authorized_path(self, request: web.BaseRequest) -> tuple[str, str]:
        """(the path without the token, what stood before it)."""
        path = "/" + request.rel_url.path.strip("/")
        prefix = f"/{self._token}" if self._token else ""
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            return path.removeprefix(prefix) or "/", prefix
        if prefix and path not in _OPEN_PATHS and request.headers.get("Authorization") != f"Bearer {self._token}":
            raise _UNAUTHORIZED
        return path, ""
