"""The status of one Job while it is reconciled: counts, conditions, how it ends."""

from __future__ import annotations

from kubesim.fields.pod_state import condition, parse_time
from kubesim.simclock import SimClock
from kubesim.store import Object, clone

# Condition at a job's end → the condition that is set first, as soon as the outcome is certain. The final one follows
# when none of the job's pods is left, so that nobody takes a job for finished while its pods still run.
_STEPS = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}


class JobStatus:
    """Builds the status of one reconcile.

    Attributes:
        value: the status to be written.
    """

    def __init__(self, job: Object, clock: SimClock) -> None:
        self._clock = clock
        self.value: Object = clone(job.get("status") or {})

    @property
    def succeeded(self) -> int:
        return int(self.value.get("succeeded", 0))

    @property
    def failed(self) -> int:
        return int(self.value.get("failed", 0))

    @property
    def outcome(self) -> str | None:
        """``Complete`` or ``Failed`` as soon as it is certain; None before."""
        return next((end for end, sign in _STEPS.items() if self._has(sign)), None)

    @property
    def reason(self) -> str:
        """Why it failed."""
        return self._said("reason")

    @property
    def message(self) -> str:
        """Why it failed, for people."""
        return self._said("message")

    @property
    def finished(self) -> str:
        """When it ended; empty while it has not."""
        rows = [condition({"status": self.value}, end) for end in _STEPS]
        return next((row["lastTransitionTime"] for row in rows if row and row["status"] == "True"), "")

    def add(self, count: str) -> None:
        """One more that ``succeeded`` or ``failed``."""
        self.value[count] = self.value.get(count, 0) + 1

    def begin(self) -> None:
        """It has started, unless it had before."""
        self.value.setdefault("startTime", self._clock.timestamp())

    def age_s(self) -> float:
        """Seconds since it started."""
        return (self._clock.wall() - parse_time(self.value["startTime"])).total_seconds()

    def fail(self, reason: str, message: str) -> None:
        """Say that it will fail."""
        self._put("FailureTarget", "True", reason, message)

    def succeed(self) -> None:
        """Say that it will be complete."""
        self._put("SuccessCriteriaMet", "True", "CompletionsReached", "Reached expected number of succeeded pods")

    def suspend(self, *, on: bool) -> bool:
        """Say whether it is suspended; True where that is news."""
        known = condition({"status": self.value}, "Suspended")
        if (known is None and not on) or (known is not None and (known["status"] == "True") == on):
            return False
        self._put(
            "Suspended", str(on), "JobSuspended" if on else "JobResumed", f"Job {'suspended' if on else 'resumed'}"
        )
        if on:
            self.value.pop("startTime", None)
        else:
            self.value["startTime"] = self._clock.timestamp()
        return True

    def set_counts(self, *, active: int, ready: int, terminating: int) -> None:
        """How many pods there are."""
        self.value |= {"ready": ready, "terminating": terminating, "uncountedTerminatedPods": {}}
        self.value.pop("active", None)
        if active:
            self.value["active"] = active

    def finish(self) -> bool:
        """Set the final condition if no pod is left; whether that was done."""
        outcome = self.outcome
        if outcome is None or self.finished or self.value.get("active") or self.value.get("terminating"):
            return False
        self._put(outcome, "True", self.reason, self.message)
        if outcome == "Complete":
            self.value["completionTime"] = self._clock.timestamp()
        return True

    def _has(self, kind: str) -> bool:
        row = condition({"status": self.value}, kind)
        return row is not None and row["status"] == "True"

    def _said(self, field: str) -> str:
        rows = [condition({"status": self.value}, sign) for sign in _STEPS.values()]
        return next((str(row[field]) for row in rows if row), "")

    def _put(self, kind: str, status: str, reason: str, message: str) -> None:
        now = self._clock.timestamp()
        row = {"type": kind, "status": status, "lastProbeTime": now, "lastTransitionTime": now}
        row |= {"reason": reason, "message": message}
        others = [c for c in self.value.get("conditions") or () if c["type"] != kind]
        self.value["conditions"] = [*others, row]
