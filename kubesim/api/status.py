"""Refusals in the words of the real API server (apimachinery's errors.go), as `StoreError`."""

from __future__ import annotations

from typing import Any

from kubesim.fields.causes import Cause, invalid_value
from kubesim.kinds.kind import Resource
from kubesim.store import Object, StoreError

_WITH_EMPTY_DETAILS = ("NotFound", "MethodNotAllowed", "NotAcceptable", "Invalid")


def qualified(resource: Resource) -> str:
    """``pods``, ``statefulsets.apps``."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _details(resource: Resource, name: str, **more: Any) -> Object:
    details = {"name": name, "group": resource.group, "kind": resource.plural, **more}
    return {key: value for key, value in details.items() if value}


def not_found(resource: Resource, name: str) -> StoreError:
    return StoreError(404, "NotFound", f'{qualified(resource)} "{name}" not found', _details(resource, name))


def already_exists(resource: Resource, name: str) -> StoreError:
    return StoreError(409, "AlreadyExists", f'{qualified(resource)} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str, why: str) -> StoreError:
    message = f'Operation cannot be fulfilled on {qualified(resource)} "{name}": {why}'
    return StoreError(409, "Conflict", message, _details(resource, name))


def precondition_failed(resource: Resource, name: str, why: str) -> StoreError:
    """A conflict of a DELETE, which a real server names by the kind."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = {**_details(resource, name), "kind": resource.kind}
    return StoreError(409, "Conflict", f'Operation cannot be fulfilled on {kind} "{name}": {why}', details)


def forbidden(resource: Resource, name: str, why: str, causes: list[Cause] | None = None) -> StoreError:
    shown = f'{qualified(resource)} "{name}" is forbidden: {why}'
    return StoreError(403, "Forbidden", shown, _details(resource, name, causes=[c._asdict() for c in causes or ()]))


def invalid(resource: Resource, name: str, causes: list[Cause]) -> StoreError:
    """422 Invalid. Repeated causes are named once."""
    unique = list(dict.fromkeys(causes))
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    texts = [f"{c.field}: {c.message}" for c in unique]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: Object = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    details |= {"kind": resource.kind, "causes": [c._asdict() for c in unique]}
    return StoreError(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details)


def unconditional(resource: Resource, name: str) -> StoreError:
    """422 for an update without a resourceVersion of a kind that needs one; it names the resource, not the kind."""
    cause = invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
    text = f'{qualified(resource)} "{name}" is invalid: {cause.field}: {cause.message}'
    return StoreError(422, "Invalid", text, _details(resource, name, causes=[cause._asdict()]))


def bad_request(message: str) -> StoreError:
    return StoreError(400, "BadRequest", message)


def status_object(error: StoreError) -> Object:
    """The Status that a client gets."""
    status: Object = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
    }
    if error.reason:
        status["reason"] = error.reason
    if error.details or error.reason in _WITH_EMPTY_DETAILS:
        status["details"] = error.details
    return {**status, "code": error.status}
