"""How many pods may be down at the same time; what is down already counts, by whomever."""

from __future__ import annotations

from chaos.engine.guards.guard import Guard, Injection, Scene
from chaos.engine.target import is_ready


class Radius(Guard):
    """The experiment declares it; the live cluster is asked before each fault."""

    name = "blast-radius"
    refuses = "take more pods at the same time than the experiment declares, counting those that are down already"
    switch = "blast_radius of the experiment"

    async def check_injection(self, scene: Scene, injection: Injection) -> None:
        """See `Guard.check_injection`."""
        target = injection.target
        if not injection.hit or not target.names:
            return
        labels = ",".join(f"{key}={value}" for key, value in sorted(target.labels.items()))
        live, _ = await scene.cluster.list("Pod", target.namespace, labels)
        ready = {pod["metadata"]["name"] for pod in live if is_ready(pod)}
        strangers = frozenset(target.names) - ready - injection.under_fault - injection.hit
        would_be = strangers | injection.under_fault | injection.hit
        if not strangers or len(would_be) <= scene.experiment.blast_radius:
            return
        down = ", ".join(sorted(strangers))
        raise self.refusal(
            f"{down} {'is' if len(strangers) == 1 else 'are'} not ready by now, so {injection.what} would make "
            f"{len(would_be)} of {len(target.names)} pods unavailable at once, and {scene.experiment.name} declares "
            f"blast_radius={scene.experiment.blast_radius}",
            hint=f"see why first: kubectl describe pod -n {target.namespace} {down.replace(',', '')}",
        )
