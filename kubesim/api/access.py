"""What a client may do: everything. The simulated cluster has one user, whose token opens all of it."""

from __future__ import annotations

import json

from kubesim.api import protobuf
from kubesim.api.responses import JSON
from kubesim.api.status import bad_request
from kubesim.store import Object, StoreError

GROUP, VERSION = "authorization.k8s.io", "v1"
PATH = f"/apis/{GROUP}/{VERSION}/selfsubjectaccessreviews"
KIND = "SelfSubjectAccessReview"
# As discovery lists it: nothing of it is ever stored, so `create` is all that there is.
RESOURCE: Object = {
    "name": "selfsubjectaccessreviews",
    "singularName": KIND.lower(),
    "namespaced": False,
    "kind": KIND,
    "verbs": ["create"],
}


def review(body: bytes, media_type: str) -> Object:
    """The answer to a SelfSubjectAccessReview.

    Raises:
        StoreError: 415 for anything else; 400 where it cannot be read.
    """
    if media_type == protobuf.MEDIA_TYPE:  # as kubectl sends it; what was asked does not matter, so it is not decoded
        return _allowed({})
    if media_type not in (JSON, "application/octet-stream"):  # the latter is aiohttp's for none at all
        known = f"{JSON}, {protobuf.MEDIA_TYPE}"
        text = f"the body of the request was in an unknown format - accepted media types include: {known}"
        raise StoreError(415, "UnsupportedMediaType", text)
    try:
        asked = json.loads(body)
    except ValueError as exc:
        raise bad_request(f"the object provided is unrecognized: {exc}") from exc
    return _allowed((asked.get("spec") if isinstance(asked, dict) else None) or {})


def _allowed(spec: Object) -> Object:
    status = {"allowed": True, "reason": "the simulated cluster allows its one user everything"}
    return {
        "kind": KIND,
        "apiVersion": f"{GROUP}/{VERSION}",
        "metadata": {"creationTimestamp": None},
        "spec": spec,
        "status": status,
    }
