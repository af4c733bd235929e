"""Reading Corefiles."""

from __future__ import annotations

import pytest

from kubesim.dns import KUBEADM_COREFILE, Corefile, CorefileError
from kubesim.dns.corefile import parse
from tests.kubesim.dns.dns_lab import dns_lab

_ZONES = ("cluster.local", "in-addr.arpa", "ip6.arpa")


def test_kubeadms_corefile() -> None:
    assert parse(KUBEADM_COREFILE) == Corefile(
        zones=_ZONES,
        ttl_s=30,
        fallthrough=("in-addr.arpa", "ip6.arpa"),
        forwarded=("",),
        cached=True,
        success_cap_s=30,
        denial_cap_s=30,
        uncached_success=("cluster.local",),
        uncached_denial=("cluster.local",),
        shuffled=True,
        lameduck_s=5.0,
    )


def test_without_a_ttl_the_plugins_own_default_holds() -> None:
    assert parse(KUBEADM_COREFILE.replace("      ttl 30\n", "")).ttl_s == 5


def test_disable_without_zones_means_all() -> None:
    corefile = parse(KUBEADM_COREFILE.replace("disable denial cluster.local", "disable denial"))
    assert corefile.uncached_denial == ("",)


def test_fallthrough_without_zones_means_all() -> None:
    assert parse(KUBEADM_COREFILE.replace("fallthrough in-addr.arpa ip6.arpa", "fallthrough")).fallthrough == ("",)


def test_other_server_blocks_and_comments_are_passed_over() -> None:
    assert parse("example.org:53 {\n  whoami\n}\n# kubernetes {\n" + KUBEADM_COREFILE) == parse(KUBEADM_COREFILE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no server block"),
        (".:53 {\n  errors\n}\n", "no kubernetes plugin"),
        (KUBEADM_COREFILE.rstrip("}\n"), "braces"),
        (KUBEADM_COREFILE + "}\n", "braces"),
        (KUBEADM_COREFILE.replace("insecure", "verified"), "pods verified"),
        (KUBEADM_COREFILE.replace("5s", "soon"), "lameduck 'soon'"),
        (KUBEADM_COREFILE.replace("ttl 30", "ttl thirty"), "ttl thirty"),
        (KUBEADM_COREFILE.replace("ttl 30", "ttl"), "ttl"),
        (KUBEADM_COREFILE.replace("forward . /etc/resolv.conf", "forward ."), "forward ."),
        (KUBEADM_COREFILE + "x.chaos:53 {\n  erratic {\n    delay 3 late\n  }\n}\n", "delay 'late'"),
        (KUBEADM_COREFILE + "x.chaos:53 {\n  erratic {\n    truncate 2\n  }\n}\n", "truncate"),
        (KUBEADM_COREFILE + "x.chaos:53 {\n  erratic {\n    drop half\n  }\n}\n", "drop half"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, message: str) -> None:
    with pytest.raises(CorefileError, match=message):
        parse(text)


@pytest.mark.parametrize("data", [{}, {"data": {}}, {"data": {"other": "x"}}])
def test_a_config_map_without_a_corefile_is_named(data: dict[str, dict[str, str]]) -> None:
    with dns_lab() as lab:
        lab.store.create("ConfigMap", {"metadata": {"name": "coredns", "namespace": "kube-system"}, **data})
        with pytest.raises(CorefileError, match="ConfigMap kube-system/coredns has no key Corefile"):
            lab.replica()
