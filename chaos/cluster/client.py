"""Plain objects from and to an API server."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from chaos.cluster.kinds import API_VERSIONS, CLUSTER_WIDE, LATER, NEVER_MADE, READ_VERSIONS
from chaos.cluster.request import Request
from chaos.cluster.retrying import BUDGET_S, Retrying, Tried
from chaos.cluster.settling import Settling, Write
from chaos.cluster.sound import check_object
from chaos.errors import ApiError
from chaos.model.object import Object

if TYPE_CHECKING:  # a second to import, which experiments and commands without a cluster do not pay
    from chaos.cluster.transport import Transport

__all__ = ["API_VERSIONS", "CLUSTER_WIDE", "NEVER_MADE", "Cluster", "Witness"]

# A question: nothing of the cluster changes by it.
_NEVER_STORED = frozenset({"SelfSubjectAccessReview"})
_REQUEST_TIMEOUT_S = 30.0
_OK, _FORBIDDEN = 200, 403
_VERBS = {"get": "get", "post": "create", "delete": "delete", "patch": "patch"}


# Called before each request that writes, with verb, kind, name, namespace and UID (where the request names one). The
# function that it returns is called with the answer, or with None where none came; after a refusal, which means that
# nothing was written, it is not called.
_Answers = list[Object]
Witness = Callable[[str, str, str, str, str], Callable[[Object | None], None]]


class Cluster:
    """One API server. Every failure is an `ApiError`.

    Attributes:
        name: how the user named it.
        server: its URL.
        proxy: that requests go through; None: none.
        version: such as ``v1.34.4``.
        simulated: whether it is a practice cluster (`chaos sandbox`).
        fingerprint: what no two clusters share: the UID of the namespace kube-system; where that may not be read,
            ``namespace NAME UID`` of the run's own.
        requests: API requests made.
        used: how often each (verb, group, resource) was asked for, in the words of RBAC.
        bytes_sent: of bodies, likewise `bytes_received`.
        witness: told of each change that is asked for; None: nobody.
        about_to: told of each request that changes something, whole, before it is sent; None: nobody.
        retrying: when a request is made again.
        heard_by: why others may read what logs us in; empty where they may not.
    """

    def __init__(self, transport: Transport, name: str, retrying: Retrying | None = None) -> None:
        self.name = name
        self.server = transport.server
        self.proxy = transport.proxy
        self.version = ""
        self.simulated = False
        self.fingerprint = ""
        self.requests = 0
        self.used: Counter[tuple[str, str, str]] = Counter()
        self.bytes_sent = 0
        self.bytes_received = 0
        self.witness: Witness | None = None
        self.about_to: Callable[[Request], None] | None = None
        self.retrying = retrying or Retrying()
        self.heard_by = ""
        self._transport = transport
        self._resources: dict[str, Any] = {}

    async def identify(self, own_namespace: str = "") -> None:
        """Read version and fingerprint.

        Args:
            own_namespace: of the run, which serves where kube-system may not be read.
        """
        self.version, self.simulated = self._transport.version, self._transport.simulated
        try:
            namespace = await self.get("Namespace", "kube-system")
        except ApiError as exc:
            if exc.status != _FORBIDDEN or not own_namespace:
                raise
            self.fingerprint = await self._fingerprint_of(own_namespace)
            return
        if namespace is None:
            raise ApiError(f"{self.server} has no namespace kube-system, so it cannot be told from other clusters")
        self.fingerprint = str(namespace["metadata"]["uid"])

    async def _fingerprint_of(self, namespace: str) -> str:
        found = await self.get("Namespace", namespace)
        if found is None:
            raise ApiError(f"{self.server} has no namespace {namespace}, so it cannot be told from other clusters")
        return f"namespace {namespace} {found['metadata']['uid']}"

    async def is_the_one(self, fingerprint: str) -> bool:
        """Whether an earlier run's fingerprint is that of this cluster."""
        kind, _, rest = fingerprint.partition(" ")
        if kind != "namespace":
            return fingerprint == self.fingerprint
        return fingerprint == self.fingerprint or fingerprint == await self._fingerprint_of(rest.partition(" ")[0])

    async def discover(self) -> None:
        """Look every kind up now, so that no discovery happens between a fault and its measurement."""
        for kind in API_VERSIONS:
            if kind not in LATER:
                await self.resource(kind)

    async def server_date(self) -> tuple[float, float, float]:
        """The server's own time (its Date header, whole seconds), and this machine's before and after asking.

        Seconds since 1970, UTC.

        Raises:
            ApiError: it cannot be asked, or does not tell.
        """
        return await self.retrying.read(self._server_date)

    async def _server_date(self) -> tuple[float, float, float]:
        session, arguments = await self.raw_session()
        self.requests += 1
        with self.errors("asking for the time"):
            before_s = time.time()
            async with session.get(f"{self.server.rstrip('/')}/version", **arguments) as response:
                said, status = response.headers.get("Date", ""), response.status
            after_s = time.time()
        if status != _OK:  # a proxy in between may say so, by its own clock
            raise ApiError(f"asking for the time: {self.server} answered {status}", status=status)
        with self.errors("asking for the time"):
            return before_s, parsedate_to_datetime(said).timestamp(), after_s

    def count(self, verb: str, group: str | None, resource: str) -> None:
        """Note down a request that is about to be made."""
        self.requests += 1
        self.used[verb, group or "", resource] += 1

    def errors(self, doing: str) -> AbstractContextManager[None]:
        """Turn whatever a request can raise into an `ApiError`.

        Args:
            doing: such as ``creating Namespace chaos-x``.
        """
        return self._transport.errors(doing)

    async def raw_session(self) -> tuple[Any, dict[str, Any]]:
        """The client's own aiohttp session (TLS and proxy as configured), and arguments of each request with it.

        They say who we are, and which name is on the server's certificate where it is not that of its URL.
        """
        return await self._transport.session()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def resource(self, kind: str) -> Any:
        """The dynamic client's handle of a kind."""
        if kind not in self._resources:
            version = READ_VERSIONS[kind]
            self._resources[kind] = await self.retrying.read(lambda: self._transport.find(kind, version))
        return self._resources[kind]

    # ---- reading ----

    async def get(self, kind: str, name: str, namespace: str = "", *, budget_s: float = BUDGET_S) -> Object | None:
        """An object, or None where there is none; asked for again, for so many seconds, while the server fails."""

        async def once() -> Object:
            doing = f"reading {kind} {name}"
            found = await self._call("get", kind, doing, name=name, namespace=namespace)
            with self.errors(doing):
                check_object(found)
            return found

        try:
            return await self.retrying.read(once, budget_s)
        except ApiError as exc:
            if exc.status == 404:  # noqa: PLR2004 - HTTP
                return None
            raise

    async def list(
        self, kind: str, namespace: str = "", labels: str = "", *, budget_s: float = BUDGET_S
    ) -> tuple[list[Object], str]:
        """Objects of a kind, and the resourceVersion of the list; `labels` is a label selector."""
        query: dict[str, Any] = {"label_selector": labels} if labels else {}

        async def once() -> Object:
            return await self._call("get", kind, f"listing {kind}", namespace=namespace, **query)

        found = await self.retrying.read(once, budget_s)
        with self.errors(f"listing {kind}"):
            items = found.get("items") or []
            for item in items:
                check_object(item)
                item.setdefault("kind", kind)
                item.setdefault("apiVersion", READ_VERSIONS[kind])
            return items, str(found["metadata"]["resourceVersion"])

    async def revision(self, kind: str, namespace: str) -> str:
        """The resourceVersion that a list of a kind has now; at most one object is read for it, and asked for once."""
        found = await self._call("get", kind, f"listing one {kind}", namespace=namespace, limit=1)
        return str(found["metadata"]["resourceVersion"])

    async def open_watch(
        self, kind: str, namespace: str, resource_version: str, timeout_s: float, labels: str = ""
    ) -> Any:
        """The response of a watch, to be read line by line; the server ends it after `timeout_s`."""
        query: dict[str, Any] = {"label_selector": labels} if labels else {}
        handle = await self.resource(kind)
        self.count("watch", handle.group, handle.name)
        with self.errors(f"watching {kind}"):
            path = handle.path(namespace=namespace or None)
            return await self._transport.watch(path, resource_version, timeout_s, query)

    # ---- writing: only `changes.py`, `undo.py`, a run's mirror, its Events and the heartbeat of its Lease ----

    async def create(self, obj: Object, tried: Tried | None = None) -> Object:
        """Create an object; what asks a question and is never stored is asked like one."""
        kind, meta = obj["kind"], obj["metadata"]
        name, namespace = str(meta.get("name", "")), str(meta.get("namespace", ""))
        doing = f"creating {kind} {name}"

        async def once(limit_s: float = _REQUEST_TIMEOUT_S) -> Object:
            return await self._call("post", kind, doing, namespace=namespace, body=obj, limit_s=limit_s)

        if kind in _NEVER_STORED:
            return await self.retrying.read(once)
        return await self._write(Write("create", kind, name, namespace, body=obj), once, tried)

    async def announce(self, event: Object, limit_s: float) -> None:
        """Create an Event, once and without a witness: nothing depends on it.

        Raises:
            ApiError: it was refused, or nobody answered; it may be there all the same.
        """
        meta = event["metadata"]
        doing = f"telling {event['reason']} of {event['involvedObject']['name']}"
        await self._call("post", "Event", doing, namespace=meta["namespace"], body=event, limit_s=limit_s)

    async def evict(
        self,
        name: str,
        namespace: str,
        uid: str,
        grace_s: int | None,
        tried: Tried | None = None,
        *,
        dry_run: bool = False,
    ) -> Object:
        """Ask for a pod's eviction, which a PodDisruptionBudget may refuse (429); a dry run only asks whether."""
        options: Object = {"preconditions": {"uid": uid}}
        if dry_run:
            options["dryRun"] = ["All"]
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": options,
        }

        async def once(limit_s: float = _REQUEST_TIMEOUT_S) -> Object:
            return await self._call(
                "post",
                "Pod",
                f"evicting Pod {name}",
                name=name,
                namespace=namespace,
                subresource="eviction",
                body=body,
                limit_s=limit_s,
            )

        if dry_run:
            return await self.retrying.read(once)
        return await self._write(Write("evict", "Pod", name, namespace, uid), once, tried)

    async def patch(
        self,
        kind: str,
        name: str,
        namespace: str,
        patch: Object,
        subresource: str = "",
        tried: Tried | None = None,
        *,
        strategic: bool = False,
    ) -> Object:
        """Change fields of an object: a JSON merge patch, in which null removes a field.

        A strategic one changes entries of lists by their keys, such as one condition of a status.
        """
        form = f"application/{'strategic-' if strategic else ''}merge-patch+json"

        async def once(limit_s: float) -> Object:
            return await self._call(
                "patch",
                kind,
                f"patching {kind} {name}",
                name=name,
                namespace=namespace,
                subresource=subresource,
                body=patch,
                limit_s=limit_s,
                content_type=form,
            )

        return await self._write(Write("patch", kind, name, namespace, body=patch), once, tried)

    async def delete(
        self,
        kind: str,
        name: str,
        namespace: str = "",
        tried: Tried | None = None,
        *,
        uid: str = "",
        grace_s: int | None = None,
        propagation: str = "",
    ) -> Object:
        """Ask for an object's deletion, if it still has that UID."""
        body: Object = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if uid:
            body["preconditions"] = {"uid": uid}
        if grace_s is not None:
            body["gracePeriodSeconds"] = grace_s
        if propagation:
            body["propagationPolicy"] = propagation
        doing = f"deleting {kind} {name}"

        async def once(limit_s: float = _REQUEST_TIMEOUT_S) -> Object:
            return await self._call("delete", kind, doing, name=name, namespace=namespace, body=body, limit_s=limit_s)

        return await self._write(Write("delete", kind, name, namespace, uid), once, tried)

    async def dry_run(self, request: Request) -> Object:
        """What the server would answer; nothing is stored (``dryRun=All``).

        Raises:
            ApiError: it would refuse.
        """
        how: dict[str, Any] = {"content_type": request.content_type} if request.content_type else {}

        async def once() -> Object:
            return await self._call(
                request.method,
                request.kind,
                f"dry run of {request.describe()}",
                name=request.in_path,
                namespace=request.namespace,
                subresource=request.subresource,
                body=request.dry(),
                dry_run="All",
                **how,
            )

        return await self.retrying.read(once)

    async def _write(self, write: Write, once: Callable[[float], Awaitable[Object]], tried: Tried | None) -> Object:
        """Make a change, and tell the witness what is known of it."""
        tried = tried or Tried()
        with self._witnessed(write) as answered:
            answer = await Settling(write, self.retrying.tries(), once, partial(self._look, write)).made(tried)
            # An object that was only read back may be of a later version than this patch made, so it is not passed on.
            if not tried.settled or write.verb in ("create", "delete", "evict"):
                answered.append(answer)
        return answer

    async def _look(self, write: Write, budget_s: float) -> Object | None:
        return await self.get(write.kind, write.name, write.namespace, budget_s=budget_s)

    async def _call(
        self,
        method: str,
        kind: str,
        doing: str,
        *,
        name: str = "",
        namespace: str = "",
        subresource: str = "",
        body: Any = None,
        limit_s: float = _REQUEST_TIMEOUT_S,
        **query: Any,
    ) -> Object:
        """Make one request, once."""
        handle = await self.resource(kind)
        path = handle.path(name=name or None, namespace=namespace or None)
        resource = handle.name
        if subresource:
            path, resource = f"{path}/{subresource}", f"{resource}/{subresource}"
        where = f" in namespace {namespace}" if namespace else ""
        if "dry_run" in query:  # a run goes on without that permission
            self.requests += 1
        else:
            self.count(_VERBS[method] if method != "get" or name else "list", handle.group, resource)
        if self.about_to is not None and method != "get" and kind not in _NEVER_STORED and "dry_run" not in query:
            how = str(query.get("content_type", ""))
            self.about_to(Request.of(method, kind, name, namespace, subresource, body, how))
        if body is not None:
            self.bytes_sent += len(json.dumps(body))
        with self.errors(doing + where):
            async with asyncio.timeout(limit_s):
                response = await self._transport.request(method, path, body, query)
                self.bytes_received += len(await response.read())
                found = await response.json()
        if not isinstance(found, dict):
            raise ApiError(f"{doing}: {self.server} did not answer with an object")
        return found

    @contextmanager
    def _witnessed(self, write: Write) -> Iterator[_Answers]:
        """Tell the witness of a change; the answer is put into the list."""
        answered: _Answers = []
        if self.witness is None:
            yield answered
            return
        done = self.witness(write.verb, write.kind, write.name, write.namespace, write.uid)
        try:
            yield answered
        except ApiError as exc:
            if not exc.is_undone:
                done(None)
            raise
        except BaseException:
            done(None)
            raise
        done(answered[0] if answered else None)
