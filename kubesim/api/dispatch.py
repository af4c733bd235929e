"""What the API server answers to a request for a resource: an object, a list, a table or a watch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection

from aiohttp import web

from kubesim.api import protobuf, table
from kubesim.api.bodies import as_json, protobuf_to_json
from kubesim.api.exec import run_attach, run_exec
from kubesim.api.handlers import Handlers
from kubesim.api.logs import PodLogs
from kubesim.api.options import DELETE_OPTIONS, ListOptions
from kubesim.api.pod_containers import Kubelets
from kubesim.api.registry import Registry
from kubesim.api.responses import JSON, Responses, encode
from kubesim.api.selectors import both
from kubesim.api.target import Target
from kubesim.api.unmodelled import UNMODELLED
from kubesim.api.watch import Watch
from kubesim.kinds.kind import Kind
from kubesim.model import Model
from kubesim.simclock import SimClock
from kubesim.store import Object, StoreError

_WATCH_S = (1800.0, 3600.0)  # kube-apiserver's --min-request-timeout, and up to twice that
_TOO_NEW_WAIT_S = 3.0  # how long the real watch cache waits for a version to come
_ONLY: dict[str, tuple[str, ...]] = {
    "finalize": ("PUT",),
    "eviction": ("POST",),
    "attach": ("GET", "POST"),
    "exec": ("GET", "POST"),
    "log": ("GET",),
}
_STREAMS = {"attach": run_attach, "exec": run_exec}
_NO_METHOD = StoreError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


class Dispatch:
    """Answers requests for resources; their latency is over by then.

    Args:
        model: where the delays of watches are drawn from.

    Attributes:
        kubelets: where containers are found; None: there are no kubelets.
    """

    def __init__(self, registry: Registry, clock: SimClock, model: Model, responses: Responses) -> None:
        self._registry = registry
        self._store = registry.store
        self._clock = clock
        self._model = model
        self._responses = responses
        self._watch_ends = model.rng("watch_timeouts")
        self._watches: set[Watch] = set()
        self._logs = PodLogs(clock, responses)
        self.kubelets: Kubelets | None = None

    def stop(self) -> None:
        """End all watches."""
        for watch in tuple(self._watches):
            watch.stop()

    async def answer(self, request: web.BaseRequest, target: Target, body: bytes) -> web.StreamResponse:
        """The response to a request, a refusal too; a watch is over when this returns."""
        try:
            response = await self._answer(request, target, body)
        except StoreError as exc:
            response = self._responses.error(exc)
        if not response.prepared:
            _warn_of_age(response, self._kind(target))
        return response

    def _kind(self, target: Target) -> Kind:
        return self._store.scheme[target.resource.kind]

    async def _answer(self, request: web.BaseRequest, target: Target, body: bytes) -> web.StreamResponse:
        """Raises StoreError: what `Handlers` raises; 405, 406; 504 for a version that is yet to come."""
        _check_accept(request.headers.get("Accept", "*/*"))
        query = request.rel_url.query
        handlers = Handlers(self._registry)
        if (make := self._registry.on_demand.get(target.resource.kind)) is not None:
            make()
        method, media_type = request.method, request.content_type
        if target.subresource in UNMODELLED:
            raise handlers.unmodelled(target)
        _check_method(method, target, self._kind(target))
        if target.subresource in _STREAMS:
            return await _STREAMS[target.subresource](request, handlers.get(target), self.kubelets)
        if target.subresource == "log":
            return await self._logs.answer(request, handlers.get(target), self.kubelets)
        if method == "GET":
            return await self._read(request, target, handlers)
        if method == "DELETE":
            body = protobuf_to_json(body, DELETE_OPTIONS) if media_type == protobuf.MEDIA_TYPE else body
            if target.name:
                return self._warned(self._responses.json(handlers.delete(target, query, body), 200), handlers)
            return self._list(request, target, handlers.delete_collection(target, query, body))
        if method == "PATCH":
            answer = handlers.patch(target, query, body, media_type)
        else:
            body = as_json(target, body, media_type, custom=self._kind(target).schema is not None)
            answer = (handlers.create if method == "POST" else handlers.replace)(target, query, body)
        return self._warned(self._responses.json(answer, 201 if handlers.created else 200), handlers)

    def _warned(self, response: web.Response, handlers: Handlers) -> web.Response:
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
            obj = table.table(self._kind(target), [obj], self._clock.wall(), version=version, include=include)
        return self._responses.json(obj, 200)

    def _list(self, request: web.BaseRequest, target: Target, items: list[Object]) -> web.Response:
        resource, version = target.resource, str(self._store.revision)
        if table.wanted(request.headers.get("Accept", "")):
            include = request.rel_url.query.get("includeObject", "")
            found = table.table(self._kind(target), items, self._clock.wall(), version=version, include=include)
            return self._responses.json(found, 200)
        meta = {"resourceVersion": version}
        head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta}
        return self._responses.listed(head, items)

    def stall_watches(self, kinds: Collection[str]) -> None:
        """The watches of these kinds that are open now stay open and say nothing more; those opened later do."""
        for watch in self._watches:
            if watch.kind in kinds:
                watch.stall()

    def resume_watches(self) -> None:
        """Those that stalled go on with what they had not said."""
        for watch in self._watches:
            watch.resume()

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
        predicate = both(options.labels, self._kind(target), options.fields)
        watch = Watch(self._store, target, options, predicate, lambda: self._model.draw("api_watch"))
        response = web.StreamResponse(headers={**self._responses.headers(), "Content-Type": JSON})
        _warn_of_age(response, self._kind(target))
        await response.prepare(request)
        as_table = table.wanted(request.headers.get("Accept", ""))
        include = request.rel_url.query.get("includeObject", "")
        resource, printed = target.resource, self._kind(target)
        first = True

        async def send(kind: str, obj: Object) -> None:
            nonlocal first
            if kind not in ("ERROR", "BOOKMARK"):
                obj = {"kind": resource.kind, "apiVersion": resource.api_version, **obj}
                if as_table:
                    obj = table.table(printed, [obj], self._clock.wall(), include=include)
                    obj["columnDefinitions"] = obj["columnDefinitions"] if first else None
                    first = False
            await response.write(encode({"type": kind, "object": obj}))

        timeout_s = options.timeout_s or self._watch_ends.uniform(*_WATCH_S)
        self._watches.add(watch)
        try:
            await watch.run(send, timeout_s)
            await response.write_eof()
        except ConnectionResetError:
            return response  # the client has left, as watchers do
        finally:
            self._watches.remove(watch)
        return response


def _warn_of_age(response: web.StreamResponse, kind: Kind) -> None:
    if kind.deprecation:
        response.headers.add("Warning", f"299 - {json.dumps(kind.deprecation)}")


def _check_accept(accept: str) -> None:
    forms = [form.partition(";") for form in accept.split(",")]
    if not any(media.strip() in (JSON, "application/*", "*/*") for media, _, _ in forms):
        text = f"406: Not Acceptable\n\nAvailable representations: {JSON}"
        raise StoreError(406, "NotAcceptable", text)


def _check_method(method: str, target: Target, kind: Kind) -> None:
    allowed: tuple[str, ...] = ("GET", "PUT", "PATCH", "DELETE")
    if target.subresource:
        allowed = _ONLY.get(target.subresource, ("GET", "PUT", "PATCH"))
    elif not target.name:
        everywhere = target.resource.namespaced and not target.namespace
        allowed = ("GET",) if everywhere else ("GET", "POST", "DELETE")
        if not kind.deletes_collections:
            allowed = ("GET", "POST")
    if method not in (("GET",) if target.watched else allowed):
        raise _NO_METHOD
