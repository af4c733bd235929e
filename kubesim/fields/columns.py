"""Cells of tables that several kinds print (pkg/printers/internalversion)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kubesim.fields.durations import age
from kubesim.objects import Object

NONE, UNSET = "<none>", "<unset>"
ACCESS_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_SHOWN = 3


def age_of(obj: Object, now: datetime) -> str:
    """How old an object is."""
    return age(obj["metadata"].get("creationTimestamp"), now)


def containers_and_images(template: Object) -> list[str]:
    """Those of a pod template's containers."""
    containers = template.get("spec", {}).get("containers", ())
    return [",".join(c["name"] for c in containers), ",".join(c.get("image", "") for c in containers)]


def labels(found: Object | None) -> str:
    """Labels, or a selector of them."""
    return ",".join(f"{key}={value}" for key, value in sorted((found or {}).items())) or NONE


def first_few(items: Sequence[str]) -> str:
    """The first of many, and how many more there are."""
    more = len(items) - _SHOWN
    return ",".join(items[:_SHOWN]) + (f" + {more} more..." if more > 0 else "")
