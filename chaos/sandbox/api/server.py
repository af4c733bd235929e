"""The API server: HTTP, authentication, latency, and errors as Status objects."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import aiohttp
from aiohttp import web

from chaos.sandbox.api import discovery, openapi, protobuf, table
from chaos.sandbox.api.bodies import as_json, protobuf_to_json
from chaos.sandbox.api.handlers import Handlers
from chaos.sandbox.api.memory import MemoryConnector
from chaos.sandbox.api.options import DELETE_OPTIONS, ListOptions
from chaos.sandbox.api.registry import Registry
from chaos.sandbox.api.selectors import both
from chaos.sandbox.api.status import status_object
from chaos.sandbox.api.target import Target, UnknownPathError, UnknownResourceError, parse
from chaos.sandbox.api.watch import Watch
from chaos.sandbox.model import Model
from chaos.sandbox.simclock import SimClock
from chaos.sandbox.store import Object, Store, StoreError

_log = logging.getLogger(__name__)
_JSON = "application/json"
_BODY_LIMIT_BYTES = 3 * 1024 * 1024  # the real server's
_STOP_WITHIN_S = 2.0
_WATCH_S = (1800.0, 3600.0)  # kube-apiserver's --min-request-timeout, and up to twice that
_TOO_NEW_WAIT_S = 3.0  # how long the real watch cache waits for a version to come
_OPEN_PATHS = ("/healthz", "/readyz", "/livez", "/version")
_NO_RESOURCE = StoreError(404, "NotFound", "the server could not find the requested resource")
_NO_METHOD = StoreError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
_UNAUTHORIZED = StoreError(401, "Unauthorized", "Unauthorized")


class ApiServer:
    """A Kubernetes API server over a store.

    Args:
        model: where its delays are drawn from; needs the rows of `API_DELAYS`.
        token: what requests must carry, as a bearer token or as the first part of their path; empty: nothing.

    Attributes:
        registry: for callers in this process.
        url: where it is served. Memory connections go to the server whatever the URL's host is.
    """

    def __init__(self, store: Store, clock: SimClock, model: Model, *, token: str = "") -> None:
        self.registry = Registry(store, model)
        self.url = "http://sandbox.local"
        self._store = store
        self._clock = clock
        self._model = model
        self._token = token
        self._watch_ends = model.rng("watch_timeouts")
        self._watches: set[Watch] = set()
        self._server: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._connectors: list[MemoryConnector] = []

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
        connector = MemoryConnector(self._server, lambda: self._model.draw("api_network"))
        self._connectors.append(connector)
        return connector

    async def stop(self) -> None:
        """End watches, then connections."""
        for watch in tuple(self._watches):
            watch.stop()
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

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except StoreError as exc:
            return self._json(status_object(exc), exc.status)
        except UnknownPathError:
            return web.Response(status=404, text="404 page not found\n", headers=self._headers())
        except UnknownResourceError:
            return self._json(status_object(_NO_RESOURCE), 404)
        except web.HTTPRequestEntityTooLarge:
            text = f"Request entity too large: limit is {_BODY_LIMIT_BYTES}"
            return self._json(status_object(StoreError(413, "RequestEntityTooLarge", text)), 413)
        except Exception as exc:  # noqa: BLE001  # as the real server: a defect in one request ends that request only
            _log.exception("%s %s failed", request.method, request.rel_url)
            error = StoreError(500, "InternalError", f"Internal error occurred: {exc!r}")
            return self._json(status_object(error), 500)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, prefix = self._authorized_path(request)
        body = await request.read()
        delay_s = self._model.draw("api_request")
        if request.method not in ("GET", "HEAD"):
            delay_s += self._model.draw("api_commit")
        await asyncio.sleep(delay_s)
        if path in ("/healthz", "/readyz", "/livez"):
            return web.Response(text="ok", headers=self._headers())
        found = discovery.document(path) if request.method == "GET" else None
        if path.startswith("/openapi/v3"):
            inner = path.removeprefix("/openapi/v3").strip("/")
            found = openapi.document(inner) if inner else openapi.index(prefix)
        if found is not None:
            return self._json(found, 200)
        _check_accept(request.headers.get("Accept", "*/*"))
        return await self._resource(request, parse(path), body)

    def _authorized_path(self, request: web.BaseRequest) -> tuple[str, str]:
        """(the path without the token, what stood before it)."""
        path = "/" + request.rel_url.path.strip("/")
        prefix = f"/{self._token}" if self._token else ""
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            return path.removeprefix(prefix) or "/", prefix
        if prefix and path not in _OPEN_PATHS and request.headers.get("Authorization") != f"Bearer {self._token}":
            raise _UNAUTHORIZED
        return path, ""

    async def _resource(self, request: web.BaseRequest, target: Target, body: bytes) -> web.StreamResponse:
        query = request.rel_url.query
        handlers = Handlers(self.registry)
        method, media_type = request.method, request.content_type
        _check_method(method, target)
        if method == "GET":
            return await self._read(request, target, handlers)
        if method == "DELETE":
            body = protobuf_to_json(body, DELETE_OPTIONS) if media_type == protobuf.MEDIA_TYPE else body
            if target.name:
                return self._json(handlers.delete(target, query, body), 200)
            return self._list(request, target, handlers.delete_collection(target, query, body))
        if method == "PATCH":
            answer = handlers.patch(target, query, body, media_type)
        else:
            body = as_json(target, body, media_type)
            answer = (handlers.create if method == "POST" else handlers.replace)(target, query, body)
        response = self._json(answer, 201 if method == "POST" else 200)
        for warning in handlers.warnings:
            response.headers.add("Warning", f"299 - {json.dumps(warning)}")
        return response

    async def _read(self, request: web.BaseRequest, target: Target, handlers: Handlers) -> web.StreamResponse:
        options = ListOptions.read(request.rel_url.query)
        if options.watch or target.watched:
            return await self._watch(request, target, options)
        if target.name:
            return self._one(request, target, handlers.get(target))
        await self._wait_for(options.resource_version)
        return self._list(request, target, handlers.select(target, options))

    def _one(self, request: web.BaseRequest, target: Target, obj: Object) -> web.Response:
        if table.wanted(request.headers.get("Accept", "")) and not target.subresource:
            include = request.rel_url.query.get("includeObject", "")
            version = obj["metadata"]["resourceVersion"]
            obj = table.table(target.resource, [obj], self._clock.wall(), version=version, include=include)
        return self._json(obj, 200)

    def _list(self, request: web.BaseRequest, target: Target, items: list[Object]) -> web.Response:
        resource, version = target.resource, str(self._store.revision)
        if table.wanted(request.headers.get("Accept", "")):
            include = request.rel_url.query.get("includeObject", "")
            found = table.table(resource, items, self._clock.wall(), version=version, include=include)
            return self._json(found, 200)
        # Items of a list do not repeat its kind.
        rows = [{k: v for k, v in item.items() if k not in ("kind", "apiVersion")} for item in items]
        meta = {"resourceVersion": version}
        head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta}
        return self._json({**head, "items": rows}, 200)

    async def _wait_for(self, version: str) -> None:
        """A list at a version that is yet to come waits for it, for a while."""
        if not version.isdigit() or int(version) <= self._store.revision:
            return
        await asyncio.sleep(_TOO_NEW_WAIT_S)
        if int(version) > self._store.revision:
            text = f"Timeout: Too large resource version: {version}, current: {self._store.revision}"
            cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
            raise StoreError(504, "Timeout", text, {"causes": [cause], "retryAfterSeconds": 1})

    async def _watch(self, request: web.BaseRequest, target: Target, options: ListOptions) -> web.StreamResponse:
        predicate = both(options.labels, target.resource.kind, options.fields)
        watch = Watch(self._store, target, options, predicate, lambda: self._model.draw("api_watch"))
        response = web.StreamResponse(headers={**self._headers(), "Content-Type": _JSON})
        await response.prepare(request)
        as_table = table.wanted(request.headers.get("Accept", ""))
        include = request.rel_url.query.get("includeObject", "")
        resource = target.resource
        first = True

        async def send(kind: str, obj: Object) -> None:
            nonlocal first
            if kind not in ("ERROR", "BOOKMARK"):
                obj = {"kind": resource.kind, "apiVersion": resource.api_version, **obj}
                if as_table:
                    obj = table.table(resource, [obj], self._clock.wall(), include=include)
                    obj["columnDefinitions"] = obj["columnDefinitions"] if first else None
                    first = False
            await response.write(_encode({"type": kind, "object": obj}))

        timeout_s = options.timeout_s or self._watch_ends.uniform(*_WATCH_S)
        self._watches.add(watch)
        try:
            await watch.run(send, timeout_s)
        finally:
            self._watches.remove(watch)
        await response.write_eof()
        return response

    def _headers(self) -> dict[str, str]:
        # aiohttp would put the wall clock's date.
        date = self._clock.wall().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return {"Cache-Control": "no-cache, private", "Date": date, "Server": "chaos-sandbox"}

    def _json(self, obj: Any, status: int) -> web.Response:
        return web.Response(body=_encode(obj), status=status, content_type=_JSON, headers=self._headers())


def _encode(obj: Any) -> bytes:
    return json.dumps(obj, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _check_accept(accept: str) -> None:
    forms = [form.partition(";") for form in accept.split(",")]
    if not any(media.strip() in (_JSON, "application/*", "*/*") for media, _, _ in forms):
        text = f"406: Not Acceptable\n\nAvailable representations: {_JSON}"
        raise StoreError(406, "NotAcceptable", text)


def _check_method(method: str, target: Target) -> None:
    allowed: tuple[str, ...] = ("GET", "PUT", "PATCH", "DELETE")
    if target.subresource:
        allowed = ("PUT",) if target.subresource == "finalize" else ("GET", "PUT", "PATCH")
    elif not target.name:
        everywhere = target.resource.namespaced and not target.namespace
        allowed = ("GET",) if everywhere else ("GET", "POST", "DELETE")
        if target.resource.kind == "Namespace":
            allowed = ("GET", "POST")
    if method not in (("GET",) if target.watched else allowed):
        raise _NO_METHOD
