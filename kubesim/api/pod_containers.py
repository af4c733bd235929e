"""Which container of a pod a request is about, and what the API server needs of its kubelet."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from kubesim.api.status import bad_request
from kubesim.containers.input import Input
from kubesim.containers.log import Log
from kubesim.store import Object


class PodContainer(Protocol):
    """A container as its kubelet has it.

    Attributes:
        state: as in the pod's status.
        log: of the run that is under way, or of the last one.
        previous_log: of the one before.
        reads_stdin: its main process does nothing but wait for input.
    """

    state: dict[str, Any]
    log: Log | None
    previous_log: Log | None

    @property
    def reads_stdin(self) -> bool: ...

    def execute(
        self, argv: tuple[str, ...], stdin: Input, out: Callable[[str], None], err: Callable[[str], None]
    ) -> Coroutine[Any, Any, int]:
        """See `kubesim.kubelet.container.Container.execute`."""

    def close_stdin(self) -> None:
        """Nobody will ever write to its main process."""


# UID of a pod, name of a container → the container; None where no kubelet has it.
Kubelets = Callable[[str, str], PodContainer | None]


def container_name(pod: Object, asked: str) -> str:
    """The container that a request means.

    Raises:
        StoreError: 400: it must name one, or names none of the pod's.
    """
    spec, pod_name = pod["spec"], pod["metadata"]["name"]
    names = [row["name"] for row in spec["containers"]]
    first = [row["name"] for row in spec.get("initContainers") or ()]
    if asked:
        if asked not in (*names, *first):
            raise bad_request(f"container {asked} is not valid for pod {pod_name}")
        return asked
    if len(names) > 1:
        init = f" or one of the init containers: [{' '.join(first)}]" if first else ""
        raise bad_request(
            f"a container name must be specified for pod {pod_name}, choose one of: [{' '.join(names)}]{init}"
        )
    return str(names[0])


def has_stdin_once(pod: Object, container: str) -> bool:
    """Whether a container's input ends with that of the first client that attaches."""
    rows = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]
    return any(row.get("stdinOnce") for row in rows if row["name"] == container)
