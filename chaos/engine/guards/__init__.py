"""What the tool never does without being told to: a guard a file, all of them in one list."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.engine.guards.budgets import BudgetsGuard
from chaos.engine.guards.consent import NamespaceConsentGuard
from chaos.engine.guards.disturbing import ClusterDnsGuard, NodeCommandsGuard, NodesGuard
from chaos.engine.guards.guard import Guard, GuardError, Injection, Scene
from chaos.engine.guards.known_cluster import KnownClusterGuard
from chaos.engine.guards.namespaces import DefaultNamespaceGuard, SystemNamespaceGuard
from chaos.engine.guards.radius import RadiusGuard
from chaos.engine.guards.steady import SteadyFirstGuard
from chaos.engine.guards.windows import HoursGuard
from chaos.errors import AbortedError

__all__ = ["GUARDS", "Guard", "GuardError", "Guards", "Injection", "Scene"]

# In the order in which they look; before a run those that ask nothing of the cluster come first (`check_start`).
GUARDS: tuple[Guard, ...] = (
    SystemNamespaceGuard(),
    DefaultNamespaceGuard(),
    ClusterDnsGuard(),
    NodesGuard(),
    NodeCommandsGuard(),
    NamespaceConsentGuard(),
    HoursGuard(),
    SteadyFirstGuard(),
    RadiusGuard(),
    BudgetsGuard(),
    KnownClusterGuard(),
)


class Guards:
    """All guards of a run."""

    def __init__(self, scene: Scene, guards: Sequence[Guard] = GUARDS) -> None:
        self._scene = scene
        self._guards = guards

    async def check_start(self, *, asking: bool) -> list[str]:
        """Before anything is touched: those that ask the cluster, or those that do not.

        Returns:
            What the user should know.

        Raises:
            GuardError: the run may not begin.
        """
        said = [await guard.check_start(self._scene) for guard in self._guards if guard.asks is asking]
        return [sentence for sentence in said if sentence]

    async def check_injection(self, injection: Injection) -> None:
        """Right before a fault.

        Raises:
            AbortedError: it may not be injected; the run ends.
        """
        for guard in sorted(self._guards, key=lambda one: not one.waits):
            try:
                await guard.check_injection(self._scene, injection)
            except GuardError as exc:
                raise AbortedError(exc.message, hint=exc.hint) from exc
