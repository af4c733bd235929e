"""Can pods resolve the cluster's names at all?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.egress import DNS_NAMESPACE, isolates, lets_dns_out
from chaos.diagnose.lookup import is_outside
from chaos.diagnose.scripts import program_name
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, text, texts

_KEY = "cannot-resolve"
_DNS_SERVER = re.compile(r"kube-dns|coredns|node-?local-?dns|dnsmasq-nanny|k8s-dns")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.workloads:
        if _is_dns_server(workload):
            continue  # it would ask itself: the node's DNS is right for it
        spec = workload.pod_spec
        policy = text(spec.get("dnsPolicy")) or "ClusterFirst"
        concerns = (workload.name,) if workload.kind == "StatefulSet" else ()
        at = workload.reference(*workload.template_path, "spec")
        if spec.get("hostNetwork") is True and policy == "ClusterFirst":
            yield Diagnostic(
                _KEY,
                # Agents of a node seldom ask for services.
                Severity.NOTE if workload.kind == "DaemonSet" else Severity.WARNING,
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
    yield from _policies(snapshot)


def _is_dns_server(workload: WorkloadItem) -> bool:
    names = (workload.name, *workload.pod_labels.values())
    images = (program_name(text(c.get("image"))).partition(":")[0] for _, c in workload.containers)
    return any(_DNS_SERVER.search(said) for said in (*names, *images))


def _policies(snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Egress policies that leave cluster DNS out; those of several workloads that the same ones isolate, once."""
    found: dict[tuple[int, ...], tuple[list[Item], list[WorkloadItem]]] = {}
    for workload in snapshot.workloads:
        policies = [p for p in snapshot.of("NetworkPolicy", workload.namespace) if isolates(p, workload)]
        if policies and not any(lets_dns_out(snapshot, policy)[0] for policy in policies):
            found.setdefault(tuple(id(p) for p in policies), (policies, []))[1].append(workload)
    for policies, workloads in found.values():
        yield _closed(snapshot, policies, workloads)


def _closed(snapshot: Snapshot, policies: list[Item], workloads: list[WorkloadItem]) -> Diagnostic:
    meant = [rule for policy in policies for rule in lets_dns_out(snapshot, policy)[1]]
    names = ", ".join(f"{w.kind} {w.name}" for w in workloads)
    several = f" ({len(policies)} policies together)" if len(policies) > 1 else ""
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        meant[0].policy.reference(*meant[0].path) if meant else policies[0].reference("spec"),
        f"it lets {names} send nothing to port 53 of cluster DNS{several}, so its pods cannot resolve any name "
        "(where this cluster enforces policies)",
        (
            *(f"NetworkPolicy {p.name} isolates pods for Egress" for p in policies),
            *(rule.why for rule in meant),
            *(f"cluster DNS: pods k8s-app=kube-dns in namespace {DNS_NAMESPACE}" for _ in meant[:1]),
        ),
        "add to egress: {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, "
        "podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: "
        "53}]} (one item of to with both selectors: both must hold)",
        tuple(w.name for w in workloads if w.kind == "StatefulSet"),
    )


CHECK = Check(
    _KEY,
    "pods that cannot resolve services: `hostNetwork` with `ClusterFirst`, `dnsPolicy: Default`, `dnsPolicy: None` "
    "with public servers, or NetworkPolicies that let nothing out to port 53 of cluster DNS, by their peers, ports or "
    "protocols",
    "every name fails, for these pods only",
    (Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("StatefulSet",),
    also=("NetworkPolicy",),
)
