"""Names of pods without a service: ``kv-0:2380``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.lookup import addresses_of, lookup_of
from chaos.diagnose.names import ORDINALS, is_own, ordinals_of
from chaos.diagnose.places import Place, places
from chaos.diagnose.snapshot import Snapshot, WorkloadItem

# What a text is for, where a value without a port is a host.
_HOSTS = r"(?:hosts?|seeds?|seed_provider|peers|servers?|addr(?:s|ess|esses)?|join)"
_KEY = re.compile(rf"(?:.*[\W_])?{_HOSTS}", re.IGNORECASE)
_ASSIGNED = re.compile(rf"(?:^|[\s,{{\"'-])(?P<key>[\w.-]*{_HOSTS})[\"']?\s*[=:]\s*(?P<value>.*)", re.IGNORECASE)
_ASKS = r"(?:nslookup|ping(?: -\S+)*|getent (?:a?hosts\w*)|dig(?: \+\S+)*|host|nc(?: -\S+)*|telnet|ssh(?: -\S+)*)"
_ANNOUNCED = re.compile(r"advertis|announce|broadcast", re.IGNORECASE)


def bare_names(snapshot: Snapshot, check: str) -> Iterator[Diagnostic]:
    """Hosts that are a pod's name alone, which no search list completes."""
    if not snapshot.sets:
        return
    names = {workload.name: None for workload in snapshot.sets}
    base = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pod = rf"(?P<pod>(?P<base>{base})-(?P<ordinal>{ORDINALS}))"
    in_url = re.compile(rf"(?:://|(?<=[\w:)}}])@|\b{_ASKS} |(?<![\w./$-])){pod}(?![\w.-])(?P<port>:\d{{2,5}}\b)?")
    alone = re.compile(rf"[\s,\"'\[]*{pod}[\"'\],]*(?![\w.:=/@-])")
    seen = set()
    for place in places(snapshot):
        for match in chain(_in_urls(in_url, place), _alone(alone, place)):
            workload = next((w for w in snapshot.sets if (w.namespace, w.name) == (place.namespace, match["base"])), None)
            key = (match["pod"], place.at)
            if workload is None or key in seen or not _is_nowhere(snapshot, place, workload, match):
                continue
            seen.add(key)
            yield _finding(check, place, workload, match["pod"])
        yield from _announced(snapshot, check, place)


def _in_urls(pattern: re.Pattern[str], place: Place) -> Iterator[re.Match[str]]:
    for match in pattern.finditer(place.line):
        asked = match[0][: match.start("pod") - match.start()]
        if match["port"] or asked:
            yield match


def _alone(pattern: re.Pattern[str], place: Place) -> Iterator[re.Match[str]]:
    """Of a text that is a list of nothing else, where what it is for says that they are hosts."""
    value = place.line if _KEY.fullmatch(place.key) else ""
    if assigned := _ASSIGNED.search(place.line):
        value = assigned["value"]
    end, found = 0, []
    while match := pattern.match(value, end):
        found.append(match)
        end = match.end()
    if not value[end:].strip(" ,;\"'])"):
        yield from found


def _is_nowhere(snapshot: Snapshot, place: Place, workload: WorkloadItem, match: re.Match[str]) -> bool:
    """Whether none of the things is there that make such a name work."""
    numbers = ordinals_of(match["ordinal"])
    names = [f"{workload.name}-{n}" for n in numbers] or [f"{workload.name}-{workload.first_ordinal}"]
    if any(snapshot.get("Service", name, workload.namespace) for name in names):
        return False
    own = place.owner is not None and place.owner.object is workload.object
    if own and workload.replicas <= 1:
        return False  # by the pod's own /etc/hosts
    if any(w.kind != "StatefulSet" and (w.pod_spec.get("hostname") or w.name) in names for w in snapshot.workloads):
        return False
    return not any(_completed(snapshot, place, reader, workload, names) for reader in place.readers)


def _completed(
    snapshot: Snapshot, place: Place, reader: WorkloadItem, workload: WorkloadItem, names: list[str]
) -> bool:
    """Whether the reader's own search list or ``/etc/hosts`` has them."""
    if addresses_of(reader.pod_spec) & set(names):
        return True
    wanted = f"{names[0]}.{workload.service_name}.{workload.namespace}.svc."
    return any(name.startswith(wanted) for name in lookup_of(place, reader.pod_spec, snapshot.domain).tried(names[0]))


def _finding(check: str, place: Place, workload: WorkloadItem, written: str) -> Diagnostic:
    service = workload.service_name
    return Diagnostic(
        check,
        Severity.ERROR,
        place.at,
        f"it asks for a pod of StatefulSet {workload.name} by the pod's name alone, which is no name in DNS: NXDOMAIN "
        "(a pod knows its own by /etc/hosts, nobody else's)",
        (written, f"serviceName of StatefulSet {workload.name} is {service or '(empty)'}"),
        f"write {written}.{service}" if service else "give the StatefulSet a serviceName",
        (workload.name,),
    )


def _announced(snapshot: Snapshot, check: str, place: Place) -> Iterator[Diagnostic]:
    """Its own name alone, told to others."""
    owner = place.owner
    if owner is None or owner.kind != "StatefulSet" or owner.replicas <= 1 or not owner.service_name:
        return
    for match in re.finditer(r"(\$\{\w+\}|\$\(\w+\)|\$\w+|\$\(hostname(?: -s)?\))(?![\w.-])", place.line):
        before = place.line[: match.start()]
        words = re.split(r"[\s,;]", before)
        for_what = (words[-1] or (words[-2] if len(words) > 1 else "")) + " " + place.key
        host = re.search(r"(?:://|[=\s\"'@]|^)$", before)
        if not host or not _ANNOUNCED.search(for_what) or not is_own(match[1], place.variables):
            continue
        names = [f"{owner.name}-{owner.first_ordinal}"]
        if snapshot.get("Service", names[0], owner.namespace) or _completed(snapshot, place, owner, owner, names):
            continue
        yield Diagnostic(
            check,
            Severity.ERROR,
            place.at,
            f"its pods announce themselves by their names alone ({match[1]}), which nobody else can look up: NXDOMAIN",
            (place.line.strip() if len(place.line) < 200 else match[1],),  # noqa: PLR2004 - a line that can be shown
            f"write {match[1]}.{owner.service_name}",
            (owner.name,),
        )
