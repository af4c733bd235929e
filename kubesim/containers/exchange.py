"""Questions of one program to one DNS server: all sent at once from one port, repeated where nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

from kubesim.containers.inside import Inside

_PORT = 53
_FIRST_ID = 1


@dataclass(slots=True)
class Question:
    """One question and, later, its answer.

    Attributes:
        name: absolute, without the final dot.
        rtype: such as ``A``.
        answer: None while there is none.
    """

    name: str
    rtype: str
    answer: dns.message.Message | None = None

    @property
    def rcode(self) -> int | None:
        """Of the answer; None where none came."""
        return None if self.answer is None else int(self.answer.rcode())


class Exchange:
    """Asks one server.

    Args:
        servfail_retries: how many SERVFAIL answers are met with the same question at once.
        servfail_is_final: whether a SERVFAIL beyond those is an answer; else it is overlooked, as musl does.
        heard: called with each question when its answer is taken.
    """

    def __init__(
        self,
        inside: Inside,
        server: str,
        questions: Sequence[Question],
        *,
        servfail_retries: int = 0,
        servfail_is_final: bool = True,
        heard: Callable[[Question], None] = lambda _: None,
    ) -> None:
        self._questions = list(questions)
        self._retries = servfail_retries
        self._servfail_is_final = servfail_is_final
        self._heard = heard
        self._done = asyncio.Event()
        self._refused: OSError | None = None
        self._wires = [_query(question, _FIRST_ID + number) for number, question in enumerate(self._questions)]
        self._port = inside.open_udp(server, _PORT, self)

    async def run(self, every_s: float, times: int) -> bool:
        """Send what has no answer, so many times; whether all were answered.

        Raises:
            OSError: the server's port is closed.
        """
        try:
            for _ in range(times):
                for question, wire in zip(self._questions, self._wires, strict=True):
                    if question.answer is None:
                        self._port.send(wire)
                if await self._wait(every_s):
                    break
        finally:
            self._port.close()
        if self._refused is not None:
            raise self._refused
        return all(question.answer is not None for question in self._questions)

    async def _wait(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._done.wait()
        except TimeoutError:
            return False
        return True

    def datagram(self, data: bytes) -> None:
        """One answer."""
        try:
            message = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return
        number = message.id - _FIRST_ID
        if not 0 <= number < len(self._questions) or self._questions[number].answer is not None:
            return
        if message.rcode() == dns.rcode.SERVFAIL:
            if self._retries:
                self._retries -= 1
                self._port.send(self._wires[number])
                return
            if not self._servfail_is_final:
                return
        self._questions[number].answer = message
        self._heard(self._questions[number])
        if all(question.answer is not None for question in self._questions):
            self._done.set()

    def error(self, exc: OSError) -> None:
        """ICMP port unreachable."""
        self._refused = exc
        self._done.set()


def _query(question: Question, number: int) -> bytes:
    return dns.message.make_query(f"{question.name.rstrip('.')}.", question.rtype, id=number, use_edns=False).to_wire()
