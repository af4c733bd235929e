"""What counts as an answer: each way in which one may be another's, and says nothing of the question then."""

from __future__ import annotations

import struct

import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from chaos.probes import DnsQuestion
from chaos.probes.answer import StrayAnswerError

NAME = "web-1.web.ns.svc.cluster.local"
WEB = "web.ns.svc.cluster.local"
SOA = "cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 30"
ADDRESS = f"{NAME}. 30 IN A 10.244.1.7"


def message(
    *answers: str, name: str = NAME, rtype: str = "A", rcode: int = 0, authority: str = "", additional: str = ""
) -> bytes:
    """An answer with these records, each in a line."""
    response = dns.message.make_response(dns.message.make_query(name + ".", rtype, use_edns=0, payload=4096))
    response.set_rcode(rcode)  # type: ignore[arg-type]  # rcodes are numbers
    sections = ((response.answer, answers), (response.authority, (authority,)), (response.additional, (additional,)))
    for section, lines in sections:
        section.extend(dns.rrset.from_text(*_words(line)) for line in lines if line)
    return response.to_wire()


def _words(line: str) -> tuple[str, int, str, str, str]:
    owner, ttl, rclass, rtype, data = line.split(" ", 4)
    return owner, int(ttl), rclass, rtype, data


def read(data: bytes, name: str = NAME, rtype: str = "A") -> str:
    """The status that an answer gets, ``stray`` where it is none."""
    try:
        return DnsQuestion(name, rtype).read(data).status
    except StrayAnswerError:
        return "stray"


def patched(data: bytes, at: int, form: str, *values: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, at, *values)
    return bytes(changed)


RIGHT = message(ADDRESS)
FLAGS = int.from_bytes(RIGHT[2:4], "big")
QUESTION = RIGHT[12 : 12 + len(NAME) + 2 + 4]
ANSWER = 12 + len(QUESTION)  # where the answer's record begins


def test_the_right_answer_counts_and_so_does_one_in_other_case() -> None:
    assert read(RIGHT) == "NOERROR"
    assert read(RIGHT.upper()[:2] + RIGHT[2:12] + QUESTION.replace(b"web", b"WEB") + RIGHT[ANSWER:]) == "NOERROR"


STRAY = {
    "a query": patched(RIGHT, 2, "!H", FLAGS & ~0x8000),
    "opcode NOTIFY": patched(RIGHT, 2, "!H", FLAGS | 4 << 11),
    "no question": patched(RIGHT[:12] + RIGHT[ANSWER:], 4, "!H", 0),
    "no question, and a denial": patched(RIGHT[:12], 2, "!5H", FLAGS | 3, 0, 0, 0, 0),
    "two questions": patched(RIGHT[:ANSWER] + QUESTION + RIGHT[ANSWER:], 4, "!H", 2),
    "another name": message(ADDRESS, name="web-2.web.ns.svc.cluster.local"),
    "another type": patched(RIGHT, ANSWER - 4, "!H", 28),
    "another class": patched(RIGHT, ANSWER - 2, "!H", 3),
    "a header cut off": RIGHT[:11],
    "a question cut off": RIGHT[: ANSWER - 1],
}


@pytest.mark.parametrize("what", STRAY)
def test_what_answers_another_question_is_stray(what: str) -> None:
    assert read(STRAY[what]) == "stray"


@pytest.mark.parametrize(
    "answers",
    [
        (f"{NAME}. 30 CH A ns. 1",),
        ("web-2.web.ns.svc.cluster.local. 30 IN A 10.244.1.7",),
        (ADDRESS, "web-2.web.ns.svc.cluster.local. 30 IN A 10.244.1.8"),
        (f"{NAME}. 30 IN AAAA fd00::7",),
        (ADDRESS, f"{NAME}. 30 IN TXT hello"),
        ("other. 30 IN CNAME alias.", "alias. 30 IN A 10.244.1.7"),
        (f"{NAME}. 30 IN CNAME alias.", "another. 30 IN A 10.244.1.7"),
        (f"{NAME}. 30 IN CNAME alias.", ADDRESS),
        (f"{NAME}. 30 IN CNAME {NAME}.", ADDRESS),
        (f"{NAME}. 30 IN CNAME alias.", f"alias. 30 IN CNAME {NAME}."),
    ],
)
def test_records_that_do_not_belong_to_the_question_are_neither_its_answer_nor_a_denial(
    answers: tuple[str, ...],
) -> None:
    assert read(message(*answers)) == "MALFORMED"


def test_a_record_of_another_class_does_not_raise() -> None:
    """It once ended a run: dnspython gives such records no addresses and no targets."""
    target = message(f"{WEB}. 30 IN SRV 0 100 80 {NAME}.", name=WEB, rtype="SRV")
    at = target.index(struct.pack("!HHI", 33, 1, 30))
    assert read(patched(target, at + 2, "!H", 3), WEB, "SRV") == "MALFORMED"
    beside = message(f"{WEB}. 30 IN SRV 0 100 80 {NAME}.", name=WEB, rtype="SRV", additional=ADDRESS)
    at = beside.index(struct.pack("!HHI", 1, 1, 30))
    assert read(beside, WEB, "SRV") == "NOERROR"
    assert read(patched(beside, at + 2, "!H", 3), WEB, "SRV") == "MALFORMED"


