"""Readiness probes. Liveness and startup probes are not modelled: they count as passed."""

from __future__ import annotations

from collections.abc import Callable

from chaos.sandbox.controllers.plane import Plane
from chaos.sandbox.store import Object


class ReadinessProbe:
    """Asks a container periodically whether it is ready.

    Args:
        check: asks the container once: whether the port answers as it should.
        changed: called with the new verdict when enough results in a row agree.
        first_in_s: seconds until the first check, without the probe's initialDelaySeconds.
    """

    def __init__(
        self,
        plane: Plane,
        spec: Object,
        check: Callable[[], bool],
        changed: Callable[[bool], None],
        first_in_s: float,
    ) -> None:
        self._plane = plane
        self._check = check
        self._changed = changed
        self._period_s = float(spec.get("periodSeconds", 10))
        self._thresholds = {True: int(spec.get("successThreshold", 1)), False: int(spec.get("failureThreshold", 3))}
        self._verdict = False
        self._result = False
        self._run = 0
        first_in_s += float(spec.get("initialDelaySeconds", 0))
        self._timer = plane.call_later(first_in_s, self._tick)

    def stop(self) -> None:
        """Ask no more."""
        self._timer.cancel()

    def _tick(self) -> None:
        self._timer = self._plane.call_later(self._period_s, self._tick)
        result = self._check()
        self._run = self._run + 1 if result == self._result else 1
        self._result = result
        if result != self._verdict and self._run >= self._thresholds[result]:
            self._verdict = result
            self._changed(result)


def checker(spec: Object, container: Object, ask: Callable[[int, str], bool]) -> Callable[[], bool]:
    """What one check of a probe does.

    httpGet and tcpSocket ask the container through `ask`, which gets the port and the path (empty for a TCP
    connection); exec and grpc probes cannot be run here and count as passed.
    """
    if "httpGet" in spec:
        port, path = port_number(spec["httpGet"]["port"], container), spec["httpGet"].get("path", "/")
        return lambda: ask(port, path)
    if "tcpSocket" in spec:
        port = port_number(spec["tcpSocket"]["port"], container)
        return lambda: ask(port, "")
    return lambda: True


def port_number(port: int | str, container: Object) -> int:
    """A probe's port, which may be one of the container's port names; -1 where no port has that name."""
    if isinstance(port, int):
        return port
    return next((int(p["containerPort"]) for p in container.get("ports") or () if p.get("name") == port), -1)
