"""Lifetimes of answers, as CoreDNS reads its Corefile."""

from __future__ import annotations

import pytest

from chaos.analysis.corefile import Caching, caching

KUBEADM = """
.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
}
"""
OLDER = KUBEADM.replace("       disable success cluster.local\n       disable denial cluster.local\n", "")


@pytest.mark.parametrize(
    ("corefile", "domain", "expected"),
    [
        (KUBEADM, "cluster.local", Caching(30, 0, 0)),
        (KUBEADM, "corp.example", Caching(30, 30, 30)),  # it is switched off for another zone
        (OLDER, "cluster.local", Caching(30, 30, 30)),
        (OLDER.replace("       ttl 30\n", ""), "cluster.local", Caching(5, 5, 5)),
        (OLDER.replace("cache 30 {", "cache 30 {\n denial 9984 10"), "cluster.local", Caching(30, 30, 10)),
        (OLDER.replace("cache 30 {", "cache {\n disable denial"), "cluster.local", Caching(30, 30, 0)),
        (".:53 {\n kubernetes cluster.local\n cache 60\n}", "cluster.local", Caching(5, 5, 5)),
        (".:53 {\n kubernetes cluster.local # { ttl 9\n}", "cluster.local", Caching(5, 0, 0)),
        (".:53 {\n forward . 1.1.1.1\n}", "cluster.local", None),
        ("", "cluster.local", None),
    ],
)
def test_lifetimes(corefile: str, domain: str, expected: Caching | None) -> None:
    assert caching(corefile, domain) == expected
