"""What kubesim offers the tests of other projects; README.md beside the package shows its use."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import aiohttp
import dns.asyncquery
import dns.message
import pytest

import kubesim

ROOT = Path(__file__).parents[2]
WEB = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: web, port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: nginx, image: "nginx:1.29", ports: [{containerPort: 80}]}]
"""
SITE = "{apiVersion: example.com/v1, kind: Site, metadata: {name: home}, spec: {replicas: 2}}"
SITE_DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sites.example.com}
spec:
  group: example.com
  names: {kind: Site, plural: sites}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        {type: object, properties: {spec: {type: object, properties: {replicas: {type: integer}}}}}
"""
CERTIFICATE = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: web}\n"


def on_a_cluster(story: Callable[[kubesim.Cluster], Awaitable[None]], images: Iterable[kubesim.Image] = ()) -> None:
    async def main() -> None:
        async with kubesim.Cluster(seed=1, images=images) as cluster:
            await story(cluster)

    kubesim.run_virtual(main())


def test_the_public_names_are_those_of_the_table() -> None:
    """Each is found where the table says, and the table has no other."""
    assert sorted(kubesim._HOMES) == sorted(kubesim.__all__)
    assert all(getattr(kubesim, name) is not None for name in kubesim.__all__)


def test_a_manifest_is_applied_waited_for_dialled_and_looked_up() -> None:
    async def story(cluster: kubesim.Cluster) -> None:
        service, web = await cluster.apply(WEB)
        assert (service["kind"], web["metadata"]["namespace"]) == ("Service", "default")
        await cluster.until_ready("statefulset/web")
        async with aiohttp.ClientSession(connector=cluster.connector()) as http:
            url = f"{cluster.url}/api/v1/namespaces/default/pods/web-1"
            address = (await (await http.get(url)).json())["status"]["podIP"]
        reader, writer = await cluster.open_connection(address, 80)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
        await asyncio.sleep(1)  # what is Ready is in DNS a little later
        addresses = cluster.dns_addresses
        assert addresses.service == "10.96.0.10"
        assert len(addresses.servers) == 2
        for server in (addresses.service, *addresses.servers.values()):
            assert await _ask(cluster, server, "web-1.web.default.svc.cluster.local.") == [address]
        known = [fact.value for fact in cluster.truth.of("dns", "web-1.web.default.svc.cluster.local")]
        assert (address,) in known

    on_a_cluster(story)


async def _ask(cluster: kubesim.Cluster, server: str, name: str) -> list[str]:
    answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class Receiver:
        def datagram(self, data: bytes) -> None:
            answer.set_result(data)

        def error(self, exc: OSError) -> None:
            answer.set_exception(exc)

    port = cluster.open_udp(server, 53, Receiver())
    port.send(dns.message.make_query(name, "A").to_wire())
    found = dns.message.from_wire(await answer)
    port.close()
    return [record.to_text() for rows in found.answer for record in rows]


def test_what_is_not_there_is_none_and_what_cannot_be_is_an_error() -> None:
    async def story(cluster: kubesim.Cluster) -> None:
        assert cluster.get("Pod", "web-0") is None
        assert [node["metadata"]["name"] for node in cluster.objects("Node")] == ["node-1", "node-2"]
        assert len(cluster.objects("Pod", "")) == 2
        with pytest.raises(kubesim.SimulationError, match=r"no kind 'po'\n  write 'Pod'"):
            cluster.get("po", "web-0")
        with pytest.raises(kubesim.SimulationError, match=r"no kind 'Certificate'\n  it has ClusterRole, "):
            cluster.objects("Certificate")
        with pytest.raises(kubesim.SimulationError, match='pods "web-0" not found'):
            cluster.delete("Pod", "web-0")
        with pytest.raises(kubesim.SimulationError, match="this namespace may not be deleted"):
            cluster.delete("Namespace", "default")

    on_a_cluster(story)


def test_what_is_applied_again_is_changed() -> None:
    """The API server answers what it made of it; what the manifest does not name stays."""

    async def story(cluster: kubesim.Cluster) -> None:
        settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
        await cluster.apply({**settings, "data": {"a": "1", "b": "2"}})
        (changed,) = await cluster.apply({**settings, "data": {"b": "3"}})
        assert changed["data"] == {"a": "1", "b": "3"}

    on_a_cluster(story)


def test_a_folder_with_unknown_kinds_is_one_error_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"{WEB}---\n{CERTIFICATE}")
    (tmp_path / "b.yml").write_text(CERTIFICATE.replace("Certificate", "Issuer"))
    (tmp_path / "notes.txt").write_text("no manifest")

    async def story(cluster: kubesim.Cluster) -> None:
        with pytest.raises(kubesim.ManifestError) as caught:
            await cluster.apply(tmp_path)
        assert caught.value.message == (
            "the simulated cluster has no such kind: "
            f"{tmp_path}/a.yaml, document 3: Certificate (cert-manager.io/v1); "
            f"{tmp_path}/b.yml, document 1: Issuer (cert-manager.io/v1)"
        )
        assert cluster.store.get("Service", "default", "web") is None

    on_a_cluster(story)


def test_a_kind_may_be_defined_by_the_same_manifests() -> None:
    """Before or after its objects; the definition is created first."""
    assert [str(one) for one in kubesim.validate([SITE, SITE_DEFINITION])] == []
    (refusal,) = kubesim.validate([SITE.replace("2", "two"), SITE_DEFINITION])
    assert (refusal.status, refusal.reason, refusal.where) == (422, "Invalid", "the manifests, item 1, document 1")

    async def story(cluster: kubesim.Cluster) -> None:
        site, definition = await cluster.apply([SITE, SITE_DEFINITION])
        assert (site["kind"], definition["kind"]) == ("Site", "CustomResourceDefinition")
        assert (cluster.get("Site", "home") or {})["spec"] == {"replicas": 2}

    on_a_cluster(story)


def test_a_manifest_that_is_refused_says_which_and_why() -> None:
    async def story(cluster: kubesim.Cluster) -> None:
        with pytest.raises(kubesim.ManifestError, match=r"document 2: .* StatefulSet web \(400 BadRequest\): .*replc"):
            await cluster.apply(WEB.replace("replicas", "replcas"))

    on_a_cluster(story)


@pytest.mark.parametrize(
    ("manifests", "message"),
    [
        ("web.yaml", r"a text and no object: 'web.yaml'\n.*pathlib.Path"),
        (Path("/no/such/folder"), "/no/such/folder cannot be read: No such file or directory"),
        ("a: [", "line 1: this is no YAML"),
        ("kind: Pod", "document 1 is no object"),
        ({"apiVersion": "v1", "kind": "Pod"}, "a Pod without metadata.name"),
        ([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}, 7], "item 2"),
    ],
)
def test_what_is_no_manifest_is_said(manifests: str, message: str) -> None:
    with pytest.raises(kubesim.ManifestError, match=message):
        kubesim.validate(manifests)


def test_what_an_api_server_refuses_is_found_without_a_cluster() -> None:
    """With status, reason and message of a real one; what it took is there for the next."""
    refusals = kubesim.validate([WEB, WEB.replace("replicas: 2", "replicas: two")])
    assert [(one.status, one.reason, one.object["kind"]) for one in refusals] == [
        (409, "AlreadyExists", "Service"),
        (400, "BadRequest", "StatefulSet"),
    ]
    assert str(refusals[1]).startswith("the manifests, item 2, document 2: 400 BadRequest: StatefulSet in version")
    assert kubesim.validate(WEB) == []
    with pytest.raises(kubesim.ManifestError, match=r"document 1: Certificate \(cert-manager.io/v1\)"):
        kubesim.validate(CERTIFICATE)


def test_what_does_not_become_ready_says_what_it_lacks() -> None:
    async def story(cluster: kubesim.Cluster) -> None:
        await cluster.apply(WEB.replace("nginx:1.29", "no-such-image"))
        with pytest.raises(TimeoutError) as caught:
            await cluster.until_ready(within_s=30)
        assert "StatefulSet web: 0 of 2 replicas are ready (pods: 1); Pod web-0: Pending, " in str(caught.value)
        with pytest.raises(kubesim.SimulationError, match="'web' is no name"):
            await cluster.until_ready("web")

    on_a_cluster(story)


def test_a_node_is_cut_and_joined() -> None:
    """Nothing on it is heard meanwhile."""

    async def story(cluster: kubesim.Cluster) -> None:
        await cluster.apply(WEB)
        await cluster.until_ready()
        pod = cluster.store.get("Pod", "default", "web-0") or {}
        node, address = pod["spec"]["nodeName"], pod["status"]["podIP"]
        cluster.cut_node(node)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(cluster.open_connection(address, 80), 10)
        cluster.join_node(node)
        _, writer = await cluster.open_connection(address, 80)
        writer.close()
        with pytest.raises(kubesim.SimulationError, match=r"no node 'node-9'\n.*node-1, node-2"):
            cluster.cut_node("node-9")

    on_a_cluster(story)


def test_two_clusters_in_one_process_know_nothing_of_each_other() -> None:
    async def main() -> None:
        async with kubesim.Cluster(seed=1) as one, kubesim.Cluster(seed=2) as other:
            await asyncio.gather(one.apply(WEB), other.apply(WEB.replace("replicas: 2", "replicas: 1")))
            await asyncio.gather(one.until_ready("sts/web"), other.until_ready("sts/web"))
            assert one.store.get("Pod", "default", "web-1") is not None
            assert other.store.get("Pod", "default", "web-1") is None
            assert one.dns_addresses.servers.keys() != other.dns_addresses.servers.keys()

    kubesim.run_virtual(main())


def test_the_first_error_inside_is_raised_at_the_end() -> None:
    """Unless the test has failed itself: that is what its author must see."""

    async def main(*, fails: bool) -> None:
        async with kubesim.Cluster() as cluster:
            cluster._tasks.fail(RuntimeError("a bug inside"))
            if fails:
                raise AssertionError

    with pytest.raises(RuntimeError, match="a bug inside"):
        kubesim.run_virtual(main(fails=False))
    with pytest.raises(AssertionError):
        kubesim.run_virtual(main(fails=True))


def test_what_other_programs_need_is_there_in_real_time_only(tmp_path: Path) -> None:
    async def story(cluster: kubesim.Cluster) -> None:
        with pytest.raises(kubesim.SimulationError, match=r"a kubeconfig for other .*\n  Cluster\(realtime=True"):
            cluster.write_kubeconfig(tmp_path / "kubeconfig")
        with pytest.raises(kubesim.SimulationError, match="DNS for other programs"):
            await cluster.serve_dns()
        with pytest.raises(kubesim.SimulationError, match="on a loop in virtual time"):
            kubesim.Cluster(realtime=True)

    on_a_cluster(story)


def test_the_delays_are_described_and_may_be_set() -> None:
    async def main() -> None:
        cluster = kubesim.Cluster(overrides={"kubelet_start": (1.0, 2.0)})
        row = next(row for row in cluster.delays.describe() if row["name"] == "kubelet_start")
        assert (row["low"], row["high"], row["source"]) == (1.0, 2.0, "set for this run")
        assert "kubelet_start" not in cluster.delays.drawn()

    kubesim.run_virtual(main())


def test_a_cluster_that_nobody_stops_is_named() -> None:
    """A warning of a resource, as of a socket; its loop ends all the same."""

    async def main() -> None:
        await kubesim.Cluster().start()

    kubesim.run_virtual(main())
    told = "was started at .*test_interface.py:[0-9]+ and never stopped; use `async with"
    with pytest.warns(ResourceWarning, match=told):
        gc.collect()
