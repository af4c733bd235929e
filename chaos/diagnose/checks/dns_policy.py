"""Can pods resolve the cluster's names at all?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.lookup import is_outside
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import labels_of, mapping, mappings, shown, text, texts

_KEY = "cannot-resolve"
_DNS_PORT = 53


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.workloads:
        spec = workload.pod_spec
        policy = text(spec.get("dnsPolicy")) or "ClusterFirst"
        concerns = (workload.name,) if workload.kind == "StatefulSet" else ()
        at = workload.reference(*workload.template_path, "spec")
        if spec.get("hostNetwork") is True and policy == "ClusterFirst":
            yield Diagnostic(
                _KEY,
                Severity.WARNING,
                at,
                "its pods use the node's network and dnsPolicy ClusterFirst, which falls back to the node's DNS "
                "there: they "
                "cannot resolve services",
                ("hostNetwork: true", f"dnsPolicy: {policy}"),
                "set dnsPolicy: ClusterFirstWithHostNet",
                concerns,
            )
        elif policy == "Default":
            yield Diagnostic(
                _KEY,
                Severity.WARNING,
                at,
                "its pods use the node's DNS (dnsPolicy Default) and cannot resolve services",
                ("dnsPolicy: Default",),
                "remove dnsPolicy, or set ClusterFirst",
                concerns,
            )
        elif is_outside(spec):
            servers = ", ".join(texts(mapping(spec, "dnsConfig").get("nameservers")))
            yield Diagnostic(
                _KEY,
                Severity.WARNING,
                at,
                f"its pods ask {servers} only (dnsPolicy None), which is no cluster's DNS: they cannot resolve "
                "services",
                ("dnsPolicy: None", f"dnsConfig.nameservers: {servers}"),
                "remove dnsPolicy (its own nameservers are then added to the cluster's), or name the address of "
                "cluster DNS, with its search list",
                concerns,
            )
        yield from _policies(snapshot, workload)


def _policies(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[Diagnostic]:
    """Egress policies that leave cluster DNS out."""
    isolating = [p for p in snapshot.of("NetworkPolicy", workload.namespace) if _isolates(p, workload)]
    if not isolating or any(_lets_dns_out(policy) for policy in isolating):
        return
    first = isolating[0]
    yield Diagnostic(
        _KEY,
        Severity.WARNING,
        first.reference("spec"),
        f"it lets {workload.kind} {workload.name} send nothing to port 53, so its pods cannot resolve any name "
        "(where this cluster enforces policies)",
        tuple(f"NetworkPolicy {p.name} selects {shown(workload.pod_labels)} for Egress" for p in isolating),
        "allow egress to UDP and TCP port 53 of the pods labelled k8s-app=kube-dns in kube-system",
        (workload.name,) if workload.kind == "StatefulSet" else (),
    )


def _isolates(policy: Item, workload: WorkloadItem) -> bool:
    types = policy.spec.get("policyTypes")
    for_egress = "Egress" in types if isinstance(types, list) else "egress" in policy.spec
    selector = mapping(policy.spec, "podSelector")
    if mappings(selector.get("matchExpressions")):
        return False  # not judged: rare, and a wrong warning is worse than none
    return for_egress and labels_of(selector.get("matchLabels")).items() <= workload.pod_labels.items()


def _lets_dns_out(policy: Item) -> bool:
    for rule in mappings(policy.spec.get("egress")):
        ports = mappings(rule.get("ports"))
        if not ports:
            return True
        for port in ports:
            first, last = port.get("port"), port.get("endPort", port.get("port"))
            if first is None or first in ("dns", "dns-udp"):
                return True
            if isinstance(first, int) and isinstance(last, int) and first <= _DNS_PORT <= last:
                return True
    return False


CHECK = Check(
    _KEY,
    "pods that cannot resolve services: `hostNetwork` with `ClusterFirst`, `dnsPolicy: Default`, `dnsPolicy: None` "
    "with public servers, or a NetworkPolicy that lets nothing out to port 53",
    "every name fails, for these pods only",
    (Severity.WARNING,),
    _look,
    kinds=("StatefulSet",),
    also=("NetworkPolicy",),
)
