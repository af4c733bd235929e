"""Which port of a workload's pods clients connect to: what was asked for, else what its service or its pods say."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator
from dataclasses import dataclass

from chaos.engine.container_of import container_of
from chaos.engine.target import WatchedTarget
from chaos.errors import PreflightError
from chaos.experiment import Options
from chaos.model.object import Object
from chaos.options.identify import Identify
from chaos.vantage import Vantage

# What a port is called, or its number is, where a client of that kind finds its server.
_NAMES = {"http": ("http", "web", "http-web"), "mysql": ("mysql", "mariadb"), "redis": ("redis", "tcp-redis")}
_NUMBERS = {"http": (80, 8080), "mysql": (3306,), "redis": (6379,)}
_TRIED_FOR_S = 1.5


@dataclass(frozen=True, slots=True)
class ServingPort:
    """The port of a pod.

    Attributes:
        number: 0: nobody says one.
        note: what the user should know of the choice; empty where there was none.
    """

    number: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Offered:
    number: int
    name: str

    def __str__(self) -> str:
        return f"{self.number} ({self.name})" if self.name else str(self.number)


def serving_port(service: Object, pod_spec: Object, pod: Object, identify: Identify, asked: int) -> ServingPort:
    """The port that clients of `identify` connect to.

    Args:
        service: the governing one; its first port counts, unless another one is called, or numbered, as such clients
            expect it.
        pod_spec: of the StatefulSet's template.
        pod: one of its pods.
        identify: how a pod says who it is.
        asked: `--port`; 0: it was not given.

    Raises:
        PreflightError: clients are to connect, and nobody says to which port.
    """
    if asked:
        return ServingPort(asked)
    of_service = list(_of_service(service, pod_spec))
    offered = of_service or list(_of_pod(pod_spec, pod))
    name = service["metadata"]["name"]
    if not offered:
        if not identify.asks_clients:
            return ServingPort(0)
        usual = next(iter(_NUMBERS[identify.kind]))
        raise PreflightError(
            f"neither the service {name} nor the pods' containers name a TCP port to connect to",
            hint=f"name it: --port {usual}; or leave --identify out, then DNS and pods are measured",
        )
    chosen = _fitting(offered, identify.kind) or offered[0]
    if not identify.asks_clients or (of_service and len(of_service) == 1):
        return ServingPort(chosen.number)
    where = f"its service {name} has several ports" if of_service else f"its service {name} has no ports, its pods have"
    told = f"{where}: {', '.join(map(str, offered))}; clients connect to {chosen.number}, --port names another"
    return ServingPort(chosen.number, told)


def _fitting(offered: list[_Offered], kind: str) -> _Offered | None:
    for one in offered:
        if one.name in _NAMES.get(kind, ()):
            return one
    return next((one for one in offered if one.number in _NUMBERS.get(kind, ())), None)


def _of_service(service: Object, pod_spec: Object) -> Iterator[_Offered]:
    """Its TCP ports as the containers have them: a headless service translates nothing."""
    for port in service["spec"].get("ports") or ():
        if port.get("protocol", "TCP") != "TCP":
            continue
        wanted = port.get("targetPort", port["port"])
        named = [one for one in _ports(pod_spec.get("containers") or ()) if one.name == wanted]
        number = wanted if isinstance(wanted, int) else named[0].number if named else int(port["port"])
        yield _Offered(number, str(port.get("name") or ""))


def _of_pod(pod_spec: Object, pod: Object) -> Iterator[_Offered]:
    """Of the container that kubectl would take first."""
    first = container_of(pod)
    containers = pod_spec.get("containers") or ()
    yield from _ports([c for c in containers if c["name"] == first])
    yield from _ports([c for c in containers if c["name"] != first])


def _ports(containers: Iterator[Object] | list[Object] | tuple[Object, ...]) -> Iterator[_Offered]:
    for container in containers:
        for one in container.get("ports") or ():
            if one.get("protocol", "TCP") == "TCP":
                yield _Offered(int(one["containerPort"]), str(one.get("name") or ""))


async def check_listens(vantage: Vantage | None, target: WatchedTarget, address: str, options: Options) -> None:
    """Connect once: a port that nobody listens at would only be found out after a minute.

    Args:
        vantage: from which clients connect; None: not from this process, so nothing is tried.
        target: that they connect to.
        address: of its first pod.
        options: of the run.

    Raises:
        PreflightError: the pod refuses. Silence proves nothing and is left to the steady state.
    """
    if vantage is None or not Identify.parse(options.identify).asks_clients:
        return
    pod, port = target.names[0], target.port
    try:
        async with asyncio.timeout(_TRIED_FOR_S):
            transport = await vantage.open_tcp(asyncio.Protocol, address, port)
    except (TimeoutError, OSError) as exc:
        if getattr(exc, "errno", None) == errno.ECONNREFUSED:
            raise PreflightError(
                f"pod {pod} refuses connections to its port {port}: nothing listens there at its address",
                hint="--port names the one that clients use; without --identify DNS and pods alone are measured",
            ) from exc
        return
    transport.close()
