"""Responses with the headers of an API server."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from chaos.sandbox.api.status import status_object
from chaos.sandbox.simclock import SimClock
from chaos.sandbox.store import StoreError

JSON = "application/json"


class Responses:
    """Makes responses that carry the sandbox's date."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock

    def headers(self) -> dict[str, str]:
        """Those that every response has."""
        # aiohttp would put the wall clock's date.
        date = self._clock.wall().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return {"Cache-Control": "no-cache, private", "Date": date, "Server": "chaos-sandbox"}

    def json(self, obj: Any, status: int) -> web.Response:
        """An object."""
        return web.Response(body=encode(obj), status=status, content_type=JSON, headers=self.headers())

    def error(self, error: StoreError) -> web.Response:
        """A refusal."""
        response = self.json(status_object(error), error.status)
        if retry_after_s := error.details.get("retryAfterSeconds"):
            response.headers["Retry-After"] = str(retry_after_s)
        return response

    def plain(self, body: bytes) -> web.Response:
        """Text without a charset, as logs are sent."""
        return web.Response(body=body, headers={**self.headers(), "Content-Type": "text/plain"})

    def text(self, text: str, status: int = 200) -> web.Response:
        """Plain text."""
        return web.Response(text=text, status=status, headers=self.headers())


def encode(obj: Any) -> bytes:
    """A line of compact JSON."""
    return json.dumps(obj, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
