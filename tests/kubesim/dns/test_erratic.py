"""The erratic plugin in a zone of its own: what it drops, what it delays, and that other zones know nothing of it."""

from __future__ import annotations

import dns.message
import dns.rcode
import pytest

from kubesim.dns import KUBEADM_COREFILE
from kubesim.dns.corefile import parse
from kubesim.dns.erratic import ErraticSettings
from tests.kubesim.dns.dns_lab import dns_lab

ZONE = "x.chaos"


def corefile(*properties: str) -> str:
    lines = "".join(f"        {line}\n" for line in properties)
    body = f"    erratic {{\n{lines}    }}\n" if properties else "    erratic\n"
    return KUBEADM_COREFILE + f"{ZONE}:53 {{\n{body}}}\n"


@pytest.mark.parametrize(
    ("properties", "settings"),
    [
        ((), ErraticSettings(drop=2)),
        (("drop 5",), ErraticSettings(drop=5)),
        (("drop 0",), ErraticSettings(drop=0)),
        (("delay",), ErraticSettings(drop=0, delay=2, delay_s=0.1)),
        (("delay 3 1500ms",), ErraticSettings(drop=0, delay=3, delay_s=1.5)),
        (("delay 3 5ms", "drop 4"), ErraticSettings(drop=4, delay=3, delay_s=0.005)),
    ],
)
def test_properties_mean_what_the_plugin_takes_them_for(properties: tuple[str, ...], settings: ErraticSettings) -> None:
    assert parse(corefile(*properties)).erratic == ((ZONE, settings),)


def responses(text: str, name: str, count: int, rtype: str = "A") -> list[tuple[dns.message.Message | None, float]]:
    """What a replica with that Corefile says to so many queries, and by how much it holds each answer back."""
    with dns_lab() as lab:
        lab.corefile(text)
        server = lab.replica()
        found = [server.respond(dns.message.make_query(name, rtype, id=7).to_wire()) for _ in range(count)]
        return [(None if data is None else dns.message.from_wire(data), late_s) for data, late_s in found]


def test_one_in_so_many_queries_gets_no_answer_the_first_among_them() -> None:
    found = responses(corefile("drop 3"), f"app.{ZONE}.", 7)
    assert [answer is None for answer, _ in found] == [True, False, False, True, False, False, True]


def test_one_in_so_many_answers_is_late_and_none_is_dropped() -> None:
    found = responses(corefile("delay 3 1500ms"), f"app.{ZONE}.", 4)
    assert [late_s for _, late_s in found] == [1.5, 0.0, 0.0, 1.5]
    assert all(answer is not None for answer, _ in found)


@pytest.mark.parametrize(("rtype", "data"), [("A", "192.0.2.53"), ("AAAA", "2001:db8::53")])
def test_every_name_of_the_zone_has_the_plugins_own_address_with_ttl_0(rtype: str, data: str) -> None:
    ((answer, _),) = responses(corefile("drop 0"), f"any.thing.{ZONE}.", 1, rtype)
    assert answer is not None
    (rrset,) = answer.answer
    assert (rrset.ttl, rrset[0].to_text()) == (0, data)


def test_other_types_are_servfail() -> None:
    ((answer, _),) = responses(corefile("drop 0"), f"app.{ZONE}.", 1, "TXT")
    assert answer is not None
    assert answer.rcode() == dns.rcode.SERVFAIL


def test_other_zones_are_answered_as_ever() -> None:
    name = "kube-dns.kube-system.svc.cluster.local."
    assert responses(corefile("drop 1"), name, 3) == responses(KUBEADM_COREFILE, name, 3)
