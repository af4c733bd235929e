"""DNS questions encoded once, and answers read only when their bytes are new."""

from __future__ import annotations

from functools import lru_cache

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from chaos.model.outcome import TRUNCATED, Outcome
from chaos.probes.reading import AnswerContent, read_records, unfit
from chaos.probes.wire import CD, HEADER_BYTES, OPCODE, QR, RCODE, RD, TC, WireError, Z, read_message

# Room for the SRV records of a service with some 30 endpoints and ports: six Redis members with two ports need 1,459
# bytes. DNS flag day 2020 recommends 1232 against fragments that get lost on the Internet; inside a cluster's network a
# lost one becomes a TIMEOUT where the smaller size costs a connection for each sample.
_EDNS_PAYLOAD_BYTES = 4096
# TTLs that count down and shuffled addresses make many forms of one answer; a bound keeps memory flat.
_MEMO_LIMIT = 1024
_QUESTIONS_KEPT = 4096
# A server that cannot read a question need not repeat it.
_WITHOUT_QUESTION = frozenset({dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED})

_TRUNCATED: AnswerContent = (Outcome(TRUNCATED, detail="the answer did not fit into a UDP datagram"), "")


class StrayAnswerError(ValueError):
    """The datagram is not an answer to this question."""


class DnsQuestion:
    """One absolute name and type, encoded once.

    Args:
        name: absolute, without the final dot. No search path is ever applied.
        rtype: ``A``, ``SRV``, ``PTR``, ``TXT`` or another type of record.

    Raises:
        ValueError: the name or type cannot be encoded.
    """

    def __init__(self, name: str, rtype: str) -> None:
        self.name = name
        self.rtype = rtype
        try:
            qname = dns.name.from_text(name.rstrip(".") + ".")
            rdtype = dns.rdatatype.from_text(rtype)
        except dns.exception.DNSException as exc:
            raise ValueError(f"{rtype} {name} is no DNS question: {exc}") from exc
        query = dns.message.make_query(qname, rdtype, use_edns=0, payload=_EDNS_PAYLOAD_BYTES)
        self.tail = query.to_wire()[2:]  # a two-byte id goes before it
        self._qname = qname.to_digestable()
        self._rtype = int(rdtype)
        self._type_and_class = self._rtype.to_bytes(2, "big") + b"\0\1"
        self._memo: dict[bytes, AnswerContent] = {}

    def read(self, data: bytes) -> Outcome:
        """What an answer says. Its id is its reader's to compare: it was drawn for one query.

        Raises:
            StrayAnswerError: it answers another question, or is no answer.
        """
        return (self._memo.get(data[2:]) or self._learn(data))[0]

    def read_first(self, data: bytes) -> AnswerContent:
        """The same, and the value that stands first in it, which is the one that clients take.

        Raises:
            StrayAnswerError: it answers another question, or is no answer.
        """
        return self._memo.get(data[2:]) or self._learn(data)

    def _learn(self, data: bytes) -> AnswerContent:
        found = self._parse(data)
        if len(self._memo) >= _MEMO_LIMIT:
            self._memo.clear()
        self._memo[data[2:]] = found
        return found

    def _parse(self, data: bytes) -> AnswerContent:
        """Judge the header and the question first: only what answers this question is worth a sample."""
        if len(data) < HEADER_BYTES:
            raise StrayAnswerError("it is shorter than a header")
        flags = data[2] << 8 | data[3]
        if flags & (QR | OPCODE) != QR:
            raise StrayAnswerError("it is no answer to a query")
        end = self._end_of_question(data, flags)
        if flags & (RD | CD | Z) != RD:
            return unfit("its flags are not those of the question"), ""
        if flags & TC:
            return _TRUNCATED
        try:
            return read_records(read_message(data, end), self._qname, self._rtype)
        except WireError as exc:
            return unfit(str(exc)), ""

    def _end_of_question(self, data: bytes, flags: int) -> int:
        """Where the one question ends, which must be ours.

        Raises:
            StrayAnswerError: it is another one, or there are more.
        """
        questions = data[4] << 8 | data[5]
        if not questions and flags & RCODE in _WITHOUT_QUESTION:
            return HEADER_BYTES
        name_end = HEADER_BYTES + len(self._qname)
        end = name_end + len(self._type_and_class)
        asked = data[HEADER_BYTES:name_end].lower() == self._qname and data[name_end:end] == self._type_and_class
        if questions != 1 or not asked:
            raise StrayAnswerError("it answers another question")
        return end


@lru_cache(maxsize=_QUESTIONS_KEPT)
def shared_question(name: str, rtype: str) -> DnsQuestion:
    """One question for all views and vantages that ask it: what was encoded and read once is known to all.

    Raises:
        ValueError: the name or type cannot be encoded.
    """
    return DnsQuestion(name, rtype)
