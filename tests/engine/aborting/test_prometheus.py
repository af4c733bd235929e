"""Queries of Prometheus: what holds, and what is no answer."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError

import pytest

from chaos.engine.aborting import prometheus
from chaos.engine.aborting.condition import Seen
from chaos.engine.aborting.prometheus import Prometheus, Query, QueryError, judged
from chaos.errors import PreflightError
from chaos.options.conditions import QueryCondition
from kubesim import run_virtual

TOKEN = "s3cr3t-t0ken"


def document(kind: str, result: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


class Server(ThreadingHTTPServer):
    """Answers each request with what it was last told to."""

    status = 200
    body = b""
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def says(self, body: Any, status: int = 200, *headers: tuple[str, str]) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.headers = status, headers


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, body, self.headers.get("Authorization", "")))
        self.send_response(self.server.status)
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST  # noqa: N815 - as http.server calls it

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def server(running: Server) -> Server:
    running.asked.clear()
    return running


def test_a_series_holds_as_in_an_alert_and_so_does_a_number_that_is_not_zero() -> None:
    assert judged(document("vector", [])) == Seen(False, "no series")
    series = [{"metric": {"job": "api"}, "value": [1.0, "0"]}, {"metric": {}, "value": [1.0, "7"]}]
    assert judged(document("vector", series)) == Seen(True, "{job=api} 0, and 1 more series")
    assert judged(document("scalar", [1.0, "0"])) == Seen(False, "0")
    assert judged(document("scalar", [1.0, "2.5"])) == Seen(True, "2.5")
    assert judged(document("scalar", [1.0, "+Inf"])).holds


@pytest.mark.parametrize(
    "answer",
    [
        {},
        document("matrix", []),
        document("string", [1.0, "x"]),
        document("vector", None),
        document("vector", [3]),
        document("vector", [{"metric": {}, "value": [1.0]}]),
        document("scalar", [1.0, "NaN"]),
        document("scalar", []),
        document("scalar", [1.0, 10**400]),
        {"status": "success", "data": []},
        {"status": "error", "errorType": "bad_data", "error": "parse error"},
    ],
)
def test_what_says_neither_is_no_answer(answer: dict[str, Any]) -> None:
    with pytest.raises(QueryError):
        judged(answer)


def test_it_asks_with_the_token_of_the_variable_and_what_terminals_obey_reaches_none(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(prometheus.TOKEN, TOKEN)
    server.says(document("vector", [{"metric": {"job": "\x1b[2J"}, "value": [1.0, "1"]}]))
    query = Query(QueryCondition("prometheus: up == 0", "up == 0"), Prometheus(f"{server.url}/").ask)
    seen = run_virtual(query.look())
    assert seen.holds
    assert "\x1b" not in seen.value
    assert server.asked == [("/api/v1/query", "query=up+%3D%3D+0&timeout=5s", f"Bearer {TOKEN}")]


def test_a_token_goes_nowhere_in_the_clear_but_to_this_machine() -> None:
    with pytest.raises(PreflightError, match="unencrypted") as caught:
        Prometheus("http://prometheus.example:9090", TOKEN)
    assert TOKEN not in str(caught.value)
    Prometheus("http://prometheus.example:9090", "")
    Prometheus("https://prometheus.example", TOKEN)
    with pytest.raises(PreflightError, match="holds what is in no token"):
        Prometheus("https://prometheus.example", f"{TOKEN}\n")


def test_a_redirection_is_not_followed_since_the_token_would_go_along(server: Server) -> None:
    server.says(b"", 302, ("Location", f"{server.url}/elsewhere"))
    with pytest.raises(QueryError, match="answered 302"):
        Prometheus(server.url, TOKEN).ask("up")
    assert [path for path, _, _ in server.asked] == ["/api/v1/query"]


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"<html>", 200, "not in JSON"),
        ([1], 200, "not as Prometheus does"),
        ({"status": "success"}, 503, "answered 503"),
        (b"[" * 100_000, 200, "not in JSON"),
        (b" " * ((1 << 20) + 1), 200, "more than 1048576 bytes"),
    ],
    ids=["html", "list", "proxy", "deep", "large"],
)
def test_what_is_no_answer_of_prometheus_is_unknown(server: Server, body: Any, status: int, why: str) -> None:
    server.says(body, status)
    with pytest.raises(QueryError, match=why):
        Prometheus(server.url, "").ask("up")


class _Broken(io.BytesIO):
    def read1(self, _size: int | None = -1, /) -> bytes:
        raise ConnectionResetError(104, "Connection reset by peer")


def test_an_answer_that_breaks_off_in_an_error_is_none_and_ends_nothing_else() -> None:
    asked = Prometheus("http://127.0.0.1:1", "")

    class Opener:
        def open(self, *_: Any, **__: Any) -> None:
            raise HTTPError("http://127.0.0.1:1", 503, "busy", Message(), _Broken())

    asked._opener = Opener()  # type: ignore[assignment]
    with pytest.raises(QueryError, match="Connection reset by peer"):
        asked.ask("up")


def test_one_that_never_comes_to_an_end_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it does, such as a byte of a header now and then: a look that never ends would never be unknown."""
    monkeypatch.setattr(prometheus, "_ENDED_AFTER_S", 0.01)
    over = threading.Event()

    def ask(_query: str) -> dict[str, Any]:
        over.wait()
        return {}

    try:
        seen = run_virtual(Query(QueryCondition("prometheus: up", "up"), ask).look())
    finally:
        over.set()
    assert seen == Seen(None, "Prometheus had not answered after 0.01 s")


def test_one_that_cannot_be_reached_or_refuses_the_query_ends_the_run_before_it_begins(server: Server) -> None:
    """Port 1 of this machine: nobody listens."""
    said = QueryCondition("prometheus: up ==", "up ==")
    with pytest.raises(PreflightError, match="cannot be asked") as caught:
        run_virtual(Query(said, Prometheus("http://127.0.0.1:1", "").ask).check())
    assert "--prometheus" in caught.value.hint
    server.says({"status": "error", "errorType": "bad_data", "error": "parse error: unexpected end"}, 400)
    with pytest.raises(PreflightError, match="parse error: unexpected end"):
        run_virtual(Query(said, Prometheus(server.url, "").ask).check())
