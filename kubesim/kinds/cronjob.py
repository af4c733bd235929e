"""CronJobs (pkg/registry/batch/cronjob, pkg/apis/batch). They are kept; nothing makes Jobs of them.

Not modelled: whether a time zone exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import cron, pod_defaults
from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.fields.columns import NONE, UNSET, age_of, containers_and_images
from kubesim.fields.durations import age
from kubesim.fields.job_spec import job_spec
from kubesim.fields.selectors import selector_text
from kubesim.kinds.kind import Kind, Resource, Table, spec_of
from kubesim.objects import Object

_POLICIES = ("Allow", "Forbid", "Replace")
_COLUMNS = "Name,Schedule,Timezone,Suspend,Active,Last Schedule,Age,Containers+,Images+,Selector+"
_MOST_SIGNS = 52  # a Job's name has eleven more


def _template(obj: Object) -> Object:
    template: Object = obj["spec"].setdefault("jobTemplate", {}).setdefault("spec", {}).setdefault("template", {})
    return template


def _defaults(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    pod_defaults.template(_template(obj).setdefault("spec", {}))


def _validate(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from _schedule(spec)
    for field in ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        if spec.get(field, 0) < 0:
            yield invalid_value(f"spec.{field}", spec[field], "must be greater than or equal to 0")
    if spec["concurrencyPolicy"] not in _POLICIES:
        yield not_supported("spec.concurrencyPolicy", spec["concurrencyPolicy"], _POLICIES)
    job = spec["jobTemplate"]["spec"]
    yield from job_spec(job, "spec.jobTemplate.spec")
    if "selector" in job:
        yield invalid_value("spec.jobTemplate.spec.selector", job["selector"], "`selector` will be auto-generated")
    if job.get("manualSelector"):
        yield not_supported("spec.jobTemplate.spec.manualSelector", True, ("nil", "false"))  # the value
    name = obj["metadata"].get("name", "")
    if len(name) > _MOST_SIGNS:
        yield invalid_value("metadata.name", name, f"must be no more than {_MOST_SIGNS} characters")


def _schedule(spec: Object) -> Iterator[Cause]:
    schedule = spec.get("schedule", "")
    if not schedule:
        yield required("spec.schedule")
        return
    if text := cron.complaint(schedule):
        yield invalid_value("spec.schedule", schedule, text)
    if "TZ" in schedule:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield invalid_value("spec.schedule", schedule, text)
    if spec.get("timeZone", "any") == "":
        yield invalid_value("spec.timeZone", "", "timeZone must be nil or non-empty string")


def _row(obj: Object, now: datetime) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    last = status.get("lastScheduleTime")
    return [
        obj["metadata"]["name"],
        spec["schedule"],
        spec.get("timeZone", NONE),
        str(spec["suspend"]) if "suspend" in spec else UNSET,
        len(status.get("active") or ()),
        age(last, now) if last else NONE,
        age_of(obj, now),
        *containers_and_images(_template(obj)),
        selector_text(spec["jobTemplate"]["spec"].get("selector", {})) or NONE,
    ]


KIND = Kind(
    resource=Resource("batch", "v1", "cronjobs", "CronJob", True, ("cj",), ("status",), ("all",)),
    has_spec=True,
    defaults=_defaults,
    validate=_validate,
    initial_status=lambda _: {},
    generation=spec_of,
    table=Table.of(_COLUMNS, _row, {"Suspend": "boolean", "Active": "integer"}),
)
