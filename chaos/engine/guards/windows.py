"""Faults only in the hours that were agreed on."""

from __future__ import annotations

from chaos.engine.guards.guard import Guard, Injection, Scene


class HoursGuard(Guard):
    """Maintenance windows. Both clocks must be in one of them."""

    name = "window"
    refuses = "inject a fault outside the windows that --only-in names"
    switch = "another --only-in"
    asks = True

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        await self._check(scene, "no run begins")
        return ""

    async def check_injection(self, scene: Scene, injection: Injection) -> None:
        """See `Guard.check_injection`."""
        await self._check(scene, f"there is no {injection.what}")

    async def _check(self, scene: Scene, so: str) -> None:
        windows = scene.options.guards.windows
        if not windows:
            return
        now = await scene.now()
        for whose, at in (("this machine", now.here), ("the API server", now.server)):
            if not any(window.holds(at) for window in windows):
                raise self.refusal(
                    f"it is {at:%a %Y-%m-%d %H:%M:%S} UTC by the clock of {whose}, outside "
                    f"{' and '.join(scene.options.guards.only_in)}, so {so}",
                    hint="wait for the window, or name another one with --only-in",
                )
