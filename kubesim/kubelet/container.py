"""One container of a pod as its kubelet sees it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from kubesim.containers import ContainerProcess, parse_reference
from kubesim.containers.execution import NotRunningError
from kubesim.containers.input import Input
from kubesim.containers.log import Log
from kubesim.store import Object

# The kubelet's restart back-off: at once after the first crash, then 10 s, doubled each time, at most 5 minutes;
# forgotten after ten minutes without a crash.
_BACK_OFF_FIRST_S, _BACK_OFF_MOST_S, _BACK_OFF_FORGET_S = 10.0, 300.0, 600.0


class Role(Enum):
    """What a container is for its pod: one that runs to its end first, one that goes on from then on, or the rest."""

    INIT = "init"
    SIDECAR = "sidecar"
    MAIN = "main"


@dataclass(frozen=True, slots=True)
class Doom:
    """Why a container that runs is to be stopped and started anew.

    Attributes:
        message: of the event Killing.
        grace_s: between SIGTERM and SIGKILL.
        restarts: whether it is started again whatever the pod's restart policy says.
    """

    message: str
    grace_s: float
    restarts: bool


class Container:
    """State, restarts and status of one container.

    Attributes:
        image: that its last run was made of, as the pod's spec had it.
        seen: the kubelet has looked at it since it runs, so that its probes may ask it.
        started: its startup probe has succeeded, where it has one.
        run: how often it was started; 0 before the first time.
        retry_at_s: the loop's time from which on it may be started, once it is its turn; None where it is not to be.
        doom: set while it is to be stopped, though its pod goes on.
    """

    def __init__(self, spec: Object, pod_uid: str, role: Role, waiting_reason: str) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.role = role
        self.image = ""
        self.process: ContainerProcess | None = None
        self.log: Log | None = None
        self.previous_log: Log | None = None
        self.seen = False
        self.started = False
        self.ready = False
        self.run = 0
        self.started_s = 0.0
        self.retry_at_s: float | None = 0.0
        self.doom: Doom | None = None
        self.state: Object = {"waiting": {"reason": waiting_reason}}
        self._last_state: Object = {}
        self._pod_uid = pod_uid
        self._id = ""
        self._back_off_s = 0.0
        self._ended_s = 0.0

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    @property
    def has_run(self) -> bool:
        """Whether a run of it is over."""
        return self.exit_code is not None or "terminated" in self._last_state

    @property
    def initialized(self) -> bool:
        """As an init container: the next may be started."""
        return self.started if self.role is Role.SIDECAR else self.exit_code == 0

    @property
    def exit_code(self) -> int | None:
        """The code that it ended with; None where it did not end."""
        terminated = self.state.get("terminated")
        return None if terminated is None else int(terminated["exitCode"])

    @property
    def restarts(self) -> int:
        """Of the status."""
        return max(0, self.run - 1)

    def begin(self, process: ContainerProcess, image: str, timestamp: str, now_s: float) -> None:
        """A process of it runs from now on."""
        self.process, self.image = process, image
        self.log, self.previous_log = process.log, self.log
        self.run += 1
        digest = hashlib.sha256(f"{self._pod_uid}/{self.name}/{self.restarts}".encode()).hexdigest()
        self._id = f"containerd://{digest}"
        self.started_s = now_s
        self.retry_at_s = None
        self.state = {"running": {"startedAt": timestamp}}

    async def execute(
        self, argv: tuple[str, ...], stdin: Input, out: Callable[[str], None], err: Callable[[str], None]
    ) -> int:
        """Run a command beside its main process; see `kubesim.containers.execution.execute`.

        Raises:
            NotRunningError: it does not run.
            CommandStartError: there is no such program in it.
        """
        if self.process is None or not self.is_running:
            raise NotRunningError(self.name)
        return await self.process.execute(argv, stdin, out, err)

    @property
    def reads_stdin(self) -> bool:
        """Whether its main process does nothing but wait for input."""
        return self.process is not None and self.process.reads_stdin

    def close_stdin(self) -> None:
        """Its main process's input is at its end."""
        if self.process is not None:
            self.process.close_stdin()

    def exited(self, code: int, timestamp: str, *, noticed: bool = True) -> None:
        """Its process has ended.

        While its pod is terminated the kubelet does not look at it (`noticed`): its probe goes on, and fails.
        """
        message, reason = ("", "") if self.process is None else (self.process.message, self.process.reason)
        self.process = None
        if noticed:
            self.seen = self.started = self.ready = False
        self.state = {
            "terminated": {
                "exitCode": code,
                "reason": reason or ("Error" if code else "Completed"),
                "startedAt": self.state.get("running", {}).get("startedAt", timestamp),
                "finishedAt": timestamp,
                "containerID": self._id,
            }
        }
        if message:
            self.state["terminated"]["message"] = message

    def refused(self, reason: str, message: str) -> None:
        """It cannot be started: it waits, for a reason such as ``ErrImagePull``."""
        self.state = {"waiting": {"reason": reason, "message": message}}

    def back_off(self, now_s: float, pod_name: str) -> float:
        """Take an end of its own into account; seconds until it may be started again (0: at once)."""
        self._ended_s = now_s
        return self._back_off(now_s, now_s, pod_name)

    def back_off_after_stop(self, now_s: float, pod_name: str) -> float:
        """The same where the kubelet has stopped it.

        Whether it must wait is judged by the end of the run before: the kubelet would start it in the sync that has
        stopped it, in which it knows of no later end (kuberuntime's doBackOff).
        """
        ended_s, self._ended_s = self._ended_s, now_s
        if self.run == 1:
            self._last_state = self.state
            return 0.0
        return self._back_off(now_s, ended_s, pod_name)

    def forget_back_off(self) -> None:
        """Its definition has changed: it is another container to the back-off."""
        self._back_off_s = 0.0

    def _back_off(self, now_s: float, since_s: float, pod_name: str) -> float:
        if now_s - self.started_s > _BACK_OFF_FORGET_S:
            self._back_off_s = 0.0
        delay_s = self._back_off_s if now_s - since_s < self._back_off_s else 0.0
        self._back_off_s = min(max(_BACK_OFF_FIRST_S, 2 * self._back_off_s), _BACK_OFF_MOST_S)
        self._last_state = self.state
        if delay_s:
            pod = f"{pod_name}({self._pod_uid})"
            message = f"back-off {_go_duration(delay_s)} restarting failed container={self.name} pod={pod}"
            self.refused("CrashLoopBackOff", message)
        return delay_s

    def status(self) -> Object:
        """Its entry in the pod's containerStatuses."""
        row: Object = {
            "name": self.name,
            "state": self.state,
            "lastState": self._last_state,
            "ready": (self.ready and self.is_running) or (self.role is Role.INIT and self.exit_code == 0),
            "restartCount": self.restarts,
            "image": full_image(self.image) if self._id else self.spec["image"],
            "imageID": f"sha256:{hashlib.sha256(self.image.encode()).hexdigest()}" if self._id else "",
        }
        if self._id:
            row["containerID"] = self._id
            row["resources"] = self.spec.get("resources") or {}
        row["started"] = self.started and self.is_running
        if self.spec.get("volumeMounts"):
            row["volumeMounts"] = [_mount(m) for m in self.spec["volumeMounts"]]
        return row


def full_image(image: str) -> str:
    """A short image name as containerd completes it: ``docker.io/library/nginx:alpine``."""
    reference = parse_reference(image)
    return image if reference is None else reference.full


def _mount(mount: Object) -> Object:
    row: Object = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        row |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return row


def _go_duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
