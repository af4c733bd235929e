"""Asks one API server for all mutations, whichever it is."""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

import aiohttp

from tests.kubesim.api.mutated.manifests import NAMESPACE
from tests.kubesim.api.mutated.mutations import Mutation, setup

_READY_WITHIN_S = 20.0
_CREATED, _FORBIDDEN = 201, 403
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


class Said(NamedTuple):
    """What a server said to one request: the reason and message of its Status, empty where it agreed."""

    status: int
    reason: str
    message: str


class Asker:
    """Sends mutations to a server, in a namespace that it makes.

    Args:
        session: reaches the server.
        url: of the server.
        headers: such as a token.
        namespace: what stands for the placeholder in paths and bodies.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, namespace: str, headers: dict[str, str] | None = None
    ) -> None:
        self._session, self._url, self._namespace = session, url.rstrip("/"), namespace
        self._headers = headers or {}

    async def prepare(self) -> None:
        """Make the namespace and the objects that are changed later.

        A new namespace takes no pods before its service account is there, which a controller makes.
        """
        for path, body in setup():
            async with asyncio.timeout(_READY_WITHIN_S):
                while (said := await self.send("POST", path, body)).status == _FORBIDDEN:
                    await asyncio.sleep(0.1)
            assert said.status == _CREATED, (path, said)

    async def ask(self, mutations: Iterable[Mutation]) -> dict[str, Said]:
        """The server's answer to each, by case."""
        return {m.case: await self.send(m.method, m.path, m.body, m.media_type) for m in mutations}

    async def clean(self) -> None:
        """Delete the namespace; it goes by itself from there."""
        await self.send("DELETE", f"/api/v1/namespaces/{NAMESPACE}", None)

    async def send(self, method: str, path: str, body: Any, media_type: str = "application/json") -> Said:
        """One request. A body that is text goes as it is, any other as JSON."""
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        data = text.replace(NAMESPACE, self._namespace).encode()
        headers = {**self._headers, "Content-Type": media_type}
        url = self._url + path.replace(NAMESPACE, self._namespace)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # one body is more than a megabyte on purpose
            request = self._session.request(method, url, data=data or None, headers=headers)
            async with request as response:
                status, answer = response.status, await response.text()
        try:
            found = json.loads(answer)
        except ValueError:
            return Said(status, "", answer.strip())
        if found.get("kind") != "Status" or found.get("status") == "Success":
            return Said(status, "", "")
        message = _UID.sub("{uid}", found.get("message", "")).replace(self._namespace, NAMESPACE)
        return Said(status, found.get("reason", ""), message)
