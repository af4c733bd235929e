"""What StatefulSets, Deployments and ReplicaSets must not say (pkg/apis/apps/validation)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubesim.api import claim_validation, label_validation, names, pod_validation
from kubesim.api.selector_validation import label_selector
from kubesim.api.status import Cause, forbidden_field, invalid_value, not_supported, required
from kubesim.store import Object

_IMMUTABLE = ("selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy")
_WHOLE = 100
_RETENTION = ("Retain", "Delete")
_STRATEGIES = ("Recreate", "RollingUpdate")
_COUNTS = {
    "StatefulSet": ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
    "Deployment": ("updatedReplicas", "readyReplicas", "availableReplicas"),
    "ReplicaSet": ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
}
# How the real server calls what a template is checked for.
_TEMPLATE_OWNERS = {"statefulset": "StatefulSet", "deployment": "ReplicaSet", "replicaset": "ReplicaSet"}
_NOT_NEGATIVE = "must be greater than or equal to 0"


def stateful_set(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec["podManagementPolicy"] not in ("OrderedReady", "Parallel"):
        text = "must be 'OrderedReady' or 'Parallel'"
        yield invalid_value("spec.podManagementPolicy", spec["podManagementPolicy"], text)
    strategy = spec["updateStrategy"]
    if strategy["type"] not in ("RollingUpdate", "OnDelete"):
        shown = {"Type": strategy["type"], "RollingUpdate": strategy.get("rollingUpdate")}
        yield invalid_value("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'")
    elif strategy["type"] == "OnDelete" and strategy.get("rollingUpdate"):
        rolling = strategy["rollingUpdate"]
        shown = {"Partition": rolling.get("partition", 0), "MaxUnavailable": rolling.get("maxUnavailable")}
        text = "only allowed for updateStrategy 'RollingUpdate'"
        yield invalid_value("spec.updateStrategy.rollingUpdate", shown, text)
    elif strategy["type"] == "RollingUpdate":
        yield from _rolling_set(strategy["rollingUpdate"])
    for field, policy in spec["persistentVolumeClaimRetentionPolicy"].items():
        if policy not in _RETENTION:
            yield not_supported(f"spec.persistentVolumeClaimRetentionPolicy.{field}", policy, _RETENTION)
    yield from _not_negative(spec, ("replicas", "minReadySeconds"))  # a history limit may be negative
    if spec.get("ordinals", {}).get("start", 0) < 0:
        yield invalid_value("spec.ordinals.start", spec["ordinals"]["start"], _NOT_NEGATIVE)
    claims = spec.get("volumeClaimTemplates", ())
    yield from _selector_and_template(spec, "statefulset", [c.get("metadata", {}).get("name", "") for c in claims])
    for i, claim in enumerate(claims):
        yield from claim_validation.spec(claim["spec"], f"spec.volumeClaimTemplates[{i}].spec")
    if spec.get("serviceName"):
        complaints = names.name_without_dots(spec["serviceName"])
        yield from (invalid_value("spec.serviceName", spec["serviceName"], text) for text in complaints)


def stateful_set_changed(old: Object, new: Object) -> Iterator[Cause]:
    for field in _IMMUTABLE:
        before, after = old["spec"].get(field), new["spec"].get(field)
        if before != after:
            yield invalid_value(f"spec.{field}", after, "field is immutable")


def deployment(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from _not_negative(spec, ("replicas",))
    yield from _selector_and_template(spec, "deployment", ())
    yield from _strategy(spec["strategy"])
    yield from _not_negative(spec, ("minReadySeconds", "revisionHistoryLimit"))
    deadline_s, ready_s = spec["progressDeadlineSeconds"], spec.get("minReadySeconds", 0)
    if deadline_s < 0:
        yield invalid_value("spec.progressDeadlineSeconds", deadline_s, _NOT_NEGATIVE)
    if deadline_s <= ready_s:
        yield invalid_value("spec.progressDeadlineSeconds", deadline_s, "must be greater than minReadySeconds")


def replica_set(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from _not_negative(spec, ("replicas", "minReadySeconds"))
    yield from _selector_and_template(spec, "replicaset", ())


def selector_unchanged(old: Object, new: Object) -> Iterator[Cause]:
    """Deployments and ReplicaSets keep their selector."""
    if old["spec"].get("selector") != new["spec"].get("selector"):
        yield invalid_value("spec.selector", new["spec"].get("selector"), "field is immutable")


def status(obj: Object) -> Iterator[Cause]:
    """Counts of a status: none negative, none above the number of replicas."""
    status = obj.get("status", {})
    replicas = status.get("replicas", 0)
    for field in ("replicas", *_COUNTS[obj["kind"]]):
        count = status.get(field, 0)
        if count < 0:
            yield invalid_value(f"status.{field}", count, _NOT_NEGATIVE)
        elif count > replicas:
            yield invalid_value(f"status.{field}", count, "cannot be greater than status.replicas")


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector of an object selects labels."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for requirement in selector.get("matchExpressions", ()):
        found, values = labels.get(requirement["key"]), requirement.get("values", ())
        verdict = {
            "In": found in values,
            "NotIn": found not in values,
            "Exists": found is not None,
            "DoesNotExist": found is None,
        }
        if not verdict[requirement["operator"]]:
            return False
    return True


def _not_negative(spec: Object, fields: tuple[str, ...]) -> Iterator[Cause]:
    for field in fields:
        if spec.get(field, 0) < 0:
            yield invalid_value(f"spec.{field}", spec[field], _NOT_NEGATIVE)


def _selector_and_template(spec: Object, kind: str, claims: Sequence[str]) -> Iterator[Cause]:
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
    elif selector is None or (selector and not matches(selector, labels or {})):
        yield invalid_value("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    yield from label_validation.labels(labels or {}, "spec.template.labels")  # the real server's path
    given = template.get("metadata", {}).get("annotations", {})
    yield from label_validation.annotation_keys(given, "spec.template.annotations")
    pod = template.get("spec", {})
    yield from pod_validation.spec(pod, "spec.template.spec", claims)
    if pod["restartPolicy"] in pod_validation.RESTART_POLICIES and pod["restartPolicy"] != "Always":
        yield not_supported("spec.template.spec.restartPolicy", pod["restartPolicy"], ("Always",))
    if "activeDeadlineSeconds" in pod:
        text = f"activeDeadlineSeconds in {_TEMPLATE_OWNERS[kind]} is not Supported"
        yield forbidden_field("spec.template.spec.activeDeadlineSeconds", text)


def _rolling_set(rolling: Object) -> Iterator[Cause]:
    """A StatefulSet's."""
    at = "spec.updateStrategy.rollingUpdate"
    if rolling["partition"] < 0:
        yield invalid_value(f"{at}.partition", rolling["partition"], _NOT_NEGATIVE)
    unavailable = rolling["maxUnavailable"]
    yield from _amount(unavailable, f"{at}.maxUnavailable")
    if _is_zero(unavailable):
        yield invalid_value(f"{at}.maxUnavailable", unavailable, "cannot be 0")
    yield from _not_more_than_all(unavailable, f"{at}.maxUnavailable")


