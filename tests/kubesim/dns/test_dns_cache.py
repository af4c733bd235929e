"""Answers that outlive what they say."""

from __future__ import annotations

import dns.rcode

from kubesim.dns import KUBEADM_COREFILE
from tests.kubesim.dns.dns_lab import ask, dns_lab, records

_LINES_OF_KUBEADM = "      disable success cluster.local\n      disable denial cluster.local\n"
_EVERYTHING_CACHED = KUBEADM_COREFILE.replace(_LINES_OF_KUBEADM, "")
_ENDPOINTS = """
{kind: Namespace, metadata: {name: default}}
---
{kind: Service, metadata: {name: web, namespace: default}, spec: {clusterIP: None, ports: [{name: web, port: 80}]}}
---
kind: EndpointSlice
metadata: {name: web-x, namespace: default, labels: {kubernetes.io/service-name: web}}
ports: [{name: web, port: 80, protocol: TCP}]
endpoints: [{addresses: [10.244.1.5], hostname: web-0}]
"""
_NAME = "web-0.web.default.svc.cluster.local"
_REVERSE = "5.1.244.10.in-addr.arpa"


def test_under_kubeadms_corefile_a_reverse_name_lives_on_for_thirty_seconds() -> None:
    """Seen on a real cluster: kubeadm keeps cluster.local out of the cache, but not in-addr.arpa."""
    with dns_lab() as lab:
        lab.add(_ENDPOINTS)
        server = lab.replica()
        lab.run(1)
        assert ask(server, _REVERSE, "PTR").answer[0].ttl == 30
        lab.store.remove("EndpointSlice", "default", "web-x")
        lab.run(1.5)
        assert ask(server, _NAME).rcode() == dns.rcode.NXDOMAIN
        assert ask(server, _REVERSE, "PTR").answer[0].ttl == 29
        lab.run(28.4)
        assert ask(server, _REVERSE, "PTR").answer[0].ttl == 1
        lab.run(0.2)
        assert ask(server, _REVERSE, "PTR").rcode() == dns.rcode.NXDOMAIN


def test_a_reverse_name_that_is_asked_for_too_early_stays_denied_for_thirty_seconds() -> None:
    """Seen on a real cluster: the question goes on to the resolver outside, whose denial is kept."""
    with dns_lab() as lab:
        server = lab.replica()
        denial = ask(server, _REVERSE, "PTR")
        assert (denial.rcode(), denial.authority[0].ttl) == (dns.rcode.NXDOMAIN, 30)
        lab.add(_ENDPOINTS)
        lab.run(10.5)
        assert records(server, _NAME) == ["10.244.1.5"]
        denial = ask(server, _REVERSE, "PTR")
        assert (denial.rcode(), denial.authority[0].ttl) == (dns.rcode.NXDOMAIN, 20)
        lab.run(20)
        assert records(server, _REVERSE, "PTR") == [f"{_NAME}."]


def test_with_a_full_cache_a_denial_hides_the_new_record_until_it_expires() -> None:
    with dns_lab() as lab:
        lab.corefile(_EVERYTHING_CACHED)
        server = lab.replica()
        assert ask(server, _NAME).rcode() == dns.rcode.NXDOMAIN
        lab.add(_ENDPOINTS)
        lab.run(29.9)
        denial = ask(server, _NAME)
        assert (denial.rcode(), denial.authority[0].ttl) == (dns.rcode.NXDOMAIN, 1)
        lab.run(0.2)
        assert ask(server, _NAME).answer[0].ttl == 30


def test_a_question_that_was_not_asked_fills_no_cache() -> None:
    with dns_lab() as lab:
        lab.corefile(_EVERYTHING_CACHED)
        server = lab.replica()
        lab.add(_ENDPOINTS)
        lab.run(0.1)
        assert ask(server, _NAME).rcode() == dns.rcode.NOERROR


def test_the_denial_cap_of_the_corefile_holds() -> None:
    with dns_lab() as lab:
        lab.corefile(_EVERYTHING_CACHED.replace("cache 30 {\n", "cache 30 {\n      denial 1000 5\n"))
        server = lab.replica()
        assert ask(server, _NAME).authority[0].ttl == 5
        lab.add(_ENDPOINTS)
        lab.run(5.1)
        assert ask(server, _NAME).rcode() == dns.rcode.NOERROR


def test_an_answer_that_is_kept_is_shuffled_all_the_same() -> None:
    with dns_lab() as lab:
        lab.corefile(_EVERYTHING_CACHED)
        lab.add(_ENDPOINTS.replace("web-0}", "web-0}, {addresses: [10.244.1.6]}"))
        server = lab.replica()
        first = {ask(server, "web.default.svc.cluster.local").answer[0][0].to_text() for _ in range(50)}
        assert first == {"10.244.1.5", "10.244.1.6"}
