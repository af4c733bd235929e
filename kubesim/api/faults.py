"""An API server that is not well: requests that are refused, cut off, answered with errors, or slow."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection

from aiohttp import web

from kubesim.api.responses import Responses
from kubesim.store import StoreError

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# What can happen to a request; beside these `STALL`: no answer ever comes. Only the server knows which of those that it
# answered with 500 or 503, or whose connection it cut, it had carried out.
KINDS = ("refused", "cut", "cut in the body", "409", "429", "500", "503", "410", "slow")
STALL = "stall"
_UNCLEAR = ("cut", "500", "503")
_SLOW_S = (0.2, 8.0)
_WATCHED_S = (0.0, 20.0)
_RETRY_AFTER_S = 1
_STATUS = {
    "409": StoreError(409, "Conflict", "the object has been modified; please apply your changes to the latest version"),
    "410": StoreError(410, "Expired", "The provided continue parameter is too old"),
    "429": StoreError(429, "TooManyRequests", "too many requests", {"retryAfterSeconds": _RETRY_AFTER_S}),
    "500": StoreError(500, "InternalError", "etcdserver: request timed out"),
    "503": StoreError(503, "ServiceUnavailable", "apiserver is shutting down"),
}


class ApiFaults:
    """Decides for each request whether something happens to it, and what.

    Args:
        share: of requests to which something happens.
        seed: of the random numbers.
        kinds: what may happen; see `KINDS`, and `STALL`: no answer ever comes.

    Attributes:
        happened: how often each kind did.
    """

    def __init__(self, share: float, seed: object, kinds: Collection[str] = KINDS) -> None:
        self.share = share
        self.happened: Counter[str] = Counter()
        self._kinds = tuple(kinds)
        self._rng = random.Random(f"api faults/{seed}")

    def refuses(self) -> bool:
        """Whether a connection is refused, before anything is sent."""
        if "refused" not in self._kinds or self._rng.random() >= self.share / len(self._kinds):
            return False
        self.happened["refused"] += 1
        return True

    async def answer(self, request: web.BaseRequest, responses: Responses, answer: Answer) -> web.StreamResponse:
        """Answer a request, or not."""
        kinds = [kind for kind in self._kinds if kind != "refused"]
        if not kinds or self._rng.random() >= self.share * len(kinds) / len(self._kinds):
            return await answer(request)
        watches = "watch" in request.rel_url.query
        if request.method != "GET" or request.rel_url.path.rpartition("/")[2].count("-"):
            kinds = [kind for kind in kinds if kind != "410"]  # of lists and watches only
        kind = self._rng.choice(kinds) if kinds else "slow"
        self.happened[kind] += 1
        if kind == STALL:
            await asyncio.Event().wait()
        if kind == "slow":
            return await self._late(request, answer)
        if watches:
            return await self._cut_watch(request, answer) if kind.startswith("cut") else responses.error(_STATUS[kind])
        if kind == "cut in the body":
            return await self._half(request, await answer(request))
        if kind in _UNCLEAR and self._coin():
            await answer(request)
        if kind == "cut":
            _abort(request)
            return web.Response()
        return responses.error(_STATUS[kind])

    def _coin(self) -> bool:
        return self._rng.random() < 0.5  # noqa: PLR2004 - its sides

    async def _late(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        """Before it is carried out, or after."""
        late_s = self._rng.uniform(*_SLOW_S)
        if self._coin() or "watch" in request.rel_url.query:
            await asyncio.sleep(late_s)
            return await answer(request)
        response = await answer(request)
        await asyncio.sleep(late_s)
        return response

    async def _cut_watch(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        asyncio.get_running_loop().call_later(self._rng.uniform(*_WATCHED_S), _abort, request)
        return await answer(request)

    async def _half(self, request: web.BaseRequest, whole: web.StreamResponse) -> web.StreamResponse:
        """The head of a response, and half of what it announced."""
        if not isinstance(whole, web.Response) or not isinstance(whole.body, bytes):
            return whole  # a stream that is over
        half = web.StreamResponse(status=whole.status, headers=whole.headers)
        half.content_length = len(whole.body)
        await half.prepare(request)
        await half.write(whole.body[: len(whole.body) // 2])
        await asyncio.sleep(0)  # the transport sends what it was given before it ends
        _abort(request)
        return half


def _abort(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.close()
