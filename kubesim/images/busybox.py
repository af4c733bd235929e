"""busybox: one program that is most commands."""

from __future__ import annotations

from kubesim.containers.catalog import Family
from kubesim.containers.image import Image
from kubesim.containers.tags import VERSION
from kubesim.programs import BUSYBOX

FAMILIES = (
    Family(r".*musl", "busybox:musl", Image("busybox", command=("sh",), programs=BUSYBOX, sh="ash", libc="musl")),
    Family(
        rf"latest|stable|unstable|(?:(?:stable|unstable|{VERSION})-)?(?:glibc|uclibc)|{VERSION}",
        "busybox:1.36",
        Image("busybox", command=("sh",), programs=BUSYBOX, sh="ash"),
    ),
)
