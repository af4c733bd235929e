"""The Job controller (pkg/controller/job/job_controller.go of 1.37).

Not modelled: podFailurePolicy, successPolicy, backoffLimitPerIndex, manual selectors' adoption of strangers' pods.
"""

from __future__ import annotations

from kubesim.api import deletion
from kubesim.controllers.adoption import AdoptingController
from kubesim.controllers.base import Name
from kubesim.controllers.job_indexes import index_of, lowest_missing, ranges, spread
from kubesim.controllers.job_status import JobStatus
from kubesim.controllers.plane import Plane
from kubesim.controllers.pods import owner_reference, pod_from_template
from kubesim.fields.pod_state import TERMINAL, is_active, is_ready, is_terminating, parse_time, phase
from kubesim.store import Change, Object, StoreError, clone

COMPONENT = "job-controller"
TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
NAME_LABEL = "batch.kubernetes.io/job-name"
_BATCH_S = 1.0  # syncJobBatchPeriod: changes of pods within it are looked at together
_BACK_OFF_FIRST_S, _BACK_OFF_MOST_S = 10.0, 600.0  # DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff


class JobController(AdoptingController):
    """Runs pods until enough have succeeded, or too many failed. A finalizer keeps each pod until it is counted."""

    kind = "Job"
    delay = "job_sync"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._failed_in_a_row: dict[str, tuple[int, float]] = {}  # by UID: how many, and when the last one

    def on_change(self, change: Change) -> None:
        if change.kind == "Job":
            self.enqueue_object(change.object)
        elif change.kind == "Pod":
            label = (change.object["metadata"].get("labels") or {}).get(NAME_LABEL)
            if label is not None:
                self._within((change.object["metadata"]["namespace"], label), _BATCH_S)

    def reconcile(self, name: Name) -> None:
        job = self.store.get("Job", *name)
        if job is None or job["metadata"].get("deletionTimestamp"):
            self._let_go(name)
            return
        status = JobStatus(job, self.store.clock)
        pods = self.claim(job)
        if not status.finished:
            self._count(job, pods, status)
            pods = self.index.controlled("Pod", job["metadata"]["uid"])
            self._decide(name, job, pods, status)
            pods = self.index.controlled("Pod", job["metadata"]["uid"])
            status.set_counts(
                active=sum(is_active(pod) for pod in pods),
                ready=sum(is_active(pod) and is_ready(pod) for pod in pods),
                terminating=sum(is_terminating(pod) and phase(pod) not in TERMINAL for pod in pods),
            )
            self._finish(job, status)
            self._write(name, job, status)
        if status.finished:
            self._release(pods)
            self._expire(name, job, status)

    # ---- counting ----

    def _count(self, job: Object, pods: list[Object], status: JobStatus) -> None:
        """Take pods that have ended into account, once each."""
        uid = job["metadata"]["uid"]
        indexed = job["spec"]["completionMode"] == "Indexed"
        done = spread(status.value.get("completedIndexes", ""))
        for pod in pods:
            if TRACKING not in (pod["metadata"].get("finalizers") or ()):
                continue
            if phase(pod) == "Succeeded":
                self._failed_in_a_row.pop(uid, None)
                if indexed:
                    done.add(index_of(pod))
                else:
                    status.add("succeeded")
            elif phase(pod) == "Failed" or (is_terminating(pod) and job["spec"]["podReplacementPolicy"] != "Failed"):
                status.add("failed")
                count, _ = self._failed_in_a_row.get(uid, (0, 0.0))
                self._failed_in_a_row[uid] = (count + 1, self.store.clock.now_s())
            else:
                continue
            self._untrack(pod)
        if indexed and done:
            status.value |= {"completedIndexes": ranges(done), "succeeded": len(done)}

    def _untrack(self, pod: Object) -> None:
        new = clone(pod)
        left = [f for f in new["metadata"]["finalizers"] if f != TRACKING]
        new["metadata"].pop("finalizers")
        if left:
            new["metadata"]["finalizers"] = left
        deletion.update(self.store, "Pod", new)

    def _release(self, pods: list[Object]) -> None:
        for pod in pods:
            now = self.store.get("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
            if now is not None and TRACKING in (now["metadata"].get("finalizers") or ()):
                self._untrack(now)

    def _let_go(self, name: Name) -> None:
        """The job is gone or going: nobody counts its pods any more."""
        found = self.index.in_namespace("Pod", name[0])
        self._release([pod for pod in found if (pod["metadata"].get("labels") or {}).get(NAME_LABEL) == name[1]])

    # ---- deciding ----

    def _decide(self, name: Name, job: Object, pods: list[Object], status: JobStatus) -> None:
        spec = job["spec"]
        active = [pod for pod in pods if is_active(pod)]
        if not spec["suspend"]:
            status.begin()
        if status.outcome is None:
            if status.failed > spec["backoffLimit"] or _restarted_too_often(job, active):
                status.fail("BackoffLimitExceeded", "Job has reached the specified backoff limit")
            elif self._past_deadline(name, spec, status):
                status.fail("DeadlineExceeded", "Job was active longer than specified deadline")
        if status.outcome is not None:
            self._delete(job, active)
            return
        self._manage(name, job, active, status)
        wanted = spec.get("completions")
        left = [pod for pod in self.index.controlled("Pod", job["metadata"]["uid"]) if is_active(pod)]
        if not left and (status.succeeded >= wanted if wanted is not None else status.succeeded > 0):
            status.succeed()
        elif status.suspend(on=spec["suspend"]):
            word = "suspended" if spec["suspend"] else "resumed"
            self._event(job, word.capitalize(), f"Job {word}")

    def _past_deadline(self, name: Name, spec: Object, status: JobStatus) -> bool:
        deadline_s = spec.get("activeDeadlineSeconds")
        if deadline_s is None or spec["suspend"]:
            return False
        left_s = deadline_s - status.age_s()
        if left_s > 0:
            self._within(name, left_s)
        return bool(left_s <= 0)

    def _manage(self, name: Name, job: Object, active: list[Object], status: JobStatus) -> None:
        spec = job["spec"]
        wanted: int = 0 if spec["suspend"] else spec["parallelism"]
        if "completions" in spec:
            wanted = min(wanted, spec["completions"] - status.succeeded)
        elif status.succeeded:
            wanted = min(wanted, len(active))
        if len(active) > wanted:
            newest_first = sorted(active, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
            surplus = sorted(newest_first, key=is_ready)[: len(active) - wanted]
            self._release(surplus)  # they do not count as failed
            self._delete(job, surplus)
            return
        missing = wanted - len(active)
        wait_s = self._back_off_s(job) if missing else 0.0
        if wait_s > 0:
            self._within(name, wait_s)
            return
        if spec["completionMode"] == "Indexed":
            taken = spread(status.value.get("completedIndexes", "")) | {index_of(pod) for pod in active}
            for index in lowest_missing(taken, spec["completions"], missing):
                self._create(job, index)
        else:
            for _ in range(missing):
                self._create(job, None)

    def _back_off_s(self, job: Object) -> float:
        count, last_s = self._failed_in_a_row.get(job["metadata"]["uid"], (0, 0.0))
        if not count:
            return 0.0
        pause_s: float = min(_BACK_OFF_FIRST_S * 2 ** (count - 1), _BACK_OFF_MOST_S)
        return last_s + pause_s - self.store.clock.now_s()

    def _create(self, job: Object, index: int | None) -> None:
        meta = job["metadata"]
        prefix = f"{meta['name']}-" if index is None else f"{meta['name']}-{index}-"
        pod = pod_from_template(job["spec"]["template"], meta["namespace"], "", prefix, owner_reference(job, "Job"))
        pod["metadata"]["finalizers"] = [TRACKING]
        if index is not None:
            pod["metadata"].setdefault("annotations", {})[INDEX] = str(index)
            pod["metadata"]["labels"][INDEX] = str(index)
            pod["spec"]["hostname"] = f"{meta['name']}-{index}"
            for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
                variables = container.setdefault("env", [])
                source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
                variables.append({"name": "JOB_COMPLETION_INDEX", "valueFrom": source})
        try:
            created = self.plane.create("Pod", pod)
        except StoreError as exc:
            self._event(job, "FailedCreate", f"Error creating: {exc.message}", warning=True)
            raise
        self._event(job, "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")

    def _delete(self, job: Object, pods: list[Object]) -> None:
        for pod in pods:
            self.plane.delete_pod(pod)
            self._event(job, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    # ---- the end ----

    def _finish(self, job: Object, status: JobStatus) -> None:
        if status.outcome is None or not status.finish():
            return
        self._failed_in_a_row.pop(job["metadata"]["uid"], None)
        if status.outcome == "Complete":
            self._event(job, "Completed", "Job completed")
        else:
            self._event(job, status.reason, status.message, warning=True)

    def _expire(self, name: Name, job: Object, status: JobStatus) -> None:
        """What the TTL-after-finished controller does."""
        ttl_s = job["spec"].get("ttlSecondsAfterFinished")
        if ttl_s is None:
            return
        left_s = ttl_s - (self.store.clock.wall() - parse_time(status.finished)).total_seconds()
        if left_s > 0:
            self._within(name, left_s)
        else:
            deletion.delete(self.store, "Job", *name, propagation="Foreground", uid=job["metadata"]["uid"])

    def _write(self, name: Name, job: Object, status: JobStatus) -> None:
        now = self.store.get("Job", *name)
        if now is not None and now["metadata"]["uid"] == job["metadata"]["uid"] and now.get("status") != status.value:
            self.store.update("Job", {**now, "status": status.value})

    def _within(self, name: Name, delay_s: float) -> None:
        """Reconcile in `delay_s` seconds, unless that is to happen earlier anyway."""
        waiting = self._later.get(name)
        if waiting is None or waiting.when() > self.store.clock.now_s() + delay_s:
            self.enqueue_after(*name, delay_s)

    def _event(self, job: Object, reason: str, message: str, *, warning: bool = False) -> None:
        self.plane.events.record(job, "Job", reason, message, component=COMPONENT, warning=warning)


def _restarted_too_often(job: Object, active: list[Object]) -> bool:
    """With restartPolicy OnFailure the restarts of containers count."""
    if job["spec"]["template"]["spec"]["restartPolicy"] != "OnFailure":
        return False
    rows = [
        row
        for pod in active
        if phase(pod) in ("Running", "Pending")
        for field in ("initContainerStatuses", "containerStatuses")
        for row in pod["status"].get(field) or ()
    ]
    restarts: int = sum(row["restartCount"] for row in rows)
    limit: int = job["spec"]["backoffLimit"]
    return restarts > 0 if limit == 0 else restarts >= limit
