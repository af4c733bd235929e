"""Could all that was given be read?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check, Needs
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Reference, Severity
from chaos.diagnose.not_read import Why
from chaos.diagnose.snapshot import Snapshot

_KEY = "not-read"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic | NotChecked]:
    for row in snapshot.not_read:
        if row.why is Why.BROKEN:
            at = Reference("document", "", "", row.file, row.line)
            yield Diagnostic(_KEY, Severity.ERROR, at, row.what, ("kubectl refuses it too",), row.fix)
            continue
        place = f"{row.file}:{row.line}" if row.line else row.file
        then = f" ({row.fix})" if row.fix else ""
        yield NotChecked(_KEY, f"{place}: {row.what}{then}", failed=row.why is Why.TEMPLATE)


CHECK = Check(
    _KEY,
    "a document of a file that is no YAML, or no object; templates that were not rendered are not checked, and neither "
    "are kustomizations, charts and their values",
    "it is read as kubectl reads it; the other documents are looked at all the same",
    (Severity.ERROR,),
    _look,
    needs=Needs.FILES,
)
