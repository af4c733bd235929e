"""Names that are not the cluster's go on to a resolver outside, where the Corefile says so."""

from __future__ import annotations

import dns.rcode
import pytest

from kubesim.dns import KUBEADM_COREFILE
from tests.kubesim.dns.dns_lab import ask, dns_lab, records

_FORWARD = "    forward . /etc/resolv.conf {\n       max_concurrent 1000\n    }\n"
_ALIAS = """
{kind: Namespace, metadata: {name: default}}
---
{kind: Service, metadata: {name: away, namespace: default}, spec: {type: ExternalName, externalName: Example.com}}
"""
_NAME = "away.default.svc.cluster.local"


def test_a_known_name_has_an_address_that_lives_as_long_as_the_cache_allows() -> None:
    with dns_lab() as lab:
        server = lab.replica()
        assert records(server, "example.com") == ["203.0.113.10"]
        lab.run(10.5)
        assert ask(server, "example.com").answer[0].ttl == 20


@pytest.mark.parametrize(
    ("name", "rtype", "rcode", "zone"),
    [
        ("example.com", "AAAA", dns.rcode.NOERROR, "com."),
        ("example.org", "A", dns.rcode.NXDOMAIN, "."),
        ("web", "A", dns.rcode.NXDOMAIN, "."),
    ],
)
def test_what_is_not_there_is_denied_with_the_zone_that_says_so(name: str, rtype: str, rcode: int, zone: str) -> None:
    with dns_lab() as lab:
        answer = ask(lab.replica(), name, rtype)
    assert (answer.rcode(), answer.authority[0].name.to_text(), answer.authority[0].ttl) == (rcode, zone, 30)


def test_an_alias_that_leads_out_of_the_cluster_is_followed() -> None:
    with dns_lab() as lab:
        lab.add(_ALIAS)
        server = lab.replica()
        assert records(server, _NAME) == ["203.0.113.10", "Example.com."]
        assert records(server, _NAME, "CNAME") == ["Example.com."]
        assert records(server, _NAME, "AAAA") == ["Example.com."]
        lab.run(10.5)
        assert [rrset.ttl for rrset in ask(server, _NAME).answer] == [30, 20]


@pytest.mark.parametrize("forward", ["", "    forward . 192.0.2.1\n", "    forward example.org /etc/resolv.conf\n"])
def test_a_name_that_nobody_is_left_to_ask_for_gets_servfail(forward: str) -> None:
    with dns_lab() as lab:
        lab.corefile(KUBEADM_COREFILE.replace(_FORWARD, forward))
        assert ask(lab.replica(), "example.com").rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("forward", ["    forward com /etc/resolv.conf\n", "    forward . 192.0.2.1 172.30.0.1:53\n"])
def test_the_resolver_may_be_named_by_its_address_or_for_a_zone(forward: str) -> None:
    with dns_lab() as lab:
        lab.corefile(KUBEADM_COREFILE.replace(_FORWARD, forward))
        assert records(lab.replica(), "example.com") == ["203.0.113.10"]
