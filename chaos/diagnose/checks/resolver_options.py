"""Do a pod's own resolver options leave its short names to the search list?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.lookup import Lookup, addresses_of, is_outside, lookup_of, standard
from chaos.diagnose.names import namespace_of, pod_names
from chaos.diagnose.passages import Passage, passages
from chaos.diagnose.snapshot import Snapshot, WorkloadItem

_KEY = "resolver-options"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    odd = {id(w.object): w for w in snapshot.workloads if w.pod_spec.get("dnsConfig") and not is_outside(w.pod_spec)}
    if not odd:
        return
    told = set()
    for passage, written, asked, absolute in _asked(snapshot):
        for reader in passage.readers:
            if id(reader.object) not in odd or asked in addresses_of(reader.pod_spec):
                continue
            lookup = lookup_of(passage, reader.pod_spec, snapshot.domain)
            if absolute in lookup.tried(asked) or absolute not in standard(passage.namespace, snapshot.domain).tried(
                asked
            ):
                continue
            if (id(reader.object), written) not in told:
                told.add((id(reader.object), written))
                yield _finding(reader, passage, written, asked, absolute, lookup)


def _asked(snapshot: Snapshot) -> Iterator[tuple[Passage, str, str, str]]:
    """(passage, name as it stands there, as it is asked for, what is meant)."""
    for name in pod_names(snapshot):
        if name.is_variable or namespace_of(snapshot, name) != (name.namespace or name.home):
            continue
        base = name.base or (name.owner.name if name.owner else "")
        pod = f"{base}-{(name.ordinals or (0,))[0]}"
        rest = [name.service, *filter(None, (name.namespace,)), *(("svc",) if name.full else ())]
        asked = ".".join((pod, *rest, *filter(None, (name.domain,))))
        yield (
            name.passage,
            name.written,
            asked,
            f"{pod}.{name.service}.{name.namespace or name.home}.svc.{snapshot.domain}",
        )
    services = sorted((s.name, s.namespace) for s in (*snapshot.of("Service"), *snapshot.elsewhere) if s.name)
    if not services:
        return
    known = "|".join(re.escape(row) for row in sorted({name for name, _ in services}, key=len, reverse=True))
    # A name of one label only matters where there is no search list at all.
    host = rf"(?:(?<=://)|(?<=@)|(?<![\w./$-]))(?P<service>{known})"
    pattern = re.compile(rf"{host}(?:\.(?P<namespace>{_LABEL})(?P<svc>\.svc)?)?(?P<port>:\d+)?(?![\w.$-])")
    for passage in passages(snapshot):
        for match in pattern.finditer(passage.line):
            namespace = match["namespace"] or passage.namespace
            surely = match["namespace"] or match["port"]
            if surely and (match["service"], namespace) in services:
                written = match[0].removesuffix(match["port"] or "")
                yield passage, written, written, f"{match['service']}.{namespace}.svc.{snapshot.domain}"


def _finding(
    reader: WorkloadItem, passage: Passage, written: str, asked: str, absolute: str, lookup: Lookup
) -> Diagnostic:
    dots = asked.count(".")
    options = f"dnsPolicy: {lookup.policy}, ndots {lookup.ndots}, search {' '.join(lookup.searches) or 'nothing'}"
    if lookup.musl and dots >= lookup.ndots:
        why = (
            f"{written} has {_dots(dots)}, ndots is {lookup.ndots}, and musl's resolver (its image is "
            f"{passage.image}) then leaves out the search list: NXDOMAIN"
        )
        fix = f"remove ndots from dnsConfig (5 is the default), or write {_full(written, asked, absolute)}"
    else:
        why = f"no domain of its search list makes {written} a name of the cluster: NXDOMAIN"
        domain = absolute.partition(".svc.")[2]
        namespace = absolute.partition(".svc.")[0].rpartition(".")[2]
        fix = (
            f"set dnsConfig.searches: [{namespace}.svc.{domain}, svc.{domain}, {domain}] and ndots: 5, or write "
            f"{_full(written, asked, absolute)}"
        )
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        passage.at,
        f"{reader.kind} {reader.name} asks for a name that its own dnsConfig keeps it from: {why}",
        (written, options),
        fix,
        (reader.name,) if reader.kind == "StatefulSet" else (),
    )


def _dots(count: int) -> str:
    return "1 dot" if count == 1 else f"{count} dots"


def _full(written: str, asked: str, absolute: str) -> str:
    """What is written, made whole."""
    return written + absolute[len(asked) :] if absolute.startswith(asked) else absolute


CHECK = Check(
    _KEY,
    "names that a pod's own `dnsConfig` keeps it from: with `ndots: 1` an Alpine image (musl) never searches for "
    "`db-0.db`, with `dnsPolicy: None` and no `searches` nobody does",
    "the same name works in every other pod, so it is looked for everywhere else",
    (Severity.WARNING,),
    _look,
    kinds=("StatefulSet", "Service"),
    also=("Deployment", "ConfigMap", "Job"),
)
