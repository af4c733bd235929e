"""Does a Deployment's pod, in contrast, come back under another name and without a record of its own?"""

from __future__ import annotations

from chaos.analysis.checkers.verdicts import combine
from chaos.model import History, Verdict, VerdictOutcome
from chaos.model.outcome import DNS_ABSENT, DNS_PRESENT

NAME = "deployment-contrast"


def deployment_contrast(history: History) -> Verdict:
    """Judges what the method found, which it wrote down as the mark ``contrast``."""
    details = next((details for _, what, details in reversed(history.marks) if what == "contrast"), None)
    if details is None:
        return Verdict(NAME, VerdictOutcome.UNKNOWN, "The contrast with a Deployment was not measured.")
    deleted, replacement = details.get("deleted"), details.get("replacement")
    status = str(details.get("per_pod_record", ""))
    failures, unknowns = [], []
    if not deleted or not replacement:
        unknowns.append("the Deployment's pods are not named")
    elif deleted == replacement:
        failures.append(f"the Deployment's pod came back under the same name, {deleted}")
    if status in DNS_PRESENT:
        failures.append(f"the Deployment's pod {deleted} had a DNS record of its own")
    elif status not in DNS_ABSENT:
        unknowns.append(f"the query for the Deployment's pod gave {status or 'nothing'}")
    success = f"The Deployment's pod {deleted} was replaced by {replacement}; the query for its name gave {status}."
    return combine(NAME, failures=failures, unknowns=unknowns, success=success, evidence=("events.jsonl",))
