"""Reads a namespace, without changing anything."""

from __future__ import annotations

from typing import Any

from chaos.cluster.client import Cluster
from chaos.diagnose.measure import measure
from chaos.diagnose.snapshot import Item, Snapshot
from chaos.engine.views import DnsInventory, find_dns
from chaos.errors import ApiError, PreflightError, UsageError
from chaos.vantage import Vantage

_KINDS = (
    "StatefulSet",
    "Deployment",
    "Job",
    "Pod",
    "ConfigMap",
    "EndpointSlice",
    "PersistentVolumeClaim",
    "NetworkPolicy",
    "PodDisruptionBudget",
)
_DNS_NAMESPACE, _DNS_LABELS = "kube-system", "k8s-app=kube-dns"
_FORBIDDEN = 403
_NOT_MEASURED = "measuring was not asked for"


async def read_namespace(
    cluster: Cluster, namespace: str, vantage: Vantage | None = None, *, in_cluster: bool = False
) -> Snapshot:
    """Objects of a namespace, and what cluster DNS says about them.

    Args:
        cluster: to be read.
        namespace: in it.
        vantage: from which DNS is asked; None: it is not.
        in_cluster: this process is in a pod of that cluster.

    Raises:
        UsageError: there is no such namespace.
        ApiError: the API server cannot be reached.
    """
    unread: dict[str, str] = {}
    await _check_namespace(cluster, namespace)
    services = await _services(cluster, namespace, unread)
    items = [service for service in services if service.namespace == namespace]
    for kind in _KINDS:
        items += [Item(obj, namespace) for obj in await _listed(cluster, kind, namespace, unread)]
    key = "pods of cluster DNS"
    dns_pods = await _listed(cluster, "Pod", _DNS_NAMESPACE, unread, _DNS_LABELS, key)
    dns_namespace = await _dns_namespace(cluster) if any(i.kind == "NetworkPolicy" for i in items) else None
    snapshot = Snapshot(
        tuple(items),
        f"in namespace {namespace}",
        live=True,
        unmeasured=_NOT_MEASURED,
        unread=unread,
        elsewhere=tuple(service for service in services if service.namespace != namespace),
        dns_pods=tuple(Item(pod, _DNS_NAMESPACE) for pod in dns_pods),
        dns_namespace=dns_namespace,
    )
    if vantage is not None:
        await _ask(cluster, snapshot, vantage, in_cluster=in_cluster)
    return snapshot


async def _dns_namespace(cluster: Cluster) -> Item | None:
    """For its labels, which policies name."""
    try:
        found = await cluster.get("Namespace", _DNS_NAMESPACE)
    except ApiError as exc:
        if not exc.status:
            raise
        return None
    return Item(found, "") if found else None


async def _ask(cluster: Cluster, snapshot: Snapshot, vantage: Vantage, *, in_cluster: bool) -> None:
    try:
        dns: DnsInventory = await find_dns(cluster, in_cluster=in_cluster)
    except PreflightError as exc:
        snapshot.unmeasured = exc.message
        return
    snapshot.domain, snapshot.domain_known = dns.domain, bool(dns.corefile or (in_cluster and dns.limited))
    found = await measure(snapshot, vantage, dns.views)
    if isinstance(found, str):
        snapshot.unmeasured = found
    else:
        snapshot.measured, snapshot.unmeasured = found, ""


async def _check_namespace(cluster: Cluster, namespace: str) -> None:
    try:
        found = await cluster.get("Namespace", namespace)
    except ApiError as exc:
        if exc.status != _FORBIDDEN:
            raise
        return
    if found is None:
        raise UsageError(f"{cluster.name} has no namespace {namespace}", hint="name one with -n NAMESPACE")


async def _services(cluster: Cluster, namespace: str, unread: dict[str, str]) -> list[Item]:
    """Services of all namespaces where they may be read: one may be where nobody looks for it."""
    found = await _listed(cluster, "Service", "", unread, "", "Service in other namespaces")
    if "Service in other namespaces" in unread:
        found = await _listed(cluster, "Service", namespace, unread)
    return [Item(obj, str(obj["metadata"].get("namespace", ""))) for obj in found]


async def _listed(
    cluster: Cluster, kind: str, namespace: str, unread: dict[str, str], labels: str = "", key: str = ""
) -> list[dict[str, Any]]:
    try:
        return (await cluster.list(kind, namespace, labels))[0]
    except ApiError as exc:
        if not exc.status:
            raise  # no answer at all: nothing is known
        unread[key or kind] = exc.message
        return []
