"""What the owner of a namespace allows, and until when: a label, and for a while an annotation beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chaos.cluster.client import Cluster
from chaos.model.object import Object

OPT_IN_LABEL = "chaos-identity.io/allowed"
# Values of the label: consent without an end, and for a while. Older versions know only the first, and take the second
# for no consent, which is the safe side.
UNTIL_REVOKED, FOR_A_WHILE = "true", "until"
UNTIL = "chaos-identity.io/allowed-until"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a namespace says.

    Attributes:
        given: whether it allows experiments, or did.
        until: when that ends; None: when it is taken back.
        wrong: why what it says cannot be read; it allows nothing then.
    """

    given: bool
    until: datetime | None = None
    wrong: str = ""


def consent_of(namespace: Object) -> Consent:
    """Read it."""
    meta = namespace["metadata"]
    said = (meta.get("labels") or {}).get(OPT_IN_LABEL)
    if said == UNTIL_REVOKED:
        return Consent(given=True)
    if said != FOR_A_WHILE:
        return Consent(given=False)
    text = str((meta.get("annotations") or {}).get(UNTIL, ""))
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        return Consent(given=False, wrong=f"its annotation {UNTIL} is {text!r:.60}, and no time")
    if until.tzinfo is None:
        return Consent(given=False, wrong=f"its annotation {UNTIL} is {text}, and names no time zone")
    try:
        return Consent(given=True, until=until.astimezone(UTC))
    except OverflowError:
        return Consent(given=False, wrong=f"its annotation {UNTIL} is {text}, which no calendar has in UTC")


def granted(until: datetime | None) -> Object:
    """The patch of a namespace that gives it."""
    label = UNTIL_REVOKED if until is None else FOR_A_WHILE
    text = None if until is None else until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"metadata": {"labels": {OPT_IN_LABEL: label}, "annotations": {UNTIL: text}}}


def revoked() -> Object:
    """The patch of a namespace that takes it back."""
    return {"metadata": {"labels": {OPT_IN_LABEL: None}, "annotations": {UNTIL: None}}}


@dataclass(frozen=True, slots=True)
class Clocks:
    """What time it is, by two clocks; UTC.

    Attributes:
        here: this machine's.
        server: the API server's.
    """

    here: datetime
    server: datetime

    @property
    def latest(self) -> datetime:
        """The later of both: consent has ended as soon as one of the clocks says so."""
        return max(self.here, self.server)

    @property
    def apart(self) -> timedelta:
        """How much they disagree; the server tells whole seconds."""
        return abs(self.here - self.server)


async def clocks(cluster: Cluster) -> Clocks:
    """Ask both.

    Raises:
        ApiError: the server does not tell.
    """
    before_s, server_s, after_s = await cluster.server_date()
    return Clocks(
        datetime.fromtimestamp((before_s + after_s) / 2, UTC),
        datetime.fromtimestamp(server_s, UTC),
    )
