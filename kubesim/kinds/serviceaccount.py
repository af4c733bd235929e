"""ServiceAccounts (pkg/registry/core/serviceaccount).

Nothing makes the account `default` of each namespace, and there are no tokens: pods may name any account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from kubesim.fields.columns import age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"


def _only_names_of_secrets(obj: Object) -> None:
    if obj.get("secrets"):
        obj["secrets"] = [{"name": secret["name"]} if secret.get("name") else {} for secret in obj["secrets"]]


def _prepare(obj: Object, _new_uid: Callable[[], str]) -> None:
    _only_names_of_secrets(obj)


def _prepare_update(_old: Object, new: Object) -> None:
    _only_names_of_secrets(new)


def _warnings(obj: Object) -> Iterator[str]:
    if _MOUNTABLE in (obj["metadata"].get("annotations") or {}):
        why = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
        yield f"metadata.annotations[{_MOUNTABLE}]: {why}"


def _row(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], age_of(obj, now)]


KIND = Kind(
    resource=Resource("", "v1", "serviceaccounts", "ServiceAccount", True, ("sa",)),
    prepare=_prepare,
    prepare_update=_prepare_update,
    warnings=_warnings,
    returned_when_gone=True,
    table=Table.of("Name,Age", _row),
)
