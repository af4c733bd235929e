"""Which nodes a volume can be used on."""

from __future__ import annotations

from kubesim.store import Object


def fits(volume: Object, node: Object) -> bool:
    """Whether a volume's required node affinity allows a node: one of its terms, and of that all expressions.

    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#node-affinity
    """
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    if not required:
        return True
    labels = node["metadata"].get("labels") or {}
    return any(
        all(_holds(expression, labels) for expression in term.get("matchExpressions") or ())
        for term in required.get("nodeSelectorTerms") or ()
    )


def _holds(expression: Object, labels: dict[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and int(value) > int(values[0])
        case _:
            return value is not None and int(value) < int(values[0])
