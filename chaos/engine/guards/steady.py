"""Nothing is broken before all is seen to be well."""

from __future__ import annotations

from chaos.engine.guards.guard import Guard, Injection, Scene


class SteadyFirstGuard(Guard):
    """The steady state comes before the first fault."""

    name = "steady-state"
    refuses = "inject a fault into a workload that it has not seen steady before"

    async def check_injection(self, scene: Scene, injection: Injection) -> None:
        """See `Guard.check_injection`."""
        if not injection.was_steady:
            raise self.refusal(
                f"{scene.experiment.name} has not waited for the steady state of its workload, so there is no "
                f"{injection.what}",
                hint="await run.steady_state(within_s=60) before the first fault",
            )
