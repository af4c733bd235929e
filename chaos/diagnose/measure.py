"""Asks cluster DNS: a handful of questions for its round-trip time, and one for each name that matters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from chaos.diagnose.measured import DnsServer, Measured
from chaos.diagnose.names import namespace_of, pod_names
from chaos.diagnose.snapshot import Snapshot
from chaos.diagnose.values import text
from chaos.model import Outcome
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT
from chaos.probes import DnsView, Resolver
from chaos.vantage import Vantage

TIMEOUT_S = 1.0
TRIES = 5
# So many names are asked for at most, in so many queries at a time: somebody else lives there.
_MOST_NAMES = 300
_AT_A_TIME = 10
_PAUSE_S = 0.02


async def measure(snapshot: Snapshot, vantage: Vantage, servers: tuple[DnsView, ...]) -> Measured | str:
    """Ask; a text where no server can be reached from here, saying so."""
    resolvers = [Resolver(vantage, server, TIMEOUT_S) for server in servers]
    known = _api_server(snapshot)
    seen_by = await asyncio.gather(*(_round_trips(resolver, known[0]) for resolver in resolvers))
    figures = [server for server, _ in seen_by]
    if not any(server.round_trips_s for server in figures):
        seen = "; ".join(server.describe() for server in figures)
        return f"cluster DNS cannot be reached from here: {seen}. Run it where it can be: chaos diagnose --in-cluster"
    if somebody := _somebody_else(seen_by, *known):
        return somebody
    names = questions(snapshot)
    reachable = [r for r, server in zip(resolvers, figures, strict=True) if server.round_trips_s]
    pairs = [(name, resolver) for name in names[:_MOST_NAMES] for resolver in reachable]
    answers: dict[str, dict[str, Outcome]] = {}
    for start in range(0, len(pairs), _AT_A_TIME):
        batch = pairs[start : start + _AT_A_TIME]
        outcomes = await asyncio.gather(*(resolver.ask(name) for name, resolver in batch))
        for (name, resolver), outcome in zip(batch, outcomes, strict=True):
            answers.setdefault(name, {})[resolver.view.name] = outcome
        await asyncio.sleep(_PAUSE_S)
    return Measured(tuple(figures), answers, max(0, len(names) - _MOST_NAMES))


def _api_server(snapshot: Snapshot) -> tuple[str, str]:
    """The name that every cluster has, and its address; empty where that may not be read."""
    rows = (*snapshot.of("Service", "default"), *(s for s in snapshot.elsewhere if s.namespace == "default"))
    address = next((text(s.spec.get("clusterIP")) for s in rows if s.name == "kubernetes"), "")
    return f"kubernetes.default.svc.{snapshot.domain}", address


def _somebody_else(seen: Sequence[tuple[DnsServer, Sequence[Outcome]]], name: str, address: str) -> str:
    """Why what answers is not the cluster's DNS; empty where it is. A single server that is wrong is a finding."""
    answers = [outcome for _, outcomes in seen for outcome in outcomes]
    if any(o.status in DNS_PRESENT and (not address or address in o.values) for o in answers):
        return ""
    said = ", ".join(sorted({", ".join(o.values) or o.status for o in answers}))
    promised = f", which is {address}" if address else ""
    return (
        f"what answers from here at the addresses of cluster DNS is not the cluster's, but a VPN's or a transparent "
        f"proxy's, say (or the cluster's domain is another): it says {said} for {name}{promised}. Run it where cluster "
        "DNS can be reached: chaos diagnose --in-cluster"
    )


async def _round_trips(resolver: Resolver, name: str) -> tuple[DnsServer, list[Outcome]]:
    """Ask for the name that every cluster has, one question after the other; with what was answered."""
    loop = asyncio.get_running_loop()
    took: list[float] = []
    failures, answers = [], []
    for _ in range(TRIES):
        sent_s = loop.time()
        outcome = await resolver.ask(name)
        if outcome.status in DNS_PRESENT or outcome.status in DNS_ABSENT:
            took.append(loop.time() - sent_s)
            answers.append(outcome)
        else:
            failures.append(outcome.status)
            if not took and len(failures) > 1:
                break  # it is not there
    return DnsServer(resolver.view, tuple(took), tuple(failures)), answers


def questions(snapshot: Snapshot) -> list[str]:
    """Absolute names that the checks want to know about."""
    names: dict[str, None] = {}
    for workload in snapshot.sets:
        end = f"{workload.namespace}.svc.{snapshot.domain}"
        subdomains = {pod.name: text(pod.spec.get("subdomain")) for pod in snapshot.pods_of(workload)}
        for pod in (f"{workload.name}-{ordinal}" for ordinal in workload.ordinals):
            for subdomain in filter(None, (workload.service_name, subdomains.get(pod))):
                names[f"{pod}.{subdomain}.{end}"] = None
    for service in snapshot.of("Service"):
        if any(w.namespace == service.namespace for w in snapshot.workloads):
            names[f"{service.name}.{service.namespace}.svc.{snapshot.domain}"] = None
    for name in pod_names(snapshot):
        if not name.base or name.is_variable:
            continue
        known = next((w for w in snapshot.sets if w.name == name.base), None)
        if known is not None:
            ordinal = name.ordinals[0] if name.ordinals else known.first_ordinal
            namespace = namespace_of(snapshot, name)
            names[f"{name.base}-{ordinal}.{name.service}.{namespace}.svc.{snapshot.domain}"] = None
    return list(names)