def _strategy(strategy: Object) -> Iterator[Cause]:
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] not in _STRATEGIES:
        yield not_supported("spec.strategy", {"Type": strategy["type"], "RollingUpdate": rolling}, _STRATEGIES)
    elif strategy["type"] == "Recreate" and rolling is not None:
        text = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden_field("spec.strategy.rollingUpdate", text)
    elif rolling is not None:
        yield from _rolling(rolling)


def _rolling(rolling: Object) -> Iterator[Cause]:
    at = "spec.strategy.rollingUpdate"
    for field in ("maxUnavailable", "maxSurge"):
        yield from _amount(rolling[field], f"{at}.{field}")
    unavailable = rolling["maxUnavailable"]
    if _is_zero(rolling["maxSurge"]) and _is_zero(unavailable):
        text = "may not be 0 when `maxSurge` is 0"
        yield invalid_value(f"{at}.maxUnavailable", unavailable, text)
    yield from _not_more_than_all(unavailable, f"{at}.maxUnavailable")


def _not_more_than_all(value: int | str, at: str) -> Iterator[Cause]:
    if isinstance(value, str) and not names.percentage(value) and int(value[:-1]) > _WHOLE:
        yield invalid_value(at, value, "must not be greater than 100%")


def _amount(value: int | str, at: str) -> Iterator[Cause]:
    """A number or a percentage of pods."""
    if isinstance(value, str):
        yield from (invalid_value(at, value, text) for text in names.percentage(value))
    elif value < 0:
        yield invalid_value(at, value, _NOT_NEGATIVE)


def _is_zero(value: int | str) -> bool:
    return value in (0, "0%")
