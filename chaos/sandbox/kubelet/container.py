"""One container of a pod as its kubelet sees it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from chaos.sandbox.containers import ContainerProcess, parse_reference
from chaos.sandbox.containers.execution import NotRunningError
from chaos.sandbox.containers.log import Log
from chaos.sandbox.containers.programs import Input
from chaos.sandbox.store import Object

# The kubelet's restart back-off: at once after the first crash, then 10 s, doubled each time, at most 5 minutes;
# forgotten after ten minutes without a crash.
_BACK_OFF_FIRST_S, _BACK_OFF_MOST_S, _BACK_OFF_FORGET_S = 10.0, 300.0, 600.0


class Container:
    """State, restarts and status of one container."""

    def __init__(self, spec: Object, pod_uid: str) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.process: ContainerProcess | None = None
        self.log: Log | None = None
        self.previous_log: Log | None = None
        self.ready = False
        self.restarts = 0
        self.started_s = 0.0
        self.retry_at_s: float | None = None
        self.state: Object = {"waiting": {"reason": "ContainerCreating"}}
        self._last_state: Object = {}
        self._pod_uid = pod_uid
        self._id = ""
        self._back_off_s = 0.0

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """The code that it ended with; None where it did not end."""
        terminated = self.state.get("terminated")
        return None if terminated is None else int(terminated["exitCode"])

    def started(self, timestamp: str, now_s: float) -> None:
        """A process of it runs from now on."""
        if self._id:
            self.restarts += 1
        if self.process is not None:
            self.log, self.previous_log = self.process.log, self.log
        digest = hashlib.sha256(f"{self._pod_uid}/{self.name}/{self.restarts}".encode()).hexdigest()
        self._id = f"containerd://{digest}"
        self.started_s = now_s
        self.retry_at_s = None
        self.state = {"running": {"startedAt": timestamp}}

    async def execute(
        self, argv: tuple[str, ...], stdin: Input, out: Callable[[str], None], err: Callable[[str], None]
    ) -> int:
        """Run a command beside its main process; see `chaos.sandbox.containers.execution.execute`.

        Raises:
            NotRunningError: it does not run.
            CommandStartError: there is no such program in it.
        """
        if self.process is None or not self.is_running:
            raise NotRunningError(self.name)
        return await self.process.execute(argv, stdin, out, err)

    def exited(self, code: int, timestamp: str) -> None:
        """Its process has ended."""
        message, reason = ("", "") if self.process is None else (self.process.message, self.process.reason)
        self.process = None
        self.ready = False
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
        """Take a crash into account; seconds until it may be started again (0: at once)."""
        if now_s - self.started_s > _BACK_OFF_FORGET_S:
            self._back_off_s = 0.0
        delay_s = self._back_off_s
        self._back_off_s = min(max(_BACK_OFF_FIRST_S, 2 * delay_s), _BACK_OFF_MOST_S)
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
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": full_image(self.spec["image"]) if self._id else self.spec["image"],
            "imageID": f"sha256:{hashlib.sha256(self.spec['image'].encode()).hexdigest()}" if self._id else "",
        }
        if self._id:
            row["containerID"] = self._id
            row["resources"] = self.spec.get("resources") or {}
        row["started"] = self.is_running
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
