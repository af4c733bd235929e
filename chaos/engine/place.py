"""Where a run takes place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chaos.cluster.address import ClusterAddress
from chaos.vantage import Vantage


def _nothing() -> frozenset[str]:
    """A real cluster has no parameters."""
    return frozenset()


def _sound() -> None:
    """A real cluster has no errors inside this process."""


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster and a vantage onto it.

    Attributes:
        simulated: whether it is the sandbox; the report's first line says so.
        virtual_time: whether waiting costs nothing.
        seed: of the sandbox.
        model: the sandbox's parameters, for the report.
        drawn: the names of those that it has used so far.
        label: for people, such as ``context prod-eu``.
        failure: what broke inside the place itself, so that nothing measured there counts.
    """

    address: ClusterAddress
    vantage: Vantage
    label: str
    failure: Callable[[], BaseException | None] = _sound
    simulated: bool = False
    virtual_time: bool = False
    seed: int | None = None
    model: list[dict[str, Any]] = field(default_factory=list)
    drawn: Callable[[], frozenset[str]] = _nothing
