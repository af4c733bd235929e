"""LabelSelectors in objects: what they must not say (apimachinery's meta/v1/validation), and how they are printed."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, required
from kubesim.fields.labels import check_labels
from kubesim.objects import Object


def label_selector(selector: Object | None, at: str) -> Iterator[Cause]:
    """Everything wrong with a selector at a path such as ``spec.selector``; none at all is fine."""
    if selector is None:
        return
    yield from check_labels(selector.get("matchLabels", {}), f"{at}.matchLabels")
    for i, requirement in enumerate(selector.get("matchExpressions", ())):
        yield from _requirement(requirement, f"{at}.matchExpressions[{i}]")


def selector_text(selector: Object) -> str:
    """A selector as kubectl's -l takes it."""
    terms = [f"{key}={value}" for key, value in selector.get("matchLabels", {}).items()]
    for requirement in selector.get("matchExpressions", ()):
        key, values = requirement["key"], ",".join(sorted(requirement.get("values", ())))
        form = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        terms.append(form[requirement["operator"]])
    return ",".join(sorted(terms))


def _requirement(requirement: Object, at: str) -> Iterator[Cause]:
    operator, key, values = requirement.get("operator", ""), requirement.get("key", ""), requirement.get("values", ())
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield forbidden_field(f"{at}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    else:
        yield invalid_value(f"{at}.operator", operator, "not a valid selector operator")
    yield from (invalid_value(f"{at}.key", key, text) for text in names.qualified_name(key))
    for i, value in enumerate(values):
        yield from (invalid_value(f"{at}.values[{i}]", value, text) for text in names.label_value(value))
