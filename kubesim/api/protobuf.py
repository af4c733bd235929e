"""Request bodies in Kubernetes' protobuf, as plain objects: kubectl's typed commands send nothing else.

Only reading is needed: every client that sends it accepts JSON answers. Field numbers come from the published
generated.proto files (see tools/extract_protobuf.py).
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from kubesim.api.status import bad_request
from kubesim.release import MINOR
from kubesim.store import Object

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_TIME, _MICRO_TIME = _META + "Time", _META + "MicroTime"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension"
# Go writes zeros of fields that are no pointers, too, which JSON leaves out. Of these a zero says something.
_ZERO_MEANS = frozenset(
    {"replicas", "partition", "revisionHistoryLimit", "terminationGracePeriodSeconds", "gracePeriodSeconds",
     "tolerationSeconds", "defaultMode", "orphanDependents", "automountServiceAccountToken", "enableServiceLinks",
     "allocateLoadBalancerNodePorts", "storageClassName"}
)  # fmt: skip

Field = tuple[str, str, str]  # JSON name; optional, repeated, map or inline; type


@cache
def _messages() -> dict[str, dict[str, Field]]:
    packed = files("kubesim").joinpath("schemas", f"protobuf-{MINOR}.json.gz").read_bytes()
    loaded: dict[str, dict[str, Field]] = json.loads(gzip.decompress(packed))
    return loaded


def decode(body: bytes, definition: str) -> Object:
    """The object in a request's body.

    Args:
        body: with the envelope that Kubernetes puts around protobuf.
        definition: the full name of the type that the URL asks for.

    Raises:
        StoreError: 400, no such body.
    """
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = dict(_fields(body[len(_MAGIC) :]))
        kind = {number: value.decode() for number, value in _fields(envelope.get(1, b""))}
        obj = _message(envelope.get(2, b""), definition)
    except (ValueError, IndexError, AttributeError, TypeError, struct.error) as exc:
        raise bad_request(f"unable to decode protobuf: {exc}") from exc
    return {**({"apiVersion": kind[1]} if kind.get(1) else {}), **({"kind": kind[2]} if kind.get(2) else {}), **obj}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004  # the continuation bit
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(field number, integer or bytes) of a message, as they stand."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}[wire] if wire in (_FIXED64, _FIXED32) else -1
        if size < 0 or at + size > len(data):
            raise ValueError("unexpected end of a message")
        yield key >> 3, data[at : at + size]
        at += size


def _message(data: bytes, name: str) -> Object:
    known = _messages()[name]
    out: Object = {}
    for number, raw in _fields(data):
        if str(number) not in known:
            continue
        field, form, kind = known[str(number)]
        if form == "map":
            entry = dict(_fields(raw))
            out.setdefault(field, {})[entry.get(1, b"").decode()] = _value(entry.get(2, b""), kind)
            continue
        value = _value(raw, kind)
        if form == "inline":
            out |= value
        elif form == "repeated":
            out.setdefault(field, []).append(value)
        elif value is not None and (value or isinstance(value, dict) or field in _ZERO_MEANS):
            out[field] = value
    return out


def _value(raw: Any, kind: str) -> Any:  # noqa: PLR0911  # one line per type
    if kind in _messages() and kind not in (_TIME, _MICRO_TIME, _QUANTITY, _INT_OR_STRING, _RAW):
        return _message(raw, kind)
    if kind in (_TIME, _MICRO_TIME):
        return _time(dict(_fields(raw)), micro=kind == _MICRO_TIME)
    if kind == _QUANTITY:
        return dict(_fields(raw)).get(1, b"").decode() or None
    if kind == _INT_OR_STRING:
        parts = dict(_fields(raw))
        return parts.get(3, b"").decode() if parts.get(1) else _signed(parts.get(2, 0))
    if kind == _RAW:
        return json.loads(dict(_fields(raw)).get(1, b"null"))
    if kind == "string":
        return raw.decode()
    if kind == "bytes":
        return base64.b64encode(raw).decode()
    if kind == "bool":
        return bool(raw)
    return struct.unpack("<d", raw)[0] if kind == "double" else _signed(raw)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _time(parts: dict[int, int], *, micro: bool) -> str | None:
    if not parts:
        return None
    at = datetime.fromtimestamp(_signed(parts.get(1, 0)), UTC).replace(microsecond=parts.get(2, 0) // 1000)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")
