"""A proxy that leads to the API server: everything goes through it, and what it refuses is said to be its own.

The cluster is a sandbox on loopback, under a name that only the proxy knows: what works went through it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio

import kubesim
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.command import run_command
from chaos.cluster.connection import connect
from chaos.cluster.logs import read_log
from chaos.engine.doctor import Doctor
from chaos.errors import ApiError, ChaosError, UsageError
from chaos.vantage.local import LocalVantage
from tests.cluster.forward_proxy import ForwardProxy, certificate_of, forward_proxy, with_tls

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes certificates, is missing"),
]
NAME = "api.example"
SPEC = {"containers": [{"name": "main", "image": "busybox:1.35", "command": ["sh", "-c", "echo started; sleep 3600"]}]}


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


class Lab:
    """A sandbox behind a proxy.

    Attributes:
        proxy: knows it as https://api.example:6443, and http://api.example:8080 without TLS.
    """

    def __init__(self, sandbox: kubesim.Cluster, proxy: ForwardProxy, folder: Path, certificate: Path) -> None:
        self.sandbox, self.proxy = sandbox, proxy
        self._path, self._certificate = folder / "kubeconfig", certificate

    def address(self, proxy_url: str = "", *, tls: bool = True) -> ClusterAddress:
        """Of the cluster by a kubeconfig; ``PORT`` in it is the proxy's."""
        config = self.sandbox.kubeconfig()
        path = urlsplit(config["clusters"][0]["cluster"]["server"]).path
        cluster: dict[str, Any] = {"server": f"https://{NAME}:6443{path}" if tls else f"http://{NAME}:8080{path}"}
        cluster |= {"certificate-authority": str(self._certificate)} if tls else {}
        cluster |= {"proxy-url": proxy_url.replace("PORT", str(self.proxy.port))} if proxy_url else {}
        config["clusters"][0]["cluster"] = cluster
        self._path.write_text(json.dumps(config))
        return ClusterAddress(context="sandbox", kubeconfig=self._path)

    @asynccontextmanager
    async def connected(self, proxy_url: str = "", *, tls: bool = True) -> AsyncIterator[Cluster]:
        cluster = await connect(self.address(proxy_url, tls=tls))
        try:
            yield cluster
        finally:
            await cluster.close()

    async def refused(self, proxy_url: str = "", *, tls: bool = True) -> ChaosError:
        with pytest.raises(ChaosError) as caught:
            await connect(self.address(proxy_url, tls=tls))
        return caught.value


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate_of(tmp_path_factory.mktemp("tls"), NAME)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[kubesim.Cluster]:
    async with kubesim.Cluster(seed=1, realtime=True, token="secret") as sandbox:
        yield sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def lab(sandbox: kubesim.Cluster, certificate: tuple[Path, Path], tmp_path: Path) -> AsyncIterator[Lab]:
    url = urlsplit(sandbox.url)
    plain = (str(url.hostname), int(url.port or 0))
    trusted = tmp_path / "ca.crt"
    trusted.write_bytes(certificate[0].read_bytes())
    async with (
        with_tls(plain, *certificate) as behind_tls,
        forward_proxy({f"{NAME}:6443": behind_tls, f"{NAME}:8080": plain}) as proxy,
    ):
        yield Lab(sandbox, proxy, tmp_path, trusted)


async def use(cluster: Cluster) -> None:
    """List, change, watch, run a command and read a log."""
    name = f"box-{uuid4().hex[:8]}"
    meta = {"name": name, "namespace": "default"}
    await cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": SPEC})
    _, revision = await cluster.list("Pod", "default")
    watch = await cluster.open_watch("Pod", "default", revision, 30)
    ready = {"type": "Ready", "status": "True"}
    while True:
        pod = json.loads(await watch.content.readline())["object"]
        said = [{key: row[key] for key in ready} for row in pod["status"].get("conditions", [])]
        if pod["metadata"]["name"] == name and ready in said:
            break
    watch.close()
    done = await run_command(cluster, "default", name, ["hostname"])
    assert (done.code, done.stdout) == (0, name)
    assert await read_log(cluster, "default", name) == "started\n"
    await cluster.server_date()


