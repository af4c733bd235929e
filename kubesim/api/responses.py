"""Responses with the headers of an API server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from kubesim.api.status import status_object
from kubesim.simclock import SimClock
from kubesim.store import Object, StoreError

JSON = "application/json"
_MOST_ROWS = 4096


class Responses:
    """Makes responses that carry the simulated cluster's date."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._rows: dict[int, tuple[Object, bytes]] = {}  # by id of a committed object, which is kept with it

    def headers(self) -> dict[str, str]:
        """Those that every response has."""
        # aiohttp would put the wall clock's date.
        return {"Cache-Control": "no-cache, private", "Date": self._clock.http_date(), "Server": "kubesim"}

    def json(self, obj: Any, status: int) -> web.Response:
        """An object."""
        return web.Response(body=encode(obj), status=status, content_type=JSON, headers=self.headers())

    def listed(self, head: Object, items: Iterable[Object]) -> web.Response:
        """A list of committed objects; those are asked for again and again, and never change."""
        body = encode(head)[:-2] + b',"items":[' + b",".join(map(self._row, items)) + b"]}\n"
        return web.Response(body=body, content_type=JSON, headers=self.headers())

    def _row(self, obj: Object) -> bytes:
        """An object as a list has it, which does not repeat its kind."""
        kept = self._rows.get(id(obj))
        if kept is None:
            if len(self._rows) >= _MOST_ROWS:
                self._rows.clear()
            text = encode({key: value for key, value in obj.items() if key not in ("kind", "apiVersion")})
            kept = self._rows[id(obj)] = obj, text[:-1]
        return kept[1]

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
