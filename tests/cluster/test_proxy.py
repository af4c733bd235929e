"""Which proxy is used: as kubectl decides it, and a refusal that names where a wrong one stands."""

from __future__ import annotations

import pytest

import kubesim
from chaos.cluster.address import ClusterAddress
from chaos.cluster.connection import connect
from chaos.cluster.proxy import choose_proxy
from chaos.errors import UsageError
from kubesim import run_virtual

P, Q = "http://p:3128", "http://q:3128"


# What Go 1.26's http.ProxyFromEnvironment answered to each, as host and port ("" for no proxy).
@pytest.mark.parametrize(
    ("server", "environment", "place"),
    [
        ("https://a.b.c", {}, ""),
        ("https://a.b.c", {"HTTPS_PROXY": P}, "p:3128"),
        ("https://a.b.c", {"https_proxy": P}, "p:3128"),
        ("https://a.b.c", {"HTTPS_PROXY": P, "https_proxy": Q}, "p:3128"),
        ("https://a.b.c", {"HTTPS_PROXY": "", "https_proxy": Q}, "q:3128"),
        ("https://a.b.c", {"HTTP_PROXY": P}, ""),
        ("http://a.b.c", {"HTTP_PROXY": P}, "p:3128"),
        ("http://a.b.c", {"http_proxy": P}, "p:3128"),
        ("http://a.b.c", {"HTTPS_PROXY": P}, ""),
        ("https://a.b.c", {"ALL_PROXY": P, "all_proxy": P}, ""),
        ("https://a.b.c", {"HTTPS_PROXY": P, "REQUEST_METHOD": "GET"}, "p:3128"),
        # How a proxy may be written.
        ("https://a.b.c", {"HTTPS_PROXY": "p:3128"}, "p:3128"),
        ("https://a.b.c", {"HTTPS_PROXY": "p.example:3128/"}, "p.example:3128"),
        ("https://a.b.c", {"HTTPS_PROXY": "p"}, "p:80"),
        ("https://a.b.c", {"HTTPS_PROXY": "https://p"}, "p:443"),
        ("https://a.b.c", {"HTTPS_PROXY": "HTTP://p:1"}, "p:1"),
        ("https://a.b.c", {"HTTPS_PROXY": "u:w@p:1"}, "p:1"),
        ("https://a.b.c", {"HTTPS_PROXY": "[fd00::9]:1"}, "[fd00::9]:1"),
        # This machine itself.
        ("https://localhost:6443", {"HTTPS_PROXY": P}, ""),
        ("https://127.9.0.1:6443", {"HTTPS_PROXY": P}, ""),
        ("https://[::1]:6443", {"HTTPS_PROXY": P}, ""),
        ("http://127.0.0.1:1", {"HTTP_PROXY": P}, ""),
        # Domains: themselves and what is in them.
        ("https://a.b.c", {"HTTPS_PROXY": P, "NO_PROXY": "b.c"}, ""),
        ("https://b.c", {"HTTPS_PROXY": P, "NO_PROXY": "b.c"}, ""),
        ("https://B.C", {"HTTPS_PROXY": P, "NO_PROXY": "x, b.C ,"}, ""),
        ("https://xb.c", {"HTTPS_PROXY": P, "NO_PROXY": "b.c"}, "p:3128"),
        ("https://b.c", {"HTTPS_PROXY": P, "NO_PROXY": ".b.c"}, "p:3128"),
        ("https://a.b.c", {"HTTPS_PROXY": P, "NO_PROXY": ".b.c"}, ""),
        ("https://b.c", {"HTTPS_PROXY": P, "NO_PROXY": "*.b.c"}, "p:3128"),
        ("https://a.b.c", {"HTTPS_PROXY": P, "NO_PROXY": "*.b.c"}, ""),
        ("https://a.b.c", {"HTTPS_PROXY": P, "NO_PROXY": "x,*"}, ""),
        ("https://a.b.c", {"HTTPS_PROXY": P, "NO_PROXY": ",:80,"}, "p:3128"),
        ("https://a.b.c", {"HTTPS_PROXY": P, "no_proxy": "b.c"}, ""),
        ("https://a.b.c", {"HTTPS_PROXY": P, "NO_PROXY": "x", "no_proxy": "b.c"}, "p:3128"),
        # Ports.
        ("https://a.b.c", {"HTTPS_PROXY": P, "NO_PROXY": "b.c:443"}, ""),
        ("https://a.b.c:6443", {"HTTPS_PROXY": P, "NO_PROXY": "b.c:443"}, "p:3128"),
        ("http://a.b.c", {"HTTP_PROXY": P, "NO_PROXY": "b.c:80"}, ""),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": P, "NO_PROXY": "10.1.2.3:6443"}, ""),
        ("https://10.1.2.3", {"HTTPS_PROXY": P, "NO_PROXY": "10.1.2.3:6443"}, "p:3128"),
        ("https://[fd00::1]:6443", {"HTTPS_PROXY": P, "NO_PROXY": "[fd00::1]:6443"}, ""),
        ("https://[fd00::1]", {"HTTPS_PROXY": P, "NO_PROXY": "[fd00::1]:6443"}, "p:3128"),
        # Addresses and networks.
        ("https://10.1.2.3", {"HTTPS_PROXY": P, "NO_PROXY": "10.1.2.3"}, ""),
        ("https://10.1.2.3", {"HTTPS_PROXY": P, "NO_PROXY": "2.3"}, "p:3128"),
        ("https://10.1.2.3", {"HTTPS_PROXY": P, "NO_PROXY": "10.0.0.0/8"}, ""),
        ("https://10.1.2.3", {"HTTPS_PROXY": P, "NO_PROXY": "10.9.9.9/8"}, ""),
        ("https://10.1.2.3", {"HTTPS_PROXY": P, "NO_PROXY": "10.0.0.0/255.0.0.0"}, "p:3128"),
        ("https://11.1.2.3", {"HTTPS_PROXY": P, "NO_PROXY": "10.0.0.0/8"}, "p:3128"),
        ("https://a.b.c", {"HTTPS_PROXY": P, "NO_PROXY": "10.0.0.0/8"}, "p:3128"),
        ("https://[fd00::1]", {"HTTPS_PROXY": P, "NO_PROXY": "fd00::/8"}, ""),
        ("https://[fd00::1]", {"HTTPS_PROXY": P, "NO_PROXY": "fd00::1"}, ""),
        ("https://[::ffff:10.1.2.3]", {"HTTPS_PROXY": P, "NO_PROXY": "10.1.2.3"}, ""),
    ],
)
def test_the_environment_names_the_proxy_that_go_takes(server: str, environment: dict[str, str], place: str) -> None:
    chosen = choose_proxy(server, environment)
    assert (chosen.place if chosen else "") == place