async def test_all_goes_through_tunnels_of_the_proxy_that_a_kubeconfig_names(lab: Lab) -> None:
    """Requests, watches, exec streams and logs: each in a tunnel, none as a request that the proxy could read."""
    async with lab.connected("http://127.0.0.1:PORT") as cluster:
        await use(cluster)
    assert set(lab.proxy.tunnels) == {f"{NAME}:6443"}
    assert len(lab.proxy.tunnels) < cluster.requests  # connections are kept
    assert (lab.proxy.requests, lab.proxy.turned_away) == ([], 0)


async def test_a_server_without_tls_is_asked_by_requests_with_its_whole_url(lab: Lab) -> None:
    """The exec stream too: a proxy takes http, and nobody's takes ws."""
    async with lab.connected("http://127.0.0.1:PORT", tls=False) as cluster:
        await use(cluster)
    assert len(lab.proxy.requests) >= cluster.requests  # with discovery, which is not counted
    assert all(" http://api.example:8080/secret/" in request for request in lab.proxy.requests)
    assert any("/exec?" in request for request in lab.proxy.requests)
    assert lab.proxy.tunnels == []


async def test_the_environment_names_it_as_for_kubectl(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """And NO_PROXY leads around it, to a name that nobody else knows."""
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{lab.proxy.port}")
    async with lab.connected() as cluster:
        assert str(cluster.proxy) == f"the proxy 127.0.0.1:{lab.proxy.port} (HTTPS_PROXY)"
        assert await cluster.get("Namespace", "default")
    tunnels = len(lab.proxy.tunnels)
    monkeypatch.setenv("NO_PROXY", ".example")
    assert f"https://{NAME}:6443/secret cannot be reached" in (await lab.refused()).message
    assert len(lab.proxy.tunnels) == tunnels


async def test_user_and_password_reach_the_proxy_as_they_are_written_and_no_message(lab: Lab) -> None:
    """Also what Latin-1 does not have. Without them, or with wrong ones, it is the proxy that refuses."""
    lab.proxy.credentials = "me:pä ß:/€"
    right = "http://me:p%C3%A4%20%C3%9F%3A%2F%E2%82%AC@127.0.0.1:PORT"
    for tls in (True, False):
        async with lab.connected(right, tls=tls) as cluster:
            assert "%C3" not in f"{cluster.proxy} {cluster.proxy!r}"
            await use(cluster)
        where = f"the proxy 127.0.0.1:{lab.proxy.port} (proxy-url of cluster sandbox in {lab.address().kubeconfig})"
        without, wrong = (
            await lab.refused("http://127.0.0.1:PORT", tls=tls),
            await lab.refused("http://me:Wrong@127.0.0.1:PORT", tls=tls),
        )
        assert f"connecting to context sandbox: {where} asks for a user and a password (407" in without.message
        assert f"{where} does not accept its user and password (407" in wrong.message
        assert "special characters as %XX" in without.hint
        assert "Wrong" not in str(wrong)
        assert isinstance(wrong, ApiError)
        assert wrong.status == 0


@pytest.mark.parametrize("tls", [True, False])
async def test_what_the_proxy_refuses_is_not_said_of_the_api_server(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, *, tls: bool
) -> None:
    monkeypatch.setattr("chaos.cluster.connection._CONNECT_TIMEOUT_S", 1.0)  # so long a 502 is asked for again
    url = "http://127.0.0.1:PORT"
    where = f"the proxy 127.0.0.1:{lab.proxy.port} (proxy-url of cluster sandbox in {lab.address().kubeconfig})"
    server = f"https://{NAME}:6443/secret" if tls else f"http://{NAME}:8080/secret"
    for status in (403, 502):
        lab.proxy.answers = status
        said = await lab.refused(url, tls=tls)
        words = {403: f"{where} does not let us to {server}", 502: f"{where} cannot reach {server}"}[status]
        assert f"connecting to context sandbox: {words}: it answered {status} No" in said.message
        assert said.exit_code == 3


async def test_a_proxy_that_is_not_there_is_said_to_be_what_is_missing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("127.0.0.1:1", "nowhere.invalid:3128"):
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:Secret@{place}")
        said = await lab.refused()
        assert f"connecting to context sandbox: the proxy {place} (HTTPS_PROXY) cannot be reached: " in said.message
        assert "unset HTTPS_PROXY, or name the server in NO_PROXY" in said.hint
        assert "Secret" not in str(said)


async def test_an_exec_stream_that_the_proxy_refuses_says_so(lab: Lab) -> None:
    """As where the proxy's password has expired during a run."""
    for tls in (True, False):
        lab.proxy.credentials = ""
        async with lab.connected("http://127.0.0.1:PORT", tls=tls) as cluster:
            lab.proxy.cut()
            lab.proxy.credentials = "me:new"
            for _ in range(2):  # a kept connection may be found cut first
                with pytest.raises(ApiError) as caught:
                    await run_command(cluster, "default", "box", ["true"])
            assert "opening an exec stream to pod box in namespace default: the proxy 127.0.0.1" in caught.value.message
            assert "asks for a user and a password (407" in caught.value.message


async def test_a_certificate_that_is_not_trusted_is_the_api_servers_where_the_proxy_only_passes_bytes_on(
    lab: Lab, tmp_path: Path
) -> None:
    address = lab.address("http://127.0.0.1:PORT")
    (tmp_path / "other").mkdir()
    lab._certificate.write_bytes(certificate_of(tmp_path / "other", NAME)[0].read_bytes())
    with pytest.raises(ApiError, match=f"the certificate of https://{NAME}:6443/secret is not trusted"):
        await connect(address)


async def test_an_https_proxy_carries_tls_in_tls(lab: Lab, tmp_path: Path) -> None:
    """Its certificate must be the cluster's authority's, as for kubectl; else it is the proxy that is not trusted."""
    folder = tmp_path / "proxy"
    folder.mkdir()
    certificate, key = certificate_of(folder, "localhost")
    own = lab._certificate.read_bytes()
    async with with_tls(("127.0.0.1", lab.proxy.port), certificate, key) as (_, port):
        lab._certificate.write_bytes(own + certificate.read_bytes())
        async with lab.connected(f"https://localhost:{port}") as cluster:
            await use(cluster)
        assert set(lab.proxy.tunnels) == {f"{NAME}:6443"}
        lab._certificate.write_bytes(own)
        said = await lab.refused(f"https://localhost:{port}")
        assert f"the certificate of the proxy localhost:{port} (proxy-url of cluster sandbox" in said.message


async def test_a_server_under_another_name_is_checked_by_the_name_of_its_certificate(lab: Lab) -> None:
    """As through a tunnel of ssh; exec streams and logs too, which have requests of their own."""
    lab.proxy.hosts["tunnel.example:6443"] = lab.proxy.hosts[f"{NAME}:6443"]
    address = lab.address("http://127.0.0.1:PORT")
    assert address.kubeconfig is not None
    config = json.loads(address.kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    cluster |= {"server": cluster["server"].replace(NAME, "tunnel.example"), "tls-server-name": NAME}
    address.kubeconfig.write_text(json.dumps(config))
    connected = await connect(address)
    await use(connected)
    await connected.close()
    assert set(lab.proxy.tunnels) == {"tunnel.example:6443"}


async def test_a_proxy_that_cannot_be_used_is_refused_before_anybody_logs_in(lab: Lab) -> None:
    with pytest.raises(UsageError, match=r"proxy-url of cluster sandbox in .*kubeconfig names a SOCKS proxy"):
        await connect(lab.address("socks5://127.0.0.1:PORT"))


async def test_doctor_names_the_proxy(lab: Lab) -> None:
    async with lab.connected("http://127.0.0.1:PORT") as cluster:
        doctor = Doctor(cluster, LocalVantage(), "", "python:3.11-slim", in_cluster=False)
        first = await anext(doctor.findings())
    assert f"through the proxy 127.0.0.1:{lab.proxy.port} (proxy-url of cluster sandbox in " in first.found
