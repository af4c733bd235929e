"""What concerns this machine alone."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import chaos
from chaos.engine.doctor.examined import Examined, Status


def local_findings() -> Iterator[Examined]:
    """What concerns this machine alone."""
    used = ", ".join(f"{name} {version(name)}" for name in ("kubernetes", "dnspython", "aiohttp"))
    yield Examined(
        Status.OK, "versions", f"chaos-identity {chaos.__version__}, Python {platform.python_version()}, {used}"
    )
    yield _other_script()


def _other_script() -> Examined:
    """Chaos Toolkit installs a script of the same name."""
    what, path = "script `chaos`", shutil.which("chaos")
    try:
        other = distribution("chaostoolkit")
    except PackageNotFoundError:
        other = None
    if other is not None:
        found = f"Chaos Toolkit {other.version} is installed beside it and has a script `chaos` too"
        return Examined(Status.WARNING, what, found, "use `chaos-identity` or `python -m chaos`")
    if path is None:
        return Examined(Status.WARNING, what, "not on PATH", "use `python -m chaos`, or add its folder to PATH")
    if not _is_ours(Path(path)):
        return Examined(Status.WARNING, what, f"{path} is another program", "use `chaos-identity` or `python -m chaos`")
    return Examined(Status.OK, what, path)


def _is_ours(script: Path) -> bool:
    try:
        text = script.read_bytes()[:4096]
    except OSError:
        return False
    return b"chaos.__main__" in text or b"chaos.cli.main" in text  # the entry point of earlier versions
