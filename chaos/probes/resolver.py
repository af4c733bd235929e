"""One question, one answer: how connection probes find an address, as a client without a cache would."""

from __future__ import annotations

import asyncio

from chaos.model.outcome import TIMEOUT, TRUNCATED, Outcome
from chaos.probes.answer import DnsQuestion, StrayAnswerError, shared_question
from chaos.probes.http import os_error_name
from chaos.probes.over_tcp import ask_over_tcp
from chaos.probes.reading import AnswerContent
from chaos.probes.view import DnsView
from chaos.vantage import Vantage


class _PendingAnswer:
    """Waits for one answer."""

    __slots__ = ("_question", "future", "query_id", "stray")

    def __init__(self, question: DnsQuestion, query_id: bytes) -> None:
        self.future: asyncio.Future[AnswerContent] = asyncio.get_running_loop().create_future()
        self.query_id = query_id
        self.stray = 0
        self._question = question

    def datagram(self, data: bytes) -> None:
        if self.future.done() or data[:2] != self.query_id:
            self.stray += 1
            return
        try:
            self.future.set_result(self._question.read_first(data))
        except StrayAnswerError:
            self.stray += 1

    def error(self, exc: OSError) -> None:
        if not self.future.done():
            self.future.set_result(_refused(exc))


class Resolver:
    """Sends a single query for an absolute name through one view, from a fresh port; never retries.

    Only an answer that was truncated is asked for again, over TCP, in the same time.

    Attributes:
        sent: queries sent.
        over_tcp: how many of them went over TCP.
        stray: datagrams that did not answer the question.
    """

    def __init__(self, vantage: Vantage, view: DnsView, timeout_s: float) -> None:
        self.view = view
        self.sent = 0
        self.over_tcp = 0
        self.stray = 0
        self._vantage = vantage
        self._timeout_s = timeout_s

    async def ask(self, name: str, rtype: str = "A") -> Outcome:
        """The outcome of one query; failures are outcomes too."""
        return (await self._exchange(shared_question(name, rtype)))[0]

    async def locate(self, name: str) -> AnswerContent:
        """The same for addresses, and the first one in the order of the answer, which is the one that clients take."""
        return await self._exchange(shared_question(name, "A"))

    async def _exchange(self, question: DnsQuestion) -> AnswerContent:
        until_s = asyncio.get_running_loop().time() + self._timeout_s
        found = await self._over_udp(question, until_s)
        if found[0].status != TRUNCATED:
            return found
        self.sent += 1
        self.over_tcp += 1
        return await ask_over_tcp(self._vantage, self.view, question, until_s)

    async def _over_udp(self, question: DnsQuestion, until_s: float) -> AnswerContent:
        answer = _PendingAnswer(question, self._vantage.random_16_bits().to_bytes(2, "big"))
        self.sent += 1
        try:
            port = self._vantage.open_udp(self.view.address, self.view.port, answer)
        except OSError as exc:
            return _refused(exc)
        try:
            port.send(answer.query_id + question.tail)
            async with asyncio.timeout_at(until_s):
                return await answer.future
        except TimeoutError:
            return Outcome(TIMEOUT), ""
        finally:
            port.close()
            self.stray += answer.stray


def _refused(exc: OSError) -> AnswerContent:
    return Outcome(os_error_name(exc), phase="send"), ""
