"""Asks over TCP what did not fit into a datagram (RFC 7766)."""

from __future__ import annotations

import asyncio

from chaos.model.outcome import EOF, TIMEOUT, TRUNCATED, Outcome
from chaos.probes.answer import DnsQuestion, StrayAnswerError
from chaos.probes.http import os_error_name
from chaos.probes.reading import AnswerContent
from chaos.probes.view import DnsView
from chaos.vantage import Vantage

_LENGTH_BYTES = 2


async def ask_over_tcp(vantage: Vantage, view: DnsView, question: DnsQuestion, until_s: float) -> AnswerContent:
    """The answer to a question whose answer over UDP was truncated.

    What this fails with says no more of the record than the truncated answer did: it is the detail of a `TRUNCATED`.

    Args:
        vantage: how the server is reached.
        view: the one that truncated its answer.
        question: asked again, with an id of its own.
        until_s: gives up at this instant of the event loop's clock.
    """
    try:
        async with asyncio.timeout_at(until_s):
            found = await _exchange(vantage, view, question)
    except TimeoutError as exc:
        return _failed(os_error_name(exc) if exc.errno else TIMEOUT)
    except OSError as exc:
        return _failed(os_error_name(exc))
    except EOFError:
        return _failed(EOF)
    except StrayAnswerError as exc:
        return _failed(str(exc))
    return _failed("truncated too") if found[0].status == TRUNCATED else found


def _failed(why: str) -> AnswerContent:
    return Outcome(TRUNCATED, detail=f"the answer did not fit into a UDP datagram, and over TCP: {why}"), ""


async def _exchange(vantage: Vantage, view: DnsView, question: DnsQuestion) -> AnswerContent:
    transport = await vantage.open_tcp(_OneAnswer, view.address, view.port)
    try:
        waiting = transport.get_protocol()
        assert isinstance(waiting, _OneAnswer)  # noqa: S101 - the factory's own
        query_id = vantage.random_16_bits().to_bytes(2, "big")
        query = query_id + question.tail
        transport.write(len(query).to_bytes(_LENGTH_BYTES, "big") + query)
        data = await waiting.message
    finally:
        transport.abort()
    if data[:2] != query_id:
        raise StrayAnswerError("it answers another query")
    return question.read_first(data)


class _OneAnswer(asyncio.Protocol):
    """Collects one message behind its length.

    Attributes:
        message: its bytes; EOFError or an OSError where the connection ended before it was whole.
    """

    def __init__(self) -> None:
        self.message: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._data = bytearray()

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = _LENGTH_BYTES + int.from_bytes(self._data[:_LENGTH_BYTES], "big")
        if _LENGTH_BYTES <= len(self._data) >= end and not self.message.done():
            self.message.set_result(bytes(self._data[_LENGTH_BYTES:end]))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.message.done():
            self.message.set_exception(exc if isinstance(exc, OSError) else EOFError())
            self.message.exception()  # nobody may be waiting any more
