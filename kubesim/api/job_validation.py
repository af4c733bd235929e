"""Defaults, selector and validation of Jobs (pkg/apis/batch, pkg/registry/batch/job)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api import label_validation, names, pod_defaults, pod_validation, workload_validation
from kubesim.api.selector_validation import label_selector
from kubesim.api.status import Cause, invalid_value, not_supported, required
from kubesim.store import Object

UID_LABEL, NAME_LABEL = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
_OLD_UID_LABEL, _OLD_NAME_LABEL = "controller-uid", "job-name"
_MODES = ("NonIndexed", "Indexed")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_COUNTS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
_NOT_NEGATIVE = "must be greater than or equal to 0"
_FROZEN = ("completions", "selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex",
           "managedBy", "successPolicy")  # fmt: skip


def defaults(obj: Object) -> None:
    """Fill in what a Job leaves out, in place."""
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


def generate_selector(obj: Object) -> None:
    """Select the Job's pods by its UID, which must be known by now, in place."""
    spec, meta = obj["spec"], obj["metadata"]
    if spec["manualSelector"]:
        return
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for label in (_OLD_NAME_LABEL, NAME_LABEL):
        labels.setdefault(label, meta.get("name", ""))
    for label in (_OLD_UID_LABEL, UID_LABEL):
        labels.setdefault(label, meta["uid"])
    spec.setdefault("selector", {}).setdefault("matchLabels", {}).setdefault(UID_LABEL, meta["uid"])


def copy_labels(obj: Object) -> None:
    """A Job that is read without labels gets those of its template, in place."""
    labels = obj["spec"]["template"].get("metadata", {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)


def job(obj: Object) -> Iterator[Cause]:
    """Everything wrong with a Job."""
    yield from _generated(obj)
    yield from _spec(obj["spec"])
    yield from _template(obj["spec"]["template"])
    yield from _selector(obj["spec"])
    completions, name = obj["spec"].get("completions", 0), obj["metadata"].get("name", "")
    hostname = f"{name}-{completions - 1}"
    if obj["spec"]["completionMode"] == "Indexed" and completions > 0 and names.label(hostname):
        yield invalid_value("metadata.name", name, f"will not able to create pod with invalid DNS label: {hostname}")


def _spec(spec: Object) -> Iterator[Cause]:
    for field in _COUNTS:
        if spec.get(field, 0) < 0:
            yield invalid_value(f"spec.{field}", spec[field], _NOT_NEGATIVE)
    if spec["completionMode"] not in _MODES:
        yield not_supported("spec.completionMode", spec["completionMode"], _MODES)
    if spec["completionMode"] == "Indexed" and "completions" not in spec:
        yield required("spec.completions", "when completion mode is Indexed")
    if spec["completionMode"] != "Indexed":
        for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if field in spec:
                yield invalid_value(f"spec.{field}", spec[field], "requires indexed completion mode")
    if "podFailurePolicy" in spec and spec["template"]["spec"]["restartPolicy"] != "Never":
        policy = spec["template"]["spec"]["restartPolicy"]
        text = 'only "Never" is supported when podFailurePolicy is specified'
        yield invalid_value("spec.template.spec.restartPolicy", policy, text)
    if spec["podReplacementPolicy"] not in _REPLACEMENTS:
        yield not_supported("spec.podReplacementPolicy", spec["podReplacementPolicy"], _REPLACEMENTS)


def _template(template: Object) -> Iterator[Cause]:
    yield from label_validation.labels(template.get("metadata", {}).get("labels", {}), "spec.template.labels")
    yield from pod_validation.spec(template["spec"], "spec.template.spec")
    policy = template["spec"]["restartPolicy"]
    if policy == "Always":
        yield required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield not_supported("spec.template.spec.restartPolicy", policy, ("OnFailure", "Never"))


def _selector(spec: Object) -> Iterator[Cause]:
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
    yield from label_selector(selector, "spec.selector")
    if not any(label_selector(selector, "")):
        labels = spec["template"].get("metadata", {}).get("labels", {})
        if selector is None or not workload_validation.matches(selector, labels):
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
    if not any(label_selector(spec["selector"], "")) and not workload_validation.matches(spec["selector"], expected):
        yield invalid_value("spec.selector", spec["selector"], "`selector` not auto-generated")


def job_changed(old: Object, new: Object) -> Iterator[Cause]:
    """What an update of a Job must not change."""
    for field in _FROZEN:
        before, after = old["spec"].get(field), new["spec"].get(field)
        if before != after:
            yield invalid_value(f"spec.{field}", after, "field is immutable")
