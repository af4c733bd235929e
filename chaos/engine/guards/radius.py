"""How many pods may be down at the same time; what is down already counts, by whomever."""

from __future__ import annotations

from chaos.cluster.selector import labels_text
from chaos.engine.guards.guard import Guard, Injection, Scene
from chaos.engine.target import is_ready


class RadiusGuard(Guard):
    """The experiment declares it; the live cluster is asked before each fault."""

    name = "blast-radius"
    refuses = "take more pods at the same time than the experiment declares, counting those that are down already"
    switch = "blast_radius of the experiment"

    async def check_injection(self, scene: Scene, injection: Injection) -> None:
        """See `Guard.check_injection`."""
        target = injection.target
        if not injection.hit or not target.names or injection.namespace:
            return
        live, _ = await scene.cluster.list("Pod", target.namespace, labels_text(target.labels))
        ready = {pod["metadata"]["name"] for pod in live if is_ready(pod)}
        strangers = frozenset(target.names) - ready - injection.under_fault - injection.hit
        for name in sorted(strangers):  # somebody may have changed the labels of a pod that is well
            pod = await scene.cluster.get("Pod", name, target.namespace)
            if pod is not None and is_ready(pod):
                strangers -= {name}
        would_be = strangers | injection.under_fault | injection.hit
        touched = strangers or injection.hit & frozenset(target.names)
        if not touched or len(would_be) <= scene.experiment.blast_radius:
            return
        down = ", ".join(sorted(strangers))
        why = f"{down} {'is' if len(strangers) == 1 else 'are'} not ready by now, so " if down else ""
        describe = f"see why first: kubectl describe pod -n {target.namespace} {down.replace(',', '')}"
        raise self.refusal(
            f"{why}{injection.what} would make {len(would_be)} of {len(target.names)} pods unavailable at once, and "
            f"{scene.experiment.name} declares blast_radius={scene.experiment.blast_radius}",
            hint=describe if down else "wait for the steady state between deletions, or declare a larger radius",
        )
