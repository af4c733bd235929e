"""The owner of a namespace allows experiments in it, and may take that back at any time."""

from __future__ import annotations

from datetime import UTC, datetime

from chaos.engine.consent import Consent, consent_of
from chaos.engine.guards.guard import Guard, Injection, Scene
from chaos.errors import PreflightError

_APART_S = 5.0


class NamespaceConsentGuard(Guard):
    """Consent of a namespace, read again before each fault."""

    name = "consent"
    refuses = "work in a namespace whose owner has not allowed it, or go on there once that is taken back or over"
    switch = "chaos allow"
    asks = True

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        if not scene.namespace:
            return ""
        consent, latest, apart_s = await self._read(scene)
        if not consent.given:
            why = f": {consent.wrong}" if consent.wrong else ""
            raise self.refusal(
                f"namespace {scene.namespace} does not allow experiments{why}",
                hint=f"its owner allows them with: {_allow(scene)}",
            )
        if consent.until is None:
            return ""
        self._refuse_over(scene, consent.until, latest, apart_s)
        until = f"{consent.until:%Y-%m-%d %H:%M:%S} UTC"
        return f"namespace {scene.namespace} allows experiments until {until}{_apart(apart_s)}"

    async def check_injection(self, scene: Scene, injection: Injection) -> None:
        """See `Guard.check_injection`."""
        if not scene.namespace:
            return
        consent, latest, apart_s = await self._read(scene)
        if not consent.given:
            raise self.refusal(
                f"namespace {scene.namespace} does not allow experiments any more, so there is no {injection.what}",
                hint=f"its owner took that back; who may allows them again: {_allow(scene)}",
            )
        if consent.until is not None:
            self._refuse_over(scene, consent.until, latest, apart_s)

    async def _read(self, scene: Scene) -> tuple[Consent, datetime, float]:
        found = await scene.cluster.get("Namespace", scene.namespace)
        if found is None:
            raise PreflightError(
                f"{scene.cluster.name} has no namespace {scene.namespace}",
                hint="create it, or leave --namespace out: one is made then",
            )
        consent = consent_of(found)
        if consent.until is None:
            return consent, datetime.max.replace(tzinfo=UTC), 0.0
        now = await scene.now()
        return consent, now.latest, now.apart.total_seconds()

    def _refuse_over(self, scene: Scene, until: datetime, latest: datetime, apart_s: float) -> None:
        if latest >= until:
            raise self.refusal(
                f"namespace {scene.namespace} allowed experiments until {until:%Y-%m-%d %H:%M:%S} UTC, and it is "
                f"{latest:%Y-%m-%d %H:%M:%S} UTC now{_apart(apart_s)}",
                hint=f"its owner allows them again with: {_allow(scene)}",
            )


def _apart(apart_s: float) -> str:
    """What to know of two clocks that disagree."""
    if apart_s <= _APART_S:
        return ""
    return f"; this machine's clock and the API server's are {apart_s:.0f} s apart, and the later one counts"


def _allow(scene: Scene) -> str:
    where = " ".join(scene.place.address.as_options())
    return f"chaos allow -n {scene.namespace} {where} --for 8h" if not scene.place.simulated else "chaos allow"
