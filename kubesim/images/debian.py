"""debian: bash, dash and GNU's commands."""

from __future__ import annotations

from kubesim.containers.catalog import Family
from kubesim.containers.image import Image
from kubesim.containers.tags import RELEASES, VERSION
from kubesim.programs import DEBIAN

FAMILIES = (
    Family(
        rf"latest|(?:{RELEASES}|stable|testing|{VERSION})(?:-slim)?",
        "debian:stable-slim",
        Image("debian", command=("bash",), programs=DEBIAN),
    ),
)
