"""One question, one answer: how connection probes find an address, as a client without a cache would."""

from __future__ import annotations

import asyncio
import errno

from chaos.model.outcome import TIMEOUT, Outcome
from chaos.probes.answer import DnsQuestion, StrayAnswerError, shared_question
from chaos.probes.dns import DnsView
from chaos.vantage import Vantage

Reply = tuple[Outcome, bytes]  # and the datagram that it was read from


class _Answer:
    __slots__ = ("_future", "_question")

    def __init__(self, question: DnsQuestion, future: asyncio.Future[Reply]) -> None:
        self._question = question
        self._future = future

    def datagram(self, data: bytes) -> None:
        if self._future.done() or data[:2] != b"\0\0":
            return
        try:
            self._future.set_result((self._question.read(data), data))
        except StrayAnswerError:
            return

    def error(self, exc: OSError) -> None:
        if not self._future.done():
            outcome = Outcome(errno.errorcode.get(exc.errno or 0, type(exc).__name__), phase="send")
            self._future.set_result((outcome, b""))


class Resolver:
    """Sends a single query for an absolute name through one view, from a fresh port; never retries.

    Attributes:
        sent: queries sent.
    """

    def __init__(self, vantage: Vantage, view: DnsView, timeout_s: float) -> None:
        self.view = view
        self.sent = 0
        self._vantage = vantage
        self._timeout_s = timeout_s

    async def ask(self, name: str, rtype: str = "A") -> Outcome:
        """The outcome of one query; failures are outcomes too."""
        return (await self._exchange(shared_question(name, rtype)))[0]

    async def locate(self, name: str) -> tuple[Outcome, str]:
        """The same for addresses, and the first one in the order of the answer, which is the one that clients take."""
        question = shared_question(name, "A")
        outcome, data = await self._exchange(question)
        return outcome, question.first_address(data) if outcome.status == "NOERROR" else ""

    async def _exchange(self, question: DnsQuestion) -> Reply:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.sent += 1
        try:
            port = self._vantage.open_udp(self.view.address, self.view.port, _Answer(question, future))
        except OSError as exc:
            return Outcome(errno.errorcode.get(exc.errno or 0, type(exc).__name__), phase="send"), b""
        try:
            port.send(b"\0\0" + question.tail)
            async with asyncio.timeout(self._timeout_s):
                return await future
        except TimeoutError:
            return Outcome(TIMEOUT), b""
        finally:
            port.close()
