"""Do full names end as the cluster's names do?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Severity
from chaos.diagnose.passages import Passage, passages
from chaos.diagnose.snapshot import Snapshot
from chaos.diagnose.variables import expanded

_KEY = "full-name"
_USUAL = "cluster.local"
_ENDED = re.compile(
    r"(?<![^\s\"'/@,=:|;(<])(?P<head>[^\s\"'/@,=*:|;(<.][^\s\"'/@,=:|;<]*?)\.svc\.(?P<domain>[a-z][a-z0-9.-]*[a-z0-9])"
)
# What stands before the usual domain where no .svc. does; pods by their addresses have `pod`.
_UNSAID = re.compile(
    rf"(?<![\w.$*-])(?P<head>[a-z0-9][\w${{}}().-]*?)\.(?P<last>[a-z0-9-]+)\.{re.escape(_USUAL)}(?![\w-])"
)
_MISTYPED = frozenset({"scv", "vsc", "sv", "svs", "src", "srv", "svcs", "service", "services"})
# A typing error changes so many letters at most.
_LETTERS = 2
# Not a cluster's own: names of services that several clusters share (KEP-1645).
_SHARED = frozenset({"clusterset.local"})


@dataclass(frozen=True, slots=True)
class _Name:
    """A name with `.svc.`, as it stands at a passage."""

    head: str
    domain: str
    passage: Passage

    @property
    def written(self) -> str:
        return f"{self.head}.svc.{self.domain}"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic | NotChecked]:
    strange: dict[str, None] = {}
    seen = set()
    for passage in passages(snapshot):
        for match in _ENDED.finditer(passage.line):
            name = _Name(match["head"], match["domain"], passage)
            if (name.written, passage.at) in seen:
                continue
            seen.add((name.written, passage.at))
            if finding := _without_namespace(snapshot, name):
                yield finding
            elif snapshot.domain_known:
                if name.domain not in (snapshot.domain, *_SHARED) and _is_known(snapshot, name):
                    yield _of_cluster(snapshot, name)
            elif is_typo(name.domain):
                yield _typo(name)
            elif name.domain not in (_USUAL, *_SHARED):
                strange[name.domain] = None
        yield from _without_svc(snapshot, passage)
    for domain in strange:
        yield NotChecked(_KEY, f"names end with {domain}: whether that is the cluster's domain is not known here")


def is_typo(domain: str) -> bool:
    """Whether a domain is ``cluster.local`` with a slip: a letter or two wrong, or a part left out."""
    if domain in ("cluster", "local"):
        return True
    first, dot, last = domain.partition(".")
    if not dot or domain == _USUAL or "." in last:
        return False
    wrong_last = first == "cluster" and 0 < _distance(last, "local") <= _LETTERS
    # mycluster, clusters, cluster-2: somebody's own choice
    wrong_first = last == "local" and "cluster" not in first and 0 < _distance(first, "cluster") <= _LETTERS
    return wrong_last or (wrong_first and not any(c.isdigit() for c in first))


def _distance(one: str, other: str) -> int:
    """How many letters are to be changed, added or taken away."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def _parts(name: _Name) -> list[str]:
    return expanded(name.head, name.passage.variables).split(".")


def _is_known(snapshot: Snapshot, name: _Name) -> bool:
    """Whether it names a service that is there: another cluster's names end otherwise, rightly."""
    parts = _parts(name)
    services = {(s.name, s.namespace) for s in (*snapshot.of("Service"), *snapshot.elsewhere)}
    return len(parts) > 1 and (parts[-2], parts[-1]) in services


def _without_namespace(snapshot: Snapshot, name: _Name) -> Diagnostic | None:
    parts, home = _parts(name), name.passage.namespace
    one = len(parts) == 1 and parts[0] != home and snapshot.get("Service", parts[0], home) is not None
    if not one or any(item.namespace == parts[0] for item in snapshot.items):
        return None
    fixed = f"{name.head}.{home}.svc.{name.domain}"
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        name.passage.at,
        f"it leaves out the namespace of Service {parts[0]} before .svc: NXDOMAIN",
        (name.written, f"Service {parts[0]} is in namespace {home}"),
        f"write {fixed}",
        _concerns(name),
    )


def _without_svc(snapshot: Snapshot, passage: Passage) -> Iterator[Diagnostic]:
    """Names of services that are there, with something else than `.svc` before the domain, or nothing."""
    for match in _UNSAID.finditer(expanded(passage.line, passage.variables)):
        head, last = match["head"], match["last"]
        if last in _MISTYPED and _is_known(snapshot, _Name(head, _USUAL, passage)):
            fixed, what = f"{head}.svc.{_USUAL}", f"has {last} in place of svc"
        elif last not in ("svc", "pod") and _is_known(snapshot, _Name(f"{head}.{last}", _USUAL, passage)):
            fixed, what = f"{head}.{last}.svc.{_USUAL}", "leaves out svc"
        else:
            continue
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            passage.at,
            f"it {what} before {_USUAL}: NXDOMAIN",
            (match[0],),
            f"write {fixed}",
            tuple(w.name for w in passage.readers if w.kind == "StatefulSet"),
        )


def _of_cluster(snapshot: Snapshot, name: _Name) -> Diagnostic:
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        name.passage.at,
        f"it ends with {name.domain}, and this cluster's domain is {snapshot.domain}: NXDOMAIN",
        (name.written, *snapshot.dns_says([f"{'.'.join(_parts(name))}.svc"])),
        f"write {name.head}.svc.{snapshot.domain}, or {name.head}.svc, which is right in every cluster",
        _concerns(name),
    )


def _typo(name: _Name) -> Diagnostic:
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        name.passage.at,
        f"it ends with {name.domain}, which is {_USUAL} mistyped: NXDOMAIN",
        (name.written,),
        f"write {name.head}.svc.{_USUAL}, or {name.head}.svc, which is right in every cluster",
        _concerns(name),
    )


def _concerns(name: _Name) -> tuple[str, ...]:
    return tuple(w.name for w in name.passage.readers if w.kind == "StatefulSet")


CHECK = Check(
    _KEY,
    "names that say `.svc` and end with another domain than the cluster's (`…svc.cluster.locl`; `…svc.cluster.local` "
    "where the domain is another), or leave out the namespace or `svc`",
    "no search list makes them right: NXDOMAIN",
    (Severity.ERROR,),
    _look,
    kinds=("Service",),
    also=("StatefulSet", "ConfigMap"),
)
