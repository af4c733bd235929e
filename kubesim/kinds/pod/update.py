"""What an update of a pod must not change (ValidatePodUpdate)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields.causes import Cause, forbidden_field
from kubesim.objects import Object

_UPDATABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def changed(old: Object, new: Object) -> Iterator[Cause]:
    """What an update of a pod must not change."""
    before, after = old["spec"], new["spec"]
    for field in ("containers", "initContainers"):
        if [c.get("name") for c in before.get(field, ())] != [c.get("name") for c in after.get(field, ())]:
            yield forbidden_field(f"spec.{field}", "pod updates may not add or remove containers")
            return
    if not all(t in after.get("tolerations", ()) for t in before.get("tolerations", ())):
        yield forbidden_field(
            "spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"
        )
    if _frozen(before) != _frozen(after):
        yield forbidden_field("spec", _UPDATABLE)


def _frozen(spec: Object) -> Object:
    free = ("activeDeadlineSeconds", "tolerations", "containers", "initContainers")
    out = {key: value for key, value in spec.items() if key not in free}
    for field in ("containers", "initContainers"):
        out[field] = [{k: v for k, v in c.items() if k != "image"} for c in spec.get(field, ())]
    return out
