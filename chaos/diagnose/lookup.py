"""Which absolute names a pod's resolver tries for a name."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from chaos.diagnose.passages import Passage
from chaos.diagnose.values import mapping, mappings, text, texts
from chaos.model.object import Object
from kubesim import parse_reference

_DEFAULT_NDOTS = 5  # what the kubelet writes for ClusterFirst; resolv.conf(5) has 1
_MUSL = ("alpine", "musl")
# A cluster's DNS has an address of these: services, NodeLocal DNSCache, a server beside the program.
_INSIDE = tuple(
    ipaddress.ip_network(row)
    for row in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A pod's resolver.

    Attributes:
        searches: domains that are tried behind a name.
        ndots: a name with so many dots is tried as it is first.
        musl: which then tries nothing else.
        policy: dnsPolicy.
    """

    searches: tuple[str, ...]
    ndots: int
    musl: bool = False
    policy: str = "ClusterFirst"

    def tried(self, name: str) -> tuple[str, ...]:
        """Absolute names, in their order."""
        searched = tuple(f"{name}.{domain}" for domain in self.searches)
        if name.count(".") < self.ndots:
            return (*searched, name)
        return (name,) if self.musl else (name, *searched)


def standard(namespace: str, domain: str) -> Lookup:
    """Of a pod that says nothing about DNS."""
    return Lookup((f"{namespace}.svc.{domain}", f"svc.{domain}", domain), _DEFAULT_NDOTS)


def lookup_of(passage: Passage, pod_spec: Object, domain: str) -> Lookup:
    """Of a pod; where its policy leaves cluster DNS out it is taken as if it did not, which another check tells."""
    usual = standard(passage.namespace, domain)
    config = mapping(pod_spec, "dnsConfig")
    policy = text(pod_spec.get("dnsPolicy")) or "ClusterFirst"
    alone = policy == "None" and not is_outside(pod_spec)
    searches = (*(() if alone else usual.searches), *(s.rstrip(".") for s in texts(config.get("searches"))))
    ndots = 1 if alone else usual.ndots
    for option in mappings(config.get("options")):
        value = text(option.get("value"))
        if option.get("name") == "ndots" and value.isdigit():
            ndots = int(value)
    return Lookup(searches, ndots, is_musl(passage.image), policy)


def is_outside(pod_spec: Object) -> bool:
    """Whether ``dnsPolicy: None`` names only servers that no cluster's DNS can be: those with public addresses."""
    servers = texts(mapping(pod_spec, "dnsConfig").get("nameservers"))
    return pod_spec.get("dnsPolicy") == "None" and bool(servers) and not any(_may_be_inside(s) for s in servers)


def _may_be_inside(server: str) -> bool:
    try:
        address = ipaddress.ip_address(server)
    except ValueError:
        return True  # a template's variable, or nonsense that is refused
    if isinstance(address, ipaddress.IPv6Address):
        return not address.is_global
    return any(address in network for network in _INSIDE)


def is_musl(image: str) -> bool:
    """Whether an image's programs use musl's resolver, as far as its name tells."""
    reference = parse_reference(image)
    if reference is None:
        return False
    return any(word in reference.tag or word in reference.repository.rpartition("/")[2] for word in _MUSL)


def addresses_of(pod_spec: Object) -> set[str]:
    """Names that the kubelet writes into the pod's ``/etc/hosts``."""
    return {name for row in mappings(pod_spec.get("hostAliases")) for name in texts(row.get("hostnames"))}
