"""alpine: busybox on musl."""

from __future__ import annotations

from kubesim.containers.catalog import Family
from kubesim.containers.image import Image
from kubesim.containers.tags import VERSION
from kubesim.programs import ALPINE

FAMILIES = (
    Family(
        rf"latest|edge|{VERSION}",
        "alpine:3.22",
        Image("alpine", command=("sh",), programs=ALPINE, sh="ash", libc="musl"),
    ),
)
