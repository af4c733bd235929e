"""Jobs (pkg/registry/batch/job, pkg/apis/batch)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names, pod_defaults
from kubesim.fields.causes import Cause, invalid_value, required
from kubesim.fields.columns import age_of, containers_and_images
from kubesim.fields.durations import age
from kubesim.fields.job_spec import job_spec
from kubesim.fields.matching import matches_selector
from kubesim.fields.selectors import label_selector, selector_text
from kubesim.kinds.kind import Kind, Resource, Table, spec_of
from kubesim.objects import Object

_ORPHANS = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)
UID_LABEL, NAME_LABEL = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
_OLD_UID_LABEL, _OLD_NAME_LABEL = "controller-uid", "job-name"
_FROZEN = ("completions", "selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex",
           "managedBy", "successPolicy")  # fmt: skip


def _defaults(obj: Object) -> None:
    spec = obj["spec"]
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    for field, value in (
        ("parallelism", 1),
        ("backoffLimit", 6),
        ("completionMode", "NonIndexed"),
        ("suspend", False),
        ("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed"),
        ("manualSelector", False),
    ):
        spec.setdefault(field, value)
    template = spec.setdefault("template", {})
    labels = template.get("metadata", {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = labels  # the same map, as in Go: what is added to one is in both
    pod_defaults.template(template.setdefault("spec", {}))


def _generate_selector(obj: Object, new_uid: Callable[[], str]) -> None:
    """Select the Job's pods by its UID."""
    spec, meta = obj["spec"], obj["metadata"]
    meta["uid"] = new_uid()
    if spec["manualSelector"]:
        return
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for label in (_OLD_NAME_LABEL, NAME_LABEL):
        labels.setdefault(label, meta.get("name", ""))
    for label in (_OLD_UID_LABEL, UID_LABEL):
        labels.setdefault(label, meta["uid"])
    spec.setdefault("selector", {}).setdefault("matchLabels", {}).setdefault(UID_LABEL, meta["uid"])


def _copy_labels(obj: Object) -> None:
    """A Job that is read without labels gets those of its template."""
    labels = obj["spec"]["template"].get("metadata", {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)


def _validate(obj: Object) -> Iterator[Cause]:
    yield from _generated(obj)
    yield from job_spec(obj["spec"], "spec")
    yield from _selector(obj["spec"])
    completions, name = obj["spec"].get("completions", 0), obj["metadata"].get("name", "")
    hostname = f"{name}-{completions - 1}"
    if obj["spec"]["completionMode"] == "Indexed" and completions > 0 and names.label(hostname):
        yield invalid_value("metadata.name", name, f"will not able to create pod with invalid DNS label: {hostname}")


def _selector(spec: Object) -> Iterator[Cause]:
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
    yield from label_selector(selector, "spec.selector")
    if not any(label_selector(selector, "")):
        labels = spec["template"].get("metadata", {}).get("labels", {})
        if selector is None or not matches_selector(selector, labels):
            text = "`selector` does not match template `labels`"
            yield invalid_value("spec.template.metadata.labels", dict(sorted(labels.items())) or None, text)


def _generated(obj: Object) -> Iterator[Cause]:
    """A selector that is not the user's must be the one that was made."""
    spec, meta = obj["spec"], obj["metadata"]
    if spec["manualSelector"] or "selector" not in spec:
        return
    uid, name = meta["uid"], meta.get("name", "")
    expected = {_OLD_UID_LABEL: uid, _OLD_NAME_LABEL: name, UID_LABEL: uid, NAME_LABEL: name}
    labels = spec["template"].get("metadata", {}).get("labels", {})
    for label, value in expected.items():
        at = f"spec.template.metadata.labels[{label}]"
        if label not in labels:
            yield required(at, f"must be '{value}'")
        elif labels[label] != value:
            yield invalid_value(at, labels[label], f"must be '{value}'")
    if not any(label_selector(spec["selector"], "")) and not matches_selector(spec["selector"], expected):
        yield invalid_value("spec.selector", spec["selector"], "`selector` not auto-generated")


def _row(obj: Object, now: datetime) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    done, parallel = status.get("succeeded", 0), spec.get("parallelism", 0)
    of = f"{done}/{spec['completions']}" if "completions" in spec else f"{done}/1{f' of {parallel}' * (parallel > 1)}"
    conditions = [c["type"] for c in status.get("conditions", ()) if c["status"] == "True"]
    if obj["metadata"].get("deletionTimestamp"):
        conditions.append("Terminating")
    states = ("Complete", "Failed", "Terminating", "Suspended", "FailureTarget", "SuccessCriteriaMet")
    started, ended = status.get("startTime"), status.get("completionTime")
    return [
        obj["metadata"]["name"],
        next((state for state in states if state in conditions), "Running"),
        of,
        age(started, datetime.fromisoformat(ended) if ended else now) if started else "",
        age_of(obj, now),
        *containers_and_images(obj["spec"]["template"]),
        selector_text(spec.get("selector", {})),
    ]


KIND = Kind(
    resource=Resource("batch", "v1", "jobs", "Job", True, (), ("status",), ("all",)),
    has_spec=True,
    defaults=_defaults,
    prepare=_generate_selector,
    canonicalize=_copy_labels,
    validate=_validate,
    immutable=tuple(f"spec.{field}" for field in _FROZEN),
    initial_status=lambda _: {},
    generation=spec_of,
    orphan_warning=_ORPHANS,
    table=Table.of("Name,Status,Completions,Duration,Age,Containers+,Images+,Selector+", _row),
)
