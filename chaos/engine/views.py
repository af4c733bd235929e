"""Finds the DNS servers of a cluster: each CoreDNS pod, and the address in front of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.cluster.client import Cluster
from chaos.cluster.selector import labels_text
from chaos.errors import ApiError, PreflightError
from chaos.probes import DnsView

_NAMESPACE = "kube-system"
# The label that kubeadm, most distributions and the CoreDNS chart put on cluster DNS, CoreDNS or not.
DNS_LABELS = "k8s-app=kube-dns"
_NODE_LOCAL_LABELS = "k8s-app=node-local-dns"
_DOMAIN = re.compile(r"^\s*kubernetes\s+([^\s{]+)", re.MULTILINE)
_DEFAULT_DOMAIN = "cluster.local"
_RESOLV_CONF = Path("/etc/resolv.conf")
_FORBIDDEN = 403
# Where the Service lacks that label.
_USUAL_NAMES = ("kube-dns", "coredns", "rke2-coredns-rke2-coredns")


class NoServiceError(PreflightError):
    """No Service is known as that of cluster DNS."""


@dataclass(frozen=True, slots=True)
class DnsInventory:
    """The DNS of a cluster.

    Attributes:
        views: each CoreDNS pod, and ``service`` last.
        domain: such as ``cluster.local``.
        corefile: verbatim, empty where there is none.
        image: of the DNS pods.
        limited: why only the service's address is known; empty where everything is.
        managed: no pods of it can be seen however much may be read: it runs elsewhere.
        remarks: what is special about it and matters for reading the figures, a sentence each.
    """

    views: tuple[DnsView, ...]
    domain: str
    corefile: str
    image: str
    limited: str = ""
    managed: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def service(self) -> DnsView:
        return self.views[-1]

    @property
    def servers(self) -> tuple[DnsView, ...]:
        """Each CoreDNS pod that may be seen."""
        return self.views[:-1]


async def find_dns(cluster: Cluster, *, in_cluster: bool = False, domain: str = "") -> DnsInventory:
    """Read the cluster's DNS from its API, or, where that is not allowed, from this pod's own configuration.

    Args:
        cluster: to be asked.
        in_cluster: this process is in a pod of that cluster.
        domain: of the cluster, where somebody knows it; empty: as its configuration says.

    Raises:
        PreflightError: there is no cluster DNS service, or it may not be read.
    """
    try:
        return await _read_dns(cluster, domain)
    except NoServiceError as exc:
        if not in_cluster:
            raise
        because = exc.message
    except ApiError as exc:
        if exc.status != _FORBIDDEN:
            raise
        if not in_cluster:
            exc.hint = "its owner can allow it: chaos manifests rbac -n NAMESPACE --with read-dns | kubectl apply -f -"
            raise
        because = exc.message
    text = _RESOLV_CONF.read_text(encoding="utf-8")  # noqa: ASYNC240 - some lines, before anything is measured
    return _from_resolv_conf(text, because)


def _from_resolv_conf(text: str, because: str) -> DnsInventory:
    """What a pod with the DNS policy ClusterFirst is given.

    Raises:
        PreflightError: it does not look like that.
    """
    rows = [line.split() for line in text.splitlines()]
    servers = [row[1] for row in rows if row[:1] == ["nameserver"] and len(row) > 1]
    search = next((row[1:] for row in rows if row[:1] == ["search"]), [])
    domain = next((name.removeprefix("svc.") for name in search if name.startswith("svc.")), "")
    if not servers or not domain:
        raise PreflightError(
            f"cluster DNS is not known: {because}; and this pod's resolv.conf names no server with a search path svc.…",
            hint="allow reading it: chaos manifests rbac -n NAMESPACE --with read-dns; or give the pod dnsPolicy "
            "ClusterFirst",
        )
    return DnsInventory((DnsView("service", servers[0], balanced=True),), domain, "", "", limited=because)


async def _read_dns(cluster: Cluster, domain: str) -> DnsInventory:
    service = await _service(cluster)
    address = service["spec"]["clusterIP"]
    if ":" in address:
        raise PreflightError(
            f"{cluster.name} has IPv6 services only (its DNS is at {address}): pods have AAAA records and no A records",
            hint="this version measures A records; a dual-stack cluster whose first family is IPv4 works",
        )
    pods, limited = await _pods(cluster, service)
    managed = not pods and not limited
    if managed:
        limited = (
            f"Service {service['metadata']['name']} of {_NAMESPACE} has no pods there, as where the provider runs "
            "cluster DNS elsewhere"
        )
    views = [DnsView(p["metadata"]["name"], p["status"]["podIP"]) for p in pods]
    views.sort(key=lambda view: view.name)
    views.append(DnsView("service", address, balanced=True))
    corefile = await _corefile(cluster)
    found = _DOMAIN.search(corefile)
    image = pods[0]["spec"]["containers"][0]["image"] if pods else ""
    node_local = 0 if limited else len((await cluster.list("Pod", _NAMESPACE, _NODE_LOCAL_LABELS))[0])
    known = domain or (found[1] if found else "")
    remarks = tuple(_remarks(service, image, node_local, domain_known=bool(known), limited=limited))
    return DnsInventory(tuple(views), known or _DEFAULT_DOMAIN, corefile, image, limited, managed, remarks)


async def _service(cluster: Cluster) -> dict[str, Any]:
    """Raises PreflightError: none is known as that of cluster DNS."""
    services, _ = await cluster.list("Service", _NAMESPACE, DNS_LABELS)
    if not services:
        every, _ = await cluster.list("Service", _NAMESPACE)
        services = [one for one in every if one["metadata"]["name"] in _USUAL_NAMES]
    services = [one for one in services if one["spec"].get("clusterIP") not in (None, "", "None")]
    if not services:
        raise NoServiceError(
            f"{cluster.name} has no Service labelled {DNS_LABELS} and none named {' or '.join(_USUAL_NAMES)} in "
            f"{_NAMESPACE}, so its DNS address is not known",
            hint="run it in a pod of the cluster, whose resolv.conf has the address: chaos manifests all -n NAMESPACE",
        )
    return services[0]


async def _pods(cluster: Cluster, service: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Those behind the service, and why they may not be seen; both empty where there are none."""
    selector = service["spec"].get("selector") or {}
    if not selector:
        return [], ""
    try:
        pods, _ = await cluster.list("Pod", _NAMESPACE, labels_text(selector))
    except ApiError as exc:
        if exc.status != _FORBIDDEN:
            raise
        return [], exc.message
    return [p for p in pods if p.get("status", {}).get("podIP") and "deletionTimestamp" not in p["metadata"]], ""


