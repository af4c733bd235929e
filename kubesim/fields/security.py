"""What security contexts must not say about users and privileges (pkg/apis/core/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields.causes import Cause, invalid_value
from kubesim.objects import Object

_MOST_ID = 2**31 - 1
# Go's names of the fields, in the order in which it prints them.
_FIELDS = ("capabilities", "privileged", "seLinuxOptions", "windowsOptions", "runAsUser", "runAsGroup", "runAsNonRoot",
           "readOnlyRootFilesystem", "allowPrivilegeEscalation", "procMount", "seccompProfile",
           "appArmorProfile")  # fmt: skip


def container(context: Object, at: str) -> Iterator[Cause]:
    """Of one container."""
    yield from _ids(context, ("runAsUser", "runAsGroup"), at)
    if context.get("privileged") and context.get("allowPrivilegeEscalation") is False:
        shown = {_go_name(field): context.get(field) for field in _FIELDS}
        yield invalid_value(at, shown, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")


def pod(context: Object, at: str) -> Iterator[Cause]:
    """Of the whole pod."""
    yield from _ids(context, ("fsGroup", "runAsUser", "runAsGroup"), at)


def _ids(context: Object, fields: tuple[str, ...], at: str) -> Iterator[Cause]:
    for field in fields:
        if not 0 <= context.get(field, 0) <= _MOST_ID:
            yield invalid_value(f"{at}.{field}", context[field], f"must be between 0 and {_MOST_ID}, inclusive")


def _go_name(field: str) -> str:
    return "SELinuxOptions" if field == "seLinuxOptions" else field[0].upper() + field[1:]
