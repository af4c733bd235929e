"""What a query of Prometheus finds: its HTTP API, one instant query at a time."""

from __future__ import annotations

import asyncio
import json
import math
import os
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from chaos.cluster.login import is_here
from chaos.engine.aborting.condition import Condition, Seen
from chaos.errors import PreflightError
from chaos.options.conditions import QueryCondition
from chaos.visible import visible

TOKEN = "CHAOS_PROMETHEUS_TOKEN"  # noqa: S105 - the variable that has it
# A query that takes longer says nothing of now.
_WITHIN_S = 5.0
# Limit of a whole query: the timeout above is for each read and does not end a server that sends a byte now and then.
_ENDED_AFTER_S = 2 * _WITHIN_S
# An alert's expression finds a few series.
_MOST_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 16
_SHOWN = 200
_OK = 200


class QueryError(Exception):
    """It was not answered; the text says why."""


class WatchedQuery(Condition):
    """Holds where the query finds a series, as an alert does, or a number that is not zero.

    Args:
        said: what was asked for.
        ask: answers a query with the document that Prometheus gives, or raises `QueryError`; it may block.
    """

    every_s = 5.0

    def __init__(self, said: QueryCondition, ask: Callable[[str], dict[str, Any]]) -> None:
        super().__init__(said.text)
        self._query = said.query
        self._ask = ask

    async def check(self) -> Seen | None:
        """See `Condition.check`."""
        seen = await self.look()
        if seen.holds is None:
            raise PreflightError(
                f"--abort-if {self.text!r} cannot be watched: {seen.value}",
                hint=f"is --prometheus right? a token is read from {TOKEN}",
            )
        return seen

    async def look(self) -> Seen:
        """See `Condition.look`; the waiting is done in a thread, so that no probe waits with it."""
        try:
            return judged(await asyncio.to_thread(_in_time, self._ask, self._query))
        except QueryError as exc:
            return Seen(None, visible(str(exc)[:_SHOWN], line=True))


def _in_time(ask: Callable[[str], dict[str, Any]], query: str) -> dict[str, Any]:
    """What it answers, in a thread that is left behind where it does not.

    Raises:
        QueryError: it does not in time, or says why not.
    """
    found: list[dict[str, Any] | Exception] = []

    def work() -> None:
        try:
            found.append(ask(query))
        except Exception as exc:  # noqa: BLE001 - it is raised where somebody waits for it
            found.append(exc)

    thread = threading.Thread(target=work, name="prometheus", daemon=True)
    thread.start()
    thread.join(_ENDED_AFTER_S)
    if not found:
        raise QueryError(f"Prometheus had not answered after {_ENDED_AFTER_S:g} s")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def judged(document: dict[str, Any]) -> Seen:
    """Whether an answer says that the condition holds.

    Raises:
        QueryError: it says neither.
    """
    if document.get("status") != "success":
        raise QueryError(f"Prometheus answered {document.get('errorType')}: {document.get('error')}")
    data = document.get("data")
    kind, found = (data.get("resultType"), data.get("result")) if isinstance(data, dict) else (None, None)
    if not isinstance(found, list):
        raise QueryError("Prometheus answered without a result")
    if kind == "scalar":
        value = _number(found)
        if math.isnan(value):
            raise QueryError("the query is not a number (NaN)")
        return Seen(value != 0, f"{value:g}")
    if kind != "vector":
        raise QueryError(f"the query finds a {kind}, and must find an instant vector or a scalar")
    if not found:
        return Seen(False, "no series")
    first = found[0] if isinstance(found[0], dict) else {}
    labels = first.get("metric") if isinstance(first.get("metric"), dict) else {}
    shown = ", ".join(f"{key}={value}" for key, value in (labels or {}).items())
    more = f", and {len(found) - 1} more series" if len(found) > 1 else ""
    value_of = _number(first.get("value"))
    return Seen(True, visible(f"{{{shown}}} {value_of:g}{more}"[:_SHOWN], line=True))


def _number(pair: object) -> float:
    """Of an instant and a value, which is a text."""
    try:
        return float(pair[1])  # type: ignore[index]  # what JSON holds is data
    except (TypeError, ValueError, LookupError, OverflowError) as exc:
        raise QueryError("Prometheus answered with a value that is no number") from exc


class Prometheus:
    """One server. TLS is verified, and nothing is followed elsewhere, since a token would go along.

    Raises:
        PreflightError: a token would go to another machine in the clear.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urlsplit(url)
        here = is_here(parts.hostname or "")
        self._token = os.environ.get(TOKEN, "") if token is None else token
        if self._token and parts.scheme != "https" and not here:
            raise PreflightError(
                f"{TOKEN} would go to {parts.hostname} over http://, unencrypted, so nothing is asked there",
                hint="--prometheus https://…, or unset the variable",
            )
        if not self._token.isprintable() or not self._token.isascii():
            raise PreflightError(f"{TOKEN} holds what is in no token", hint="is a line's end in it?")
        self._url = f"{url.rstrip('/')}/api/v1/query"
        self._where = f"{parts.scheme}://{parts.netloc}"
        self._opener = _opener(direct=here)

    def ask(self, query: str) -> dict[str, Any]:
        """The answer to an instant query.

        Raises:
            QueryError: there is none, or none that can be read.
        """
        body = urlencode({"query": query, "timeout": f"{_WITHIN_S:g}s"}).encode()
        request = Request(self._url, data=body, method="POST")  # noqa: S310 - its scheme was looked at
        request.add_header("Accept", "application/json")
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            status, text = self._answer(request)
        except URLError as exc:
            raise QueryError(f"{self._where} cannot be asked: {exc.reason}") from exc
        except (OSError, HTTPException, ValueError) as exc:
            raise QueryError(f"{self._where} cannot be asked: {exc or type(exc).__name__}") from exc
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise QueryError(f"{self._where} answered {status}, and not in JSON") from exc
        if not isinstance(found, dict) or (status != _OK and found.get("status") != "error"):
            raise QueryError(f"{self._where} answered {status}, and not as Prometheus does")
        return found

    def _answer(self, request: Request) -> tuple[int, bytes]:
        deadline_s = time.monotonic() + _WITHIN_S
        found = bytearray()
        with self._open(request) as response:
            while chunk := response.read1(_CHUNK_BYTES):
                found += chunk
                if len(found) > _MOST_BYTES:
                    raise QueryError(f"{self._where} answered with more than {_MOST_BYTES} bytes; aggregate the query")
                if time.monotonic() > deadline_s:
                    raise QueryError(f"{self._where} had not answered after {_WITHIN_S:g} s")
            return int(response.status), bytes(found)

    def _open(self, request: Request) -> Any:
        """The response, whatever its status: what is wrong with a query stands in its body."""
        try:
            return self._opener.open(request, timeout=_WITHIN_S)
        except HTTPError as exc:
            return exc


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


def _opener(*, direct: bool) -> OpenerDirector:
    """Through the proxy that the environment names, unless it is this machine."""
    return build_opener(_NoRedirect(), HTTPSHandler(), *([ProxyHandler({})] if direct else []))
