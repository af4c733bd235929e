"""python: an interpreter that waits for input, or is not followed: what scripts in Python do is not modelled."""

from __future__ import annotations

from kubesim.containers.catalog import Family
from kubesim.containers.image import Image
from kubesim.containers.tags import ALPINE as ALPINE_TAGS
from kubesim.containers.tags import RELEASES, VERSION
from kubesim.programs import ALPINE, DEBIAN

_PYTHON = {"python": None, "python3": None}

FAMILIES = (
    Family(
        ALPINE_TAGS,
        "python:3.12-alpine",
        Image("python", command=("python3",), programs={**ALPINE, **_PYTHON}, sh="ash", libc="musl"),
    ),
    Family(
        rf"latest|slim|(?:{RELEASES}|{VERSION})(?:-slim)?(?:-(?:{RELEASES}))?|slim-(?:{RELEASES})",
        "python:3.12-slim",
        Image("python", command=("python3",), programs={**DEBIAN, **_PYTHON}),
    ),
)
