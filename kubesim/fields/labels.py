"""Labels and annotations wherever they stand (apimachinery's validation)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, invalid_value
from kubesim.objects import Object


def check_labels(found: Object, at: str) -> Iterator[Cause]:
    """Labels, and selectors by label."""
    for key, value in found.items():
        yield from (invalid_value(at, key, text) for text in names.qualified_name(key))
        yield from (invalid_value(at, value, text) for text in names.label_value(value))


def annotation_keys(found: Object, at: str) -> Iterator[Cause]:
    """Keys of annotations, which are checked in lower case."""
    for key in found:
        yield from (invalid_value(at, key, text) for text in names.qualified_name(key.lower()))
