"""What a pod must not say about where it runs (pkg/apis/core/validation): tolerations, affinity, spread, gates."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, not_supported, required
from kubesim.fields.selectors import label_selector
from kubesim.objects import Object

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_MOST_WEIGHT = 100
_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


def tolerations(spec: Object, at: str) -> Iterator[Cause]:
    for i, toleration in enumerate(spec.get("tolerations", ())):
        yield from _toleration(toleration, f"{at}.tolerations[{i}]")


def affinity(spec: Object, at: str) -> Iterator[Cause]:
    found = spec.get("affinity", {})
    yield from _node_affinity(found.get("nodeAffinity", {}), f"{at}.affinity.nodeAffinity")
    for kind in ("podAffinity", "podAntiAffinity"):
        here = f"{at}.affinity.{kind}"
        for i, term in enumerate(found.get(kind, {}).get(_REQUIRED, ())):
            yield from _pod_term(term, f"{here}.{_REQUIRED}[{i}]")
        for i, row in enumerate(found.get(kind, {}).get(_PREFERRED, ())):
            yield from _weight(row, f"{here}.{_PREFERRED}[{i}]")
            yield from _pod_term(row.get("podAffinityTerm", {}), f"{here}.{_PREFERRED}[{i}].podAffinityTerm")


def gates(spec: Object, at: str) -> Iterator[Cause]:
    """Readiness gates, then scheduling gates."""
    for i, gate in enumerate(spec.get("readinessGates", ())):
        kind = gate.get("conditionType", "")
        for text in names.qualified_name(kind):
            yield invalid_value(f"{at}.readinessGates[{i}].conditionType", kind, text)
    for i, gate in enumerate(spec.get("schedulingGates", ())):
        name = gate.get("name", "")
        yield from (invalid_value(f"{at}.schedulingGates[{i}]", name, text) for text in names.qualified_name(name))


def spread(spec: Object, at: str) -> Iterator[Cause]:
    for i, row in enumerate(spec.get("topologySpreadConstraints", ())):
        here = f"{at}.topologySpreadConstraints[{i}]"
        if row.get("maxSkew", 0) <= 0:
            yield invalid_value(f"{here}.maxSkew", row.get("maxSkew", 0), "must be greater than zero")
        if not row.get("topologyKey"):
            yield required(f"{here}.topologyKey", "can not be empty")
        if row.get("whenUnsatisfiable") not in _UNSATISFIABLE:
            yield not_supported(f"{here}.whenUnsatisfiable", row.get("whenUnsatisfiable", ""), _UNSATISFIABLE)
        yield from label_selector(row.get("labelSelector"), f"{here}.labelSelector")


def _toleration(toleration: Object, at: str) -> Iterator[Cause]:
    key, value = toleration.get("key", ""), toleration.get("value", "")
    operator, effect = toleration.get("operator", ""), toleration.get("effect", "")
    if key:
        yield from (invalid_value(f"{at}.key", key, text) for text in names.qualified_name(key))
    elif operator != "Exists":
        text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid_value(f"{at}.operator", operator, text)
    if "tolerationSeconds" in toleration and effect != "NoExecute":
        yield invalid_value(f"{at}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator in ("", "Equal"):
        yield from (invalid_value(f"{at}.operator", value, text) for text in names.label_value(value))
    elif operator != "Exists":
        yield not_supported(f"{at}.operator", operator, ("Equal", "Exists"))
    elif value:
        yield invalid_value(f"{at}.operator", value, "value must be empty when `operator` is 'Exists'")
    if effect and effect not in _EFFECTS:
        yield not_supported(f"{at}.effect", effect, _EFFECTS)


def _weight(row: Object, at: str) -> Iterator[Cause]:
    if not 1 <= row.get("weight", 0) <= _MOST_WEIGHT:
        yield invalid_value(f"{at}.weight", row.get("weight", 0), f"must be in the range 1-{_MOST_WEIGHT}")


def _pod_term(term: Object, at: str) -> Iterator[Cause]:
    yield from label_selector(term.get("labelSelector"), f"{at}.labelSelector")
    yield from label_selector(term.get("namespaceSelector"), f"{at}.namespaceSelector")
    key = term.get("topologyKey", "")
    if not key:
        yield required(f"{at}.topologyKey", "can not be empty")
    yield from (invalid_value(f"{at}.topologyKey", key, text) for text in names.qualified_name(key))


def _node_affinity(found: Object, at: str) -> Iterator[Cause]:
    if _REQUIRED in found:
        terms = found[_REQUIRED].get("nodeSelectorTerms", ())
        if not terms:
            text = "must have at least one node selector term"
            yield required(f"{at}.{_REQUIRED}.nodeSelectorTerms", text)
        for i, term in enumerate(terms):
            yield from _node_term(term, f"{at}.{_REQUIRED}.nodeSelectorTerms[{i}]")
    for i, row in enumerate(found.get(_PREFERRED, ())):
        yield from _weight(row, f"{at}.{_PREFERRED}[{i}]")
        yield from _node_term(row.get("preference", {}), f"{at}.{_PREFERRED}[{i}].preference")


def _node_term(term: Object, at: str) -> Iterator[Cause]:
    for i, requirement in enumerate(term.get("matchExpressions", ())):
        yield from _node_requirement(requirement, f"{at}.matchExpressions[{i}]")


def _node_requirement(requirement: Object, at: str) -> Iterator[Cause]:
    operator, values = requirement.get("operator", ""), requirement.get("values", ())
    if operator in ("In", "NotIn") and not values:
        yield required(f"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield forbidden_field(f"{at}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator in ("Gt", "Lt") and len(values) != 1:
        yield required(f"{at}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    elif operator not in ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"):
        yield invalid_value(f"{at}.operator", operator, "not a valid selector operator")
    key = requirement.get("key", "")
    yield from (invalid_value(f"{at}.key", key, text) for text in names.qualified_name(key))
