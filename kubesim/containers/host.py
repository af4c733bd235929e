"""What a simulated container gets from the machine it runs on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from kubesim.model import Model
from kubesim.network import Network
from kubesim.simclock import SimClock
from kubesim.store import Store
from kubesim.truth import Truth


@dataclass(frozen=True, slots=True)
class ContainerHost:
    """The simulated cluster, as seen from inside a container.

    Attributes:
        volumes: content of volumes; see `kubesim.containers.volumes`.
        spawn: runs a coroutine as a task that the simulated cluster owns.
    """

    network: Network
    store: Store
    clock: SimClock
    model: Model
    truth: Truth
    loop: asyncio.AbstractEventLoop
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    volumes: dict[tuple[str, str], Any] = field(default_factory=dict)
