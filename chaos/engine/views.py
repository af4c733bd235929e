"""Finds the DNS servers of a cluster: each CoreDNS pod, and the address in front of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaos.cluster import Cluster
from chaos.errors import PreflightError
from chaos.probes import DnsView

_NAMESPACE = "kube-system"
# The label that kubeadm, most distributions and the CoreDNS chart put on cluster DNS, CoreDNS or not.
_LABELS = "k8s-app=kube-dns"
_DOMAIN = re.compile(r"^\s*kubernetes\s+([^\s{]+)", re.MULTILINE)
_DEFAULT_DOMAIN = "cluster.local"


@dataclass(frozen=True, slots=True)
class ClusterDns:
    """The DNS of a cluster.

    Attributes:
        views: each CoreDNS pod, and ``service`` last.
        domain: such as ``cluster.local``.
        corefile: verbatim, empty where there is none.
        image: of the DNS pods.
    """

    views: tuple[DnsView, ...]
    domain: str
    corefile: str
    image: str

    @property
    def service(self) -> DnsView:
        return self.views[-1]


async def find_dns(cluster: Cluster) -> ClusterDns:
    """Read the cluster's DNS from its API.

    Raises:
        PreflightError: there is no cluster DNS service.
    """
    services, _ = await cluster.list("Service", _NAMESPACE, _LABELS)
    if not services:
        raise PreflightError(
            f"{cluster.name} has no Service labelled {_LABELS} in {_NAMESPACE}, so its DNS address is not known",
            hint="this version finds cluster DNS by that label only",
        )
    pods, _ = await cluster.list("Pod", _NAMESPACE, _LABELS)
    pods = [p for p in pods if p.get("status", {}).get("podIP") and "deletionTimestamp" not in p["metadata"]]
    views = [DnsView(p["metadata"]["name"], p["status"]["podIP"]) for p in pods]
    views.sort(key=lambda view: view.name)
    views.append(DnsView("service", services[0]["spec"]["clusterIP"], balanced=True))
    config = await cluster.get("ConfigMap", "coredns", _NAMESPACE)
    corefile = str((config or {}).get("data", {}).get("Corefile", ""))
    found = _DOMAIN.search(corefile)
    image = pods[0]["spec"]["containers"][0]["image"] if pods else ""
    return ClusterDns(tuple(views), found[1] if found else _DEFAULT_DOMAIN, corefile, image)
