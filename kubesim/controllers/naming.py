"""Hashes in names that Kubernetes makes up, in its own alphabet."""

from __future__ import annotations

import json
from typing import Any

from kubesim.alphabet import ALPHABET

_FNV_OFFSET, _FNV_PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF


def safe_encode(text: str) -> str:
    """Map each character into the alphabet (apimachinery's rand.SafeEncodeString)."""
    return "".join(ALPHABET[ord(c) % len(ALPHABET)] for c in text)


def fnv32(data: bytes) -> int:
    """FNV-1, 32 bits (Go's fnv.New32)."""
    value = _FNV_OFFSET
    for byte in data:
        value = ((value * _FNV_PRIME) & _MASK) ^ byte
    return value


def canonical_json(value: Any) -> bytes:
    """Compact JSON with sorted keys and Go's HTML escapes, as Go marshals a map."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(char, escape)
    return text.encode()


def revision_hash(data: Any, collisions: int = 0) -> str:
    """The suffix of a ControllerRevision's name (pkg/controller/history.HashControllerRevision)."""
    return safe_encode(str(fnv32(canonical_json(data) + str(collisions).encode())))


def template_hash(template: Any, collisions: int = 0) -> str:
    """The pod-template-hash of a ReplicaSet.

    Kubernetes hashes a dump of Go structures, which cannot be had here: same alphabet and length, other value.
    """
    return safe_encode(str(fnv32(canonical_json(template) + str(collisions).encode())))
