"""What NetworkPolicies let out: whether a pod's questions reach cluster DNS."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network

from chaos.diagnose.label_selector import matches
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, mappings, text
from chaos.model.object import Object

DNS_NAMESPACE = "kube-system"
_NAME_LABEL = "kubernetes.io/metadata.name"
_DNS_LABELS = {"k8s-app": "kube-dns"}
# CoreDNS listens on 53; OpenShift's on 5353 and Gardener's on 8053, which is what counts behind a Service.
_DNS_PORTS = (53, 5353, 8053)
_PORT_NAMES = ("dns", "dns-udp")
_PRIVATE = [IPv4Network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
# Of providers' networks, and of NodeLocal DNSCache.
_SPECIAL = [IPv4Network(n) for n in ("100.64.0.0/10", "169.254.0.0/16")]


@dataclass(frozen=True, slots=True)
class ClosedRule:
    """A rule that is meant for DNS and does not reach it.

    Attributes:
        why: for people.
        path: of the rule in its policy.
    """

    policy: Item
    why: str
    path: tuple[str | int, ...]


def isolates(policy: Item, workload: WorkloadItem) -> bool:
    """Whether a policy restricts what a workload's pods send."""
    types = policy.spec.get("policyTypes")
    for_egress = "Egress" in types if isinstance(types, list) and types else "egress" in policy.spec
    if not for_egress or workload.pod_spec.get("hostNetwork") is True:
        return False  # pods in the node's network are not restricted
    labels = workload.labels_of_pod(workload.first_ordinal)
    return policy.namespace == workload.namespace and matches(policy.spec.get("podSelector"), labels) is True


def lets_dns_out(snapshot: Snapshot, policy: Item) -> tuple[bool, list[ClosedRule]]:
    """Whether one of its rules lets questions to cluster DNS out; else those of its rules that look as if they did."""
    closed = []
    for i, rule in enumerate(mappings(policy.spec.get("egress"))):
        ports = _port_is_open(mappings(rule.get("ports")))
        reached = _is_reached(snapshot, policy, rule.get("to"))
        if ports == "" and reached:
            return True, []
        if ports == "" and rule.get("ports"):
            why = "port 53 is open to peers that cluster DNS is not among: " + _peers(rule.get("to"))
            closed.append(ClosedRule(policy, why, ("spec", "egress", i, "to")))
        elif ports and reached and "TCP" in ports:
            closed.append(ClosedRule(policy, ports, ("spec", "egress", i, "ports")))
    return False, closed


def _port_is_open(rows: list[Object]) -> str:
    """Empty where questions over UDP pass; else why not."""
    if not rows:
        return ""
    over_tcp = False
    for row in rows:
        first, last = row.get("port"), row.get("endPort") or row.get("port")
        numbers = isinstance(first, int) and isinstance(last, int) and any(first <= p <= last for p in _DNS_PORTS)
        if first is None or first in _PORT_NAMES or numbers:
            if text(row.get("protocol")) == "UDP":
                return ""
            over_tcp = True
    if over_tcp:
        return "port 53 is open for TCP only (a port without protocol is TCP), and resolvers ask by UDP"
    return "port 53 is not among its ports"


def _is_reached(snapshot: Snapshot, policy: Item, peers: object) -> bool:
    """Whether cluster DNS may be among the peers; yes where that cannot be known."""
    rows = mappings(peers)
    return not rows or any(_is_dns(snapshot, policy, row) for row in rows)


def _is_dns(snapshot: Snapshot, policy: Item, peer: Object) -> bool:
    if "ipBlock" in peer:
        return _inside(mapping(peer, "ipBlock"))
    if not _in_namespace(snapshot, policy, peer):
        return False
    if "podSelector" not in peer:
        return True
    pods = [pod.labels for pod in snapshot.dns_pods]
    if pods:
        return any(matches(peer["podSelector"], labels) is True for labels in pods)
    # Of labels other than k8s-app it is not known which ones the DNS servers of that cluster have.
    return matches(peer["podSelector"], _DNS_LABELS, lambda key: key in _DNS_LABELS) is not False


def _in_namespace(snapshot: Snapshot, policy: Item, peer: Object) -> bool:
    """Whether a peer's namespaces may be that of cluster DNS."""
    if "namespaceSelector" not in peer:
        return policy.namespace == DNS_NAMESPACE  # a podSelector alone means its own namespace
    selector = mapping(peer, "namespaceSelector")
    if "dns" in str(selector):
        return True  # cluster DNS lives elsewhere there, as in openshift-dns
    seen = snapshot.dns_namespace is not None or not snapshot.live
    return matches(selector, _namespace_labels(snapshot), lambda key: seen or key == _NAME_LABEL) is not False


def _namespace_labels(snapshot: Snapshot) -> dict[str, str]:
    """Of the namespace of cluster DNS: what each has by itself, and what a manifest gives it."""
    own = {_NAME_LABEL: DNS_NAMESPACE}
    for item in (*snapshot.of("Namespace"), *((snapshot.dns_namespace,) if snapshot.dns_namespace else ())):
        if item.name == DNS_NAMESPACE:
            own |= item.labels
    return own


def _inside(block: Object) -> bool:
    """Whether addresses of a cluster may be in a block: private ones, as far as they are not excepted."""
    try:
        allowed = ip_network(text(block.get("cidr")), strict=False)
        rows = block.get("except")
        cut = [ip_network(text(row), strict=False) for row in (rows if isinstance(rows, list) else ())]
    except ValueError:
        return True
    if not isinstance(allowed, IPv4Network):
        return True
    left = [private for private in _PRIVATE if private.overlaps(allowed)]
    kept = [p for p in left if not any(isinstance(c, IPv4Network) and p.subnet_of(c) for c in cut)]
    return bool(kept) or any(allowed.subnet_of(special) for special in _SPECIAL)


def _peers(peers: object) -> str:
    shown = []
    for row in mappings(peers):
        block = mapping(row, "ipBlock")
        if block:
            shown.append(f"ipBlock {text(block.get('cidr'))}")
            continue
        namespace = mapping(row, "namespaceSelector") if "namespaceSelector" in row else None
        where = "in its own namespace" if namespace is None else f"in namespaces {_selector(namespace)}"
        who = f"pods {_selector(mapping(row, 'podSelector'))}" if "podSelector" in row else "all pods"
        shown.append(f"{who} {where}")
    return ", ".join(shown)


def _selector(selector: Object) -> str:
    rows = [f"{key}={text(value)}" for key, value in mapping(selector, "matchLabels").items()]
    rows += [
        f"{text(row.get('key'))} {text(row.get('operator'))} {row.get('values') or ''}".strip()
        for row in mappings(selector.get("matchExpressions"))
    ]
    return f"with {','.join(rows)}" if rows else "of any label"
