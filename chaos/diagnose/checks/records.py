"""Does DNS say what the API says?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check, Needs
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Reference, Severity
from chaos.diagnose.endpoints import expected_records
from chaos.diagnose.snapshot import Snapshot, is_headless
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT

_KEY = "record"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic | NotChecked]:
    measured = snapshot.measured
    if measured is None:  # cannot be: this check needs DNS answers, and is skipped without them
        return
    if measured.left_out:
        yield NotChecked(_KEY, f"{measured.left_out} names were not asked for: too many")
    expected = expected_records(snapshot)
    headless = {f"{s.name}.{s.namespace}.svc.{snapshot.domain}" for s in snapshot.of("Service") if is_headless(s)}
    for name, answers in measured.answers.items():
        below = name.partition(".")[2]
        wanted = expected.get(name, frozenset())
        if not wanted and name not in headless and below not in headless:
            continue  # a name that no service promises: other checks are about it
        differing = {}
        for server, outcome in answers.items():
            if outcome.status in DNS_PRESENT and wanted != frozenset(outcome.values):
                differing[server] = ", ".join(outcome.values)
            elif outcome.status in DNS_ABSENT and wanted:
                differing[server] = outcome.status
        if differing:
            yield _finding(snapshot, name, wanted, differing, len(answers))


def _finding(
    snapshot: Snapshot, name: str, wanted: frozenset[str], differing: dict[str, str], asked: int
) -> Diagnostic:
    parts = name.split(".")
    labels = parts[: parts.index("svc")]
    service, namespace = labels[-2:]
    item = snapshot.get("Service", service, namespace)
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        Reference("DNS name", name),
        f"{len(differing)} of {asked} DNS servers contradict the API",
        (
            f"EndpointSlices and Service say: {', '.join(sorted(wanted)) or 'no such name'}",
            *(f"{server} says: {said}" for server, said in sorted(differing.items())),
        ),
        "a server that cannot reach the API answers from what it knew: kubectl -n kube-system logs -l k8s-app=kube-dns",
        snapshot.sets_behind(item) if item else (),
    )


CHECK = Check(
    _KEY,
    "A records of services and pods that differ from the EndpointSlices, asked of each DNS server; seen twice, "
    "a second apart",
    "a server that lost its watch of the API goes on giving old addresses",
    (Severity.ERROR,),
    _look,
    needs=Needs.DNS,
    kinds=("Service", "EndpointSlice", "StatefulSet"),
)
