"""Whether the quotas of a namespace have room for what a run makes there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from chaos.model.object import Object

_SUFFIXES = {
    "n": Decimal(10) ** -9, "u": Decimal(10) ** -6, "m": Decimal(10) ** -3, "": Decimal(1),
    "k": Decimal(10) ** 3, "M": Decimal(10) ** 6, "G": Decimal(10) ** 9, "T": Decimal(10) ** 12,
    "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30, "Ti": Decimal(2) ** 40,
}  # fmt: skip
_COMPUTE = ("cpu", "memory")


def amount(quantity: Any) -> Decimal:
    """A Kubernetes quantity as a number.

    Raises:
        ValueError: it is none that this tool reads.
    """
    text = str(quantity)
    number = text.rstrip("numkMGTi")
    try:
        return Decimal(number) * _SUFFIXES[text[len(number) :]]
    except (KeyError, InvalidOperation):
        raise ValueError(f"{text!r} is no quantity") from None


def lacking(quotas: Iterable[Object], pod_spec: Object, count: int) -> Iterator[str]:
    """For each limit of a quota that so many such pods would exceed, how; what cannot be read is left out.

    Args:
        quotas: ResourceQuota objects, with their status; those with scopes are for some pods only and left out.
        pod_spec: of each pod.
        count: of them.
    """
    wanted = {"pods": Decimal(count), "count/pods": Decimal(count)}
    for kind in _COMPUTE:
        for part in ("requests", "limits"):
            each = [((one.get("resources") or {}).get(part) or {}).get(kind) for one in pod_spec["containers"]]
            if all(each):
                wanted[f"{part}.{kind}"] = count * sum((amount(one) for one in each), Decimal(0))
        if f"requests.{kind}" in wanted:
            wanted[kind] = wanted[f"requests.{kind}"]
    for quota in quotas:
        if quota["spec"].get("scopes") or quota["spec"].get("scopeSelector"):
            continue
        used = (quota.get("status") or {}).get("used") or {}
        for name, hard in (quota["spec"].get("hard") or {}).items():
            try:
                left = amount(hard) - amount(used.get(name, 0))
            except ValueError:
                continue
            if wanted.get(name, Decimal(0)) > left:
                yield f"{quota['metadata']['name']} has {name} {hard}, of which {used.get(name, 0)} is used"
