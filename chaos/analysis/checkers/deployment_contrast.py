"""Does a Deployment's pod, in contrast, come back under another name and without a record of its own?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.claims import Finding, against, checker, holds, unsure
from chaos.analysis.identity_notes import Contrast
from chaos.analysis.notes import note, notes
from chaos.analysis.reading import Reading
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT


@checker("events.jsonl")
def deployment_contrast(reading: Reading) -> Iterator[Finding]:
    """Judges what the method found and wrote down."""
    last = note(reading, Contrast, "the contrast with a Deployment was not measured")
    for found in notes(reading, Contrast):
        deleted, replacement, status = found.deleted, found.replacement, found.per_pod_record
        if not isinstance(deleted, str) or not isinstance(replacement, str) or not deleted or not replacement:
            yield unsure("the Deployment's pods are not named")
        elif deleted == replacement:
            yield against(f"the Deployment's pod came back under the same name, {deleted}")
        if status in DNS_PRESENT:
            yield against(f"the Deployment's pod {deleted} had a DNS record of its own")
        elif status not in DNS_ABSENT:
            yield unsure(f"the query for the Deployment's pod gave {status or 'nothing'}")
    deleted, replacement, status = last.deleted, last.replacement, last.per_pod_record
    yield holds(f"The Deployment's pod {deleted} was replaced by {replacement}; the query for its name gave {status}.")
