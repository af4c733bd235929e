"""What the spec of a Job, or of a template of Jobs, must not say (pkg/apis/batch/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields import pod_spec
from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.fields.labels import check_labels
from kubesim.objects import Object

_MODES = ("NonIndexed", "Indexed")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_COUNTS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
_NOT_NEGATIVE = "must be greater than or equal to 0"


def job_spec(spec: Object, at: str) -> Iterator[Cause]:
    """Everything wrong with a Job's spec at a path such as ``spec``, beside its selector."""
    mode = spec.get("completionMode", _MODES[0])
    for field in _COUNTS:
        if spec.get(field, 0) < 0:
            yield invalid_value(f"{at}.{field}", spec[field], _NOT_NEGATIVE)
    if mode not in _MODES:
        yield not_supported(f"{at}.completionMode", mode, _MODES)
    if mode == "Indexed" and "completions" not in spec:
        yield required(f"{at}.completions", "when completion mode is Indexed")
    if mode != "Indexed":
        for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if field in spec:
                yield invalid_value(f"{at}.{field}", spec[field], "requires indexed completion mode")
    if "podFailurePolicy" in spec and spec["template"]["spec"]["restartPolicy"] != "Never":
        policy = spec["template"]["spec"]["restartPolicy"]
        text = 'only "Never" is supported when podFailurePolicy is specified'
        yield invalid_value(f"{at}.template.spec.restartPolicy", policy, text)
    replacement = spec.get("podReplacementPolicy", _REPLACEMENTS[0])
    if replacement not in _REPLACEMENTS:
        yield not_supported(f"{at}.podReplacementPolicy", replacement, _REPLACEMENTS)
    yield from _template(spec["template"], at)


def _template(template: Object, at: str) -> Iterator[Cause]:
    yield from check_labels(template.get("metadata", {}).get("labels", {}), f"{at}.template.labels")
    yield from pod_spec.spec(template["spec"], f"{at}.template.spec")
    policy = template["spec"]["restartPolicy"]
    if policy == "Always":
        yield required(f"{at}.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield not_supported(f"{at}.template.spec.restartPolicy", policy, ("OnFailure", "Never"))