@pytest.mark.parametrize(
    "beside", [f"web-2.{WEB}. 30 IN A 10.244.1.8", f"{WEB}. 30 IN SRV 0 100 81 {NAME}.", f"{NAME}. 30 IN TXT hello"]
)
def test_what_stands_beside_srv_records_are_their_targets_addresses(beside: str) -> None:
    srv = f"{WEB}. 30 IN SRV 0 100 80 {NAME}."
    assert read(message(srv, name=WEB, rtype="SRV", additional=beside), WEB, "SRV") == "MALFORMED"


def test_aliases_that_lead_to_the_addresses_count_in_any_order_and_live_as_long_as_the_shortest() -> None:
    lines = (f"{NAME}. 7 IN CNAME a.", "a. 9 IN CNAME b.", "b. 30 IN A 10.244.1.7")
    for order in (lines, lines[::-1]):
        found = DnsQuestion(NAME, "A").read(message(*order))
        assert (found.status, found.values, found.ttl) == ("NOERROR", ("10.244.1.7",), 7)


@pytest.mark.parametrize("rcode", [0, 3])
@pytest.mark.parametrize(
    ("authority", "counts"),
    [
        (SOA, True),
        ("", True),
        (SOA.replace("cluster.local. 30", "example. 30", 1), False),
        (f"x.{NAME}. {SOA.partition(' ')[2]}", False),
        ("cluster.local. 30 IN NS ns.dns.cluster.local.", False),
    ],
)
def test_a_denial_comes_from_the_names_own_zone(rcode: int, authority: str, counts: bool) -> None:
    expected = ("NXDOMAIN" if rcode else "NODATA") if counts else "MALFORMED"
    assert read(message(rcode=rcode, authority=authority)) == expected


def test_a_name_that_is_denied_and_answered_at_once_says_nothing() -> None:
    assert read(message(ADDRESS, rcode=3)) == "MALFORMED"
    assert read(message(f"{NAME}. 30 IN CNAME gone.", rcode=3)) == "NXDOMAIN"


def test_the_upper_bits_of_the_rcode_count_too() -> None:
    assert read(patched(RIGHT, len(RIGHT) - 6, "!B", 1)) == "BADVERS"


@pytest.mark.parametrize("flag", [0x0100, 0x0040, 0x0010])
def test_flags_that_a_server_copies_are_those_of_the_question(flag: int) -> None:
    assert read(patched(RIGHT, 2, "!H", FLAGS ^ flag)) == "MALFORMED"


@pytest.mark.parametrize("rcode", [1, 2, 4, 5])
def test_a_server_that_could_not_read_the_question_need_not_repeat_it(rcode: int) -> None:
    assert read(patched(RIGHT[:12], 2, "!5H", FLAGS | rcode, 0, 0, 0, 0)) in {
        "FORMERR",
        "SERVFAIL",
        "NOTIMP",
        "REFUSED",
    }


DAMAGED = {
    "a pointer to itself": patched(RIGHT, ANSWER, "!H", 0xC000 | ANSWER),
    "a pointer forwards": patched(RIGHT, ANSWER, "!H", 0xC000 | ANSWER + 2),
    "a label of an unknown type": patched(RIGHT, ANSWER, "!B", 0x80),
    "data longer than an address": patched(RIGHT, ANSWER + 10, "!H", 5),
    "data shorter than an address": patched(RIGHT, ANSWER + 10, "!H", 3),
    "more records than there are": patched(RIGHT, 6, "!H", 9),
    "fewer records than there are": patched(RIGHT, 6, "!H", 0),
    "appended bytes": RIGHT + b"\0",
    "a byte less": RIGHT[:-1],
}


@pytest.mark.parametrize("what", DAMAGED)
def test_bytes_that_are_no_message_are_malformed(what: str) -> None:
    assert read(DAMAGED[what]) == "MALFORMED"


def test_a_name_does_not_run_into_itself() -> None:
    """One of a million did: a pointer to bytes just before the name, read as a label that ends behind its beginning."""
    found = bytes.fromhex(
        "90408103000100010001000104676f6e65026e730373766307636c7573746572056c6f63616c0000010001c00c000500010000001e0012"
        "04676f6e65076578616d706c65036f726700c03c000600010000001e002a026e7303646e73c0180a686f73746d6173746572c054692767"
        "3000001c2000000708000151800000001e0000292000000000000000"
    )
    assert read(found, "gone.ns.svc.cluster.local") == "MALFORMED"


def test_a_ttl_of_more_than_31_bits_is_zero() -> None:
    found = DnsQuestion(NAME, "A").read(patched(RIGHT, ANSWER + 6, "!I", 1 << 31))
    assert (found.values, found.ttl) == (("10.244.1.7",), 0)


def test_the_port_of_an_srv_record_is_part_of_the_outcome() -> None:
    question = DnsQuestion(WEB, "SRV")
    first, second = (
        question.read(message(f"{WEB}. 30 IN SRV 0 100 {port} {NAME}.", name=WEB, rtype="SRV")) for port in (80, 81)
    )
    assert first != second
    assert (first.values, first.srv) == ((NAME,), (f"0 100 80 {NAME}",))


def test_names_in_an_answer_are_told_in_lower_case() -> None:
    found = DnsQuestion(WEB, "SRV").read(
        message(f"{WEB}. 30 IN SRV 0 100 80 Web-1.WEB.ns.svc.cluster.local.", name=WEB, rtype="SRV", additional=ADDRESS)
    )
    assert (found.values, found.additional) == ((NAME,), (f"{NAME}=10.244.1.7",))
