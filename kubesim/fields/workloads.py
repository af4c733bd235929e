"""What the kinds that keep a number of pods have in common (pkg/apis/apps/validation)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubesim.fields import names, pod_defaults, pod_spec
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, not_supported, required
from kubesim.fields.labels import annotation_keys, check_labels
from kubesim.fields.matching import matches_selector
from kubesim.fields.selectors import label_selector
from kubesim.objects import Object

NOT_NEGATIVE = "must be greater than or equal to 0"
_WHOLE = 100


def template_defaults(obj: Object) -> None:
    """Fill in what a workload's pod template leaves out, in place."""
    pod_defaults.template(obj["spec"].setdefault("template", {}).setdefault("spec", {}))


def counts(obj: Object, fields: Sequence[str]) -> Iterator[Cause]:
    """What is wrong with the counts of a status: none may be negative, none above the number of replicas."""
    status = obj.get("status", {})
    replicas = status.get("replicas", 0)
    for field in ("replicas", *fields):
        count = status.get(field, 0)
        if count < 0:
            yield invalid_value(f"status.{field}", count, NOT_NEGATIVE)
        elif count > replicas:
            yield invalid_value(f"status.{field}", count, "cannot be greater than status.replicas")


def not_negative(spec: Object, fields: Sequence[str]) -> Iterator[Cause]:
    """Numbers of a spec that must not be negative."""
    for field in fields:
        if spec.get(field, 0) < 0:
            yield invalid_value(f"spec.{field}", spec[field], NOT_NEGATIVE)


def selector_and_template(
    spec: Object, kind: str, claims: Sequence[str] = (), owner: str = "ReplicaSet"
) -> Iterator[Cause]:
    """What is wrong with the selector and the pod template of a spec.

    `claims` are names of claim templates; `kind` and `owner` are what the real server's messages call the workload.
    """
    selector = spec.get("selector")
    template = spec.get("template", {})
    labels = template.get("metadata", {}).get("labels")
    broken = list(label_selector(selector, "spec.selector"))
    yield from broken
    if selector is None:
        yield required("spec.selector")
    elif not selector:
        yield invalid_value("spec.selector", {}, f"empty selector is invalid for {kind}")
    if broken:
        yield invalid_value("spec.selector", selector)
    elif selector is None or (selector and not matches_selector(selector, labels or {})):
        yield invalid_value("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    yield from check_labels(labels or {}, "spec.template.labels")  # the real server's path
    given = template.get("metadata", {}).get("annotations", {})
    yield from annotation_keys(given, "spec.template.annotations")
    pod = template.get("spec", {})
    yield from pod_spec.spec(pod, "spec.template.spec", claims)
    if pod["restartPolicy"] in pod_spec.RESTART_POLICIES and pod["restartPolicy"] != "Always":
        yield not_supported("spec.template.spec.restartPolicy", pod["restartPolicy"], ("Always",))
    if "activeDeadlineSeconds" in pod:
        text = f"activeDeadlineSeconds in {owner} is not Supported"
        yield forbidden_field("spec.template.spec.activeDeadlineSeconds", text)


def not_more_than_all(value: int | str, at: str) -> Iterator[Cause]:
    """A percentage is one of pods that there are."""
    if isinstance(value, str) and not names.percentage(value) and int(value[:-1]) > _WHOLE:
        yield invalid_value(at, value, "must not be greater than 100%")


def amount(value: int | str, at: str) -> Iterator[Cause]:
    """A number or a percentage of pods."""
    if isinstance(value, str):
        yield from (invalid_value(at, value, text) for text in names.percentage(value))
    elif value < 0:
        yield invalid_value(at, value, NOT_NEGATIVE)


def is_zero(value: int | str) -> bool:
    """Whether a number or a percentage of pods is none."""
    return value in (0, "0%")