async def _corefile(cluster: Cluster) -> str:
    """Empty where there is none, or it may not be read."""
    try:
        config = await cluster.get("ConfigMap", "coredns", _NAMESPACE)
    except ApiError as exc:
        if exc.status != _FORBIDDEN:
            raise
        return ""
    return str(((config or {}).get("data") or {}).get("Corefile", ""))


def _remarks(
    service: dict[str, Any], image: str, node_local: int, *, domain_known: bool, limited: str
) -> Iterator[str]:
    if limited:
        yield (
            f"Cluster DNS is asked at its address only ({limited}): which server changes first is not known, "
            "recoveries there have no lower bound but the fault itself, and no experiment can disturb it."
        )
    if not domain_known:
        yield (
            f"Cluster DNS ({image or 'without a pod of that label'}) has no Corefile with a kubernetes plugin that "
            f"could be read: the domain is taken to be {_DEFAULT_DOMAIN}; --cluster-domain names another."
        )
    if node_local:
        yield (
            f"NodeLocal DNSCache runs here ({node_local} pods): pods ask it before cluster DNS, and it keeps answers, "
            "negative ones too. The figures are those of cluster DNS itself; what a pod sees may lag behind by what "
            "that cache keeps."
        )
    if len(service["spec"].get("ipFamilies") or ()) > 1:
        yield "The cluster is dual stack: DNS servers are asked over IPv4, and connections are tried over IPv4."