def test_a_kubeconfig_comes_before_the_environment_for_this_machine_too() -> None:
    for server in ("https://a", "https://127.0.0.1:6443", "http://localhost:8080"):
        chosen = choose_proxy(
            server, {"HTTPS_PROXY": P, "HTTP_PROXY": P, "NO_PROXY": "*"}, Q, "proxy-url of cluster c in f"
        )
        assert str(chosen) == "the proxy q:3128 (proxy-url of cluster c in f)"


def test_the_name_of_the_variable_that_counted_is_told() -> None:
    chosen = choose_proxy("https://a", {"HTTPS_PROXY": "", "https_proxy": "http://u:Secret@p"})
    assert str(chosen) == "the proxy p:80 (https_proxy)"
    assert chosen is not None
    assert chosen.has_credentials
    assert "Secret" in chosen.url
    assert "Secret" not in repr(chosen)


@pytest.mark.parametrize(
    "value",
    ["http://", "http://:3128", "//p:1", "http://p:port", "http://p:99999", "http://[fd00::9", "ftp://p", "p q", "http://p\n",
     "http://u:Se%cret@p", "http://u:Se/cret@p", "http://u%3Av:Secret@p"],
)  # fmt: skip
def test_what_is_no_proxys_url_is_refused_by_the_name_of_where_it_stands(value: str) -> None:
    """Go takes some of them for no proxy at all; a user who named one wants to know. None is repeated."""
    with pytest.raises(UsageError) as caught:
        choose_proxy("https://a", {"HTTPS_PROXY": value})
    assert caught.value.message == "HTTPS_PROXY cannot be read as the URL of a proxy"
    assert "http://USER:PASSWORD@HOST:PORT" in caught.value.hint


def test_a_wrong_one_that_is_not_needed_is_nobodys_business() -> None:
    assert choose_proxy("https://a.b", {"HTTPS_PROXY": "ftp://p", "NO_PROXY": "a.b"}) is None
    assert choose_proxy("https://a.b", {"HTTP_PROXY": "ftp://p"}) is None


@pytest.mark.parametrize("value", ["p:3128", "p", "tcp://p:1"])
def test_a_kubeconfigs_needs_its_scheme_as_for_kubectl(value: str) -> None:
    with pytest.raises(UsageError, match="proxy-url of cluster c in f cannot be read"):
        choose_proxy("https://a", {}, value, "proxy-url of cluster c in f")


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS5"])
def test_socks_is_refused_with_what_to_do_instead(scheme: str) -> None:
    """The client library does not speak it, where kubectl's does."""
    with pytest.raises(UsageError, match="HTTPS_PROXY names a SOCKS proxy") as caught:
        choose_proxy("https://a", {"HTTPS_PROXY": f"{scheme}://u:Secret@p:1080"})
    assert "name an HTTP proxy there" in caught.value.hint
    assert "Secret" not in str(caught.value)


def test_a_cgi_program_takes_no_proxy_from_what_a_request_can_set() -> None:
    with pytest.raises(UsageError, match="HTTP_PROXY is not used where REQUEST_METHOD is set"):
        choose_proxy("http://a.b", {"HTTP_PROXY": P, "REQUEST_METHOD": "GET"})


def test_the_sandbox_never_goes_through_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its traffic stays in this process, whatever the environment says."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def main() -> None:
        sandbox = kubesim.Cluster(seed=1)
        await sandbox.start()
        cluster = await connect(ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector()))
        assert cluster.proxy is None
        await cluster.close()
        await sandbox.stop()

    run_virtual(main())
