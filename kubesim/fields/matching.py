"""Label selectors of workloads and services."""

from __future__ import annotations

from kubesim.objects import Object


def matches_labels(wanted: Object, labels: Object | None) -> bool:
    """Whether all wanted labels are there (a service's selector; matchLabels)."""
    have = labels or {}
    return all(have.get(key) == value for key, value in wanted.items())


def matches_selector(selector: Object, labels: Object | None) -> bool:
    """Whether labels satisfy a LabelSelector: matchLabels and matchExpressions. An empty one matches everything.

    Raises:
        ValueError: an operator other than In, NotIn, Exists and DoesNotExist.
    """
    if not matches_labels(selector.get("matchLabels") or {}, labels):
        return False
    return all(_matches(expression, labels or {}) for expression in selector.get("matchExpressions") or ())


def _matches(expression: Object, labels: Object) -> bool:
    key, operator = expression["key"], expression["operator"]
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    if operator == "In":
        return labels.get(key) in expression["values"]
    if operator == "NotIn":
        return labels.get(key) not in expression["values"]
    raise ValueError(f"unknown operator {operator!r} in a label selector")
