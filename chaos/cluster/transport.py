"""How requests travel to an API server: the API's client library, and its one error mapping."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Any

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import ResourceNotFoundError

from chaos.cluster.failures import api_errors
from chaos.cluster.proxy import Proxy
from chaos.errors import ApiError

_CONNECT_WITHIN_S = 10
_FIND_WITHIN_S = 15
# A watch that its server does not end in time is broken.
_PAST_ITS_END_S = 10


class Transport:
    """Requests to one API server.

    Attributes:
        server: its URL.
        proxy: that they go through; None: none.
    """

    def __init__(self, client: ApiClient, dynamic: DynamicClient, server: str, proxy: Proxy | None) -> None:
        self.server = server
        self.proxy = proxy
        self._client = client
        self._dynamic = dynamic
        self._finding = asyncio.Lock()  # the library's cache is half a one while it is read anew
        # aiohttp would send a DELETE again by itself where a connection that was kept open broke: the answer to the
        # second says nothing of when the first was carried out. What is tried again is decided by `retrying.py`.
        if client.rest_client.pool_manager is not None:
            client.rest_client.pool_manager._retry_connection = False  # noqa: SLF001 - there is no other way

    def errors(self, doing: str) -> AbstractContextManager[None]:
        """Turn what a request can raise into an `ApiError`, which says what was being done."""
        return api_errors(doing, self.server, self.proxy)

    @property
    def version(self) -> str:
        """Of the server, such as ``v1.34.4``."""
        return str(self._dynamic.version.get("kubernetes", {}).get("gitVersion", "unknown"))

    @property
    def simulated(self) -> bool:
        """Whether the server says that it is `chaos sandbox`, as only that one does."""
        return bool(self._dynamic.version.get("kubernetes", {}).get("gitTreeState") == "simulated")

    async def find(self, kind: str, api_version: str) -> Any:
        """The library's handle of a kind, which knows its paths."""
        prefix = "apis" if "/" in api_version else "api"
        resources = self._dynamic.resources
        with self.errors(f"looking up {kind}"):
            async with self._finding:
                known = resources._cache  # noqa: SLF001 - see below
                try:
                    async with asyncio.timeout(_FIND_WITHIN_S):  # the library would wait for five minutes
                        return await self._look_up(kind, prefix, api_version)
                except BaseException:
                    resources._cache = known  # noqa: SLF001 - a refresh that fails leaves half a cache, and later a KeyError
                    raise

    async def _look_up(self, kind: str, prefix: str, api_version: str) -> Any:
        try:
            return await self._dynamic.resources.get(prefix=prefix, api_version=api_version, kind=kind)
        except ResourceNotFoundError:
            await self._check_unknown(kind, prefix, api_version)
            raise

    async def _check_unknown(self, kind: str, prefix: str, api_version: str) -> None:
        """Make sure that a server lacks a kind: the library takes a group that is unwell (503) for an empty one.

        Raises:
            Exception: nobody knows, and it may be known a moment later.
        """
        group, _, version = api_version.rpartition("/")
        listed = self._dynamic.resources._cache["resources"].get(prefix, {})  # noqa: SLF001 - as the server said just now
        if version not in listed.get(group, {}):
            return
        answer = await (await self.request("get", f"/{prefix}/{api_version}", None, {})).json()
        if any(row["kind"] == kind for row in answer["resources"]):
            raise ApiError(f"looking up {kind}: {self.server} knew it only when it was asked again", lost=True)

    async def request(self, method: str, path: str, body: Any, query: dict[str, Any]) -> Any:
        """The response to a request, to be called within `errors`."""
        return await self._dynamic.request(
            method, path, body=body, serialize=False, query_params=[], header_params={}, **query
        )

    async def watch(self, path: str, resource_version: str, timeout_s: float, query: dict[str, Any]) -> Any:
        """The response of a watch, to be called within `errors`; the server ends it after `timeout_s`."""
        return await self._dynamic.request(
            "get",
            path,
            serialize=False,
            watch="true",
            resource_version=resource_version,
            timeout_seconds=round(timeout_s),
            query_params=[("allowWatchBookmarks", "true")],
            _request_timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=_CONNECT_WITHIN_S, sock_read=timeout_s + _PAST_ITS_END_S
            ),
            **query,
        )

    async def session(self) -> tuple[aiohttp.ClientSession, dict[str, Any]]:
        """The library's own session (TLS and proxy as configured), and arguments of each request with it.

        They say who we are, and which name is on the server's certificate where it is not that of its URL.
        """
        rest = self._client.rest_client
        if rest.pool_manager is None:
            rest.pool_manager = rest._create_pool_manager()  # noqa: SLF001 - as its websocket client does
        headers = {"User-Agent": self._client.user_agent}
        await self._client.update_params_for_auth(headers, [], ["BearerToken"], "", "GET", None)
        name = self._client.configuration.tls_server_name
        return rest.pool_manager, {"headers": headers, **({"server_hostname": name} if name else {})}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
