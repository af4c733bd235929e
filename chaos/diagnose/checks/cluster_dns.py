"""Is cluster DNS well?"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from chaos.diagnose.check import Check, Needs
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Reference, Severity
from chaos.diagnose.snapshot import Snapshot, is_ready
from chaos.diagnose.values import mappings, number

if TYPE_CHECKING:
    from chaos.diagnose.measured import DnsServer

_KEY = "cluster-dns"
# There is no official threshold. A query inside a cluster takes about a millisecond; a tenth of a second shows in every
# connection that an application opens.
SLOW_S = 0.1
_LOGS = "kubectl -n kube-system logs -l k8s-app=kube-dns"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic | NotChecked]:
    if snapshot.unread.get("pods of cluster DNS"):
        yield NotChecked(_KEY, f"the pods of cluster DNS: {snapshot.unread['pods of cluster DNS']}")
    else:
        yield from _pods(snapshot)
    if snapshot.measured is None:
        yield NotChecked(_KEY, f"round-trip times: {snapshot.unmeasured}")
        return
    for server in snapshot.measured.servers:
        yield from _server(server)


def _pods(snapshot: Snapshot) -> Iterator[Diagnostic]:
    ready = [pod for pod in snapshot.dns_pods if is_ready(pod)]
    everyone = Reference("Service", "kube-dns", "kube-system")
    if not ready:
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            everyone,
            "no pod of cluster DNS is Ready: no name resolves",
            tuple(f"{pod.name}: {pod.status.get('phase')}" for pod in snapshot.dns_pods)
            or ("no pods labelled k8s-app=kube-dns",),
            "kubectl -n kube-system describe pods -l k8s-app=kube-dns",
        )
        return
    for pod in snapshot.dns_pods:
        if pod not in ready:
            yield Diagnostic(
                _KEY,
                Severity.WARNING,
                pod.reference(),
                "this pod of cluster DNS is not Ready: the others answer for it",
                (f"{len(ready)} of {len(snapshot.dns_pods)} are Ready", f"phase {pod.status.get('phase')}"),
                f"kubectl -n kube-system describe pod {pod.name}",
            )
        restarts = sum(number(c.get("restartCount"), 0) for c in mappings(pod.status.get("containerStatuses")))
        if restarts:
            yield Diagnostic(
                _KEY,
                Severity.NOTE,
                pod.reference(),
                f"this pod of cluster DNS was restarted {restarts} times: queries that were under way then had "
                "no answer",
                (f"restartCount {restarts}",),
                f"{_LOGS} --previous",
            )
    if len(ready) == 1 and len(snapshot.dns_pods) == 1:
        yield Diagnostic(
            _KEY,
            Severity.NOTE,
            everyone,
            "cluster DNS is one pod: while that is replaced, no name resolves",
            (f"pods labelled k8s-app=kube-dns: {ready[0].name}",),
            "kubectl -n kube-system scale deployment coredns --replicas=2",
        )


def _server(server: DnsServer) -> Iterator[Diagnostic]:
    at = Reference("DNS server", f"{server.view.name} ({server.view.address})")
    if not server.round_trips_s:
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            at,
            "it does not answer, and others do",
            (server.describe(),),
            _LOGS,
        )
        return
    if server.failures:
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            at,
            "it left queries unanswered: resolvers wait some seconds before they ask again (5 s by default)",
            (server.describe(), f"failures: {', '.join(server.failures)}"),
            _LOGS,
        )
    if median(server.round_trips_s) > SLOW_S:
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            at,
            f"it is slow: more than {1000 * SLOW_S:.0f} ms",
            (server.describe(),),
            "look at its CPU and at its upstream: kubectl -n kube-system top pods -l k8s-app=kube-dns",
        )


CHECK = Check(
    _KEY,
    "pods of cluster DNS that are missing, not Ready or were restarted; servers that do not answer, lose "
    "queries, or need more "
    f"than {1000 * SLOW_S:.0f} ms (median of five)",
    "every name of the cluster depends on it",
    (Severity.ERROR, Severity.WARNING, Severity.NOTE),
    _look,
    needs=Needs.CLUSTER,
)
