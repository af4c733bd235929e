"""What a volume claim, or a template of claims, must not say (pkg/apis/core/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, not_supported, required
from kubesim.fields.quantity import value as number_of
from kubesim.fields.selectors import label_selector
from kubesim.objects import Object

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES = ("Block", "Filesystem")


def spec(spec: Object, at: str) -> Iterator[Cause]:
    """Everything wrong with a claim's spec at a path such as ``spec``."""
    modes = spec.get("accessModes", ())
    if not modes:
        yield required(f"{at}.accessModes", "at least 1 access mode is required")
    yield from label_selector(spec.get("selector"), f"{at}.selector")
    for mode in modes:
        if mode not in _ACCESS_MODES:
            yield not_supported(f"{at}.accessModes", mode, _ACCESS_MODES)
    if "ReadWriteOncePod" in modes and len(set(modes)) > 1:
        yield forbidden_field(f"{at}.accessModes", "may not use ReadWriteOncePod with other access modes")
    storage = spec.get("resources", {}).get("requests", {}).get("storage")
    if storage is None:
        yield required(f"{at}.resources[storage]")
    elif number_of(storage) <= 0:
        yield invalid_value(f"{at}.resources[storage]", storage, "must be greater than zero")
    storage_class = spec.get("storageClassName", "")
    if storage_class:
        complaints = names.subdomain(storage_class)
        yield from (invalid_value(f"{at}.storageClassName", storage_class, text) for text in complaints)
    if spec.get("volumeMode", _VOLUME_MODES[0]) not in _VOLUME_MODES:
        yield not_supported(f"{at}.volumeMode", spec["volumeMode"], _VOLUME_MODES)
    yield from _source(spec, at)


def _source(spec: Object, at: str) -> Iterator[Cause]:
    # The real server copies dataSource into dataSourceRef, so both are named.
    source = spec.get("dataSource")
    for field in ("dataSource", "dataSourceRef"):
        found = spec.get(field, source)
        if found is not None:
            yield from (required(f"{at}.{field}.{part}") for part in ("name", "kind") if not found.get(part))


def requested_storage(claim: Object) -> float:
    """Bytes that a PersistentVolumeClaim asks for; 0 where it does not say."""
    return float(number_of(claim["spec"].get("resources", {}).get("requests", {}).get("storage", "0")))
